"""The batch processor: sizes, times, metadata, custody; nothing is lost without being counted."""

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.component import CustodyKind, Meter, Permanent, Rejected, Retryable
from otelier.processors.batch import BatchConfig, BatchProcessor
from otelier.telemetry import Batch
from otelier.testing import FakeClock, MemoryExporter, component_context, items


class Setup:
    """A started batch processor in front of a memory exporter, its clock and its meter."""

    def __init__(self, **config: Any) -> None:
        self.clock = FakeClock()
        self.meter = Meter()
        self.out = MemoryExporter()
        self.batch = BatchProcessor(
            BatchConfig(**config), component_context("batch", clock=self.clock, meter=self.meter)
        )
        self.batch.next = self.out
        self.batch.start()

    def consume(self, *counts: int, **metadata: tuple[str, ...]) -> None:
        for count in counts:
            batch = items("traces", count)
            self.batch.consume(batch.with_metadata(metadata) if metadata else batch)

    def stop(self) -> None:
        self.batch.stop(self.clock.monotonic() + 10)

    @property
    def sizes(self) -> list[int]:
        return [batch.items for batch in self.out.batches]

    def counter(self, name: str, **labels: str) -> float:
        return self.meter.counter(name, "", "").value(processor="batch", **labels)


@pytest.mark.proves("collector.case_21", "batch.send_batch_size")
def test_without_a_maximum_all_that_waits_goes_out_at_once():
    it = Setup(timeout=3, send_batch_size=25)
    it.consume(10, 10)
    assert it.sizes == []
    it.consume(10)
    assert it.sizes == [30]


@pytest.mark.proves("collector.case_21", "batch.send_batch_max_size")
def test_with_a_maximum_batches_are_exact_and_the_rest_waits_for_the_timer():
    it = Setup(timeout=3, send_batch_size=25, send_batch_max_size=25)
    it.consume(10, 10, 10)
    assert it.sizes == [25]
    it.clock.advance(2.9)
    assert it.sizes == [25]
    it.clock.advance(0.1)
    assert it.sizes == [25, 5]


def test_a_large_request_is_split_until_less_than_the_size_is_left():
    it = Setup(timeout=3, send_batch_size=8, send_batch_max_size=10)
    it.consume(38)
    assert it.sizes == [10, 10, 10, 8]
    it.consume(27)
    assert it.sizes == [10, 10, 10, 8, 10, 10]
    it.clock.advance(3)
    assert it.sizes[-1] == 7


@pytest.mark.proves("batch.timeout")
def test_what_waits_is_sent_when_its_time_is_over():
    it = Setup()
    it.consume(1)
    it.clock.advance(0.15)
    it.consume(2)
    assert it.sizes == []
    it.clock.advance(0.05)
    assert it.sizes == [3]


def test_a_send_by_size_starts_the_time_anew():
    it = Setup(timeout=1, send_batch_size=10)
    it.consume(5)
    it.clock.advance(0.9)
    it.consume(5, 1)  # full: sent; the single one waits for a whole timeout of its own
    it.clock.advance(0.9)
    assert it.sizes == [10]
    it.clock.advance(0.1)
    assert it.sizes == [10, 1]


@pytest.mark.parametrize("config", [{"timeout": 0}, {"send_batch_size": 0}])
def test_without_time_or_size_nothing_waits_and_errors_reach_the_sender(config: dict[str, Any]):
    it = Setup(**config, send_batch_max_size=8192)
    assert it.batch.custody().kind is CustodyKind.FORWARDS
    it.consume(1)
    assert it.sizes == [1]
    it.out.fail_with(Retryable("not now"))
    with pytest.raises(Retryable, match="not now"):
        it.consume(1)


def test_without_size_a_request_is_still_split():
    it = Setup(send_batch_size=0, send_batch_max_size=4)
    it.consume(10)
    assert it.sizes == [4, 4, 2]


@pytest.mark.proves("collector.case_21")
def test_what_waits_at_the_stop_is_sent():
    it = Setup()
    it.consume(1)
    it.stop()
    assert it.sizes == [1]


def test_a_stop_ends_by_its_deadline_and_counts_what_did_not_get_out(caplog: pytest.LogCaptureFixture):
    it = Setup(timeout=1000, metadata_keys=["tenant"])
    release = threading.Event()
    entered = threading.Event()

    class Stuck:
        def consume(self, batch: Batch) -> None:
            entered.set()
            release.wait(10)
            raise Retryable("still no room")

    it.batch.next = Stuck()
    it.consume(3, tenant=("a",))
    it.consume(4, tenant=("b",))
    stopping = threading.Thread(target=it.stop)
    stopping.start()
    assert entered.wait(10)
    it.clock.until_waiting()
    it.clock.advance(10)
    stopping.join(10)
    assert not stopping.is_alive()
    assert it.counter("otelcol_processor_dropped_spans", reason="shutdown") == 7
    assert "dropped_items=3" in caplog.text and "dropped_items=4" in caplog.text
    release.set()
    assert it.counter("otelcol_processor_dropped_spans", reason="refused") == 0


def test_a_stop_does_not_wait_beyond_its_deadline_for_a_send_of_the_timer():
    it = Setup(timeout=1)
    entered, release = threading.Event(), threading.Event()

    class Stuck:
        def consume(self, batch: Batch) -> None:
            entered.set()
            release.wait(10)

    it.batch.next = Stuck()
    it.consume(3)
    turning = threading.Thread(target=it.clock.advance, args=(1,))
    turning.start()
    assert entered.wait(10)
    it.batch.stop(it.clock.monotonic() + 0.05)
    assert it.counter("otelcol_processor_dropped_spans", reason="shutdown") == 3
    release.set()
    turning.join(10)
    assert it.counter("otelcol_processor_dropped_spans", reason="shutdown") == 3


def test_what_was_refused_while_stopping_is_lost_by_the_stop():
    it = Setup(timeout=1000)
    it.out.fail_with(Retryable("the exporter is stopping"))
    it.consume(3)
    it.stop()
    assert it.counter("otelcol_processor_dropped_spans", reason="shutdown") == 3


def test_of_what_is_taken_in_part_only_the_rest_is_counted_as_lost():
    it = Setup(timeout=1)
    it.out.fail_with(Rejected("too old", items=2))
    it.consume(3)
    it.clock.advance(1)
    assert it.counter("otelcol_processor_dropped_spans", reason="rejected") == 2


def test_stop_without_start_is_allowed():
    BatchProcessor(BatchConfig(), component_context()).stop(0)


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(1, 40), max_size=12),
    size=st.integers(1, 30),
    extra=st.one_of(st.none(), st.integers(0, 20)),
    pauses=st.lists(st.floats(0, 1.2), min_size=12, max_size=12),
)
def test_every_item_goes_out_once_however_batches_are_cut(
    counts: list[int], size: int, extra: int | None, pauses: list[float]
):
    most = 0 if extra is None else size + extra
    it = Setup(timeout=1, send_batch_size=size, send_batch_max_size=most)
    sent = 0
    for number, (count, pause) in enumerate(zip(counts, pauses, strict=False)):
        batch = items("traces", count, first=100 * number)
        sent += batch.digest()
        it.batch.consume(batch)
        it.clock.advance(pause)
    it.stop()
    assert it.out.digest == sent % 2**64
    assert all(n > 0 and (not most or n <= most) for n in it.sizes)


def test_items_of_many_threads_all_go_out():
    it = Setup(timeout=1000, send_batch_size=7, send_batch_max_size=7)
    batches = [items("logs", 5, first=n * 5) for n in range(100)]

    def run(part: list[Batch]) -> None:
        for batch in part:
            it.batch.consume(batch)

    threads = [threading.Thread(target=run, args=(batches[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    it.stop()
    assert it.out.digest == sum(batch.digest() for batch in batches) % 2**64
    assert set(it.sizes[:-1]) == {7}


def test_others_go_on_filling_while_one_thread_sends():
    it = Setup(timeout=1000, send_batch_size=10)
    entered, release = threading.Event(), threading.Event()

    class Slow:
        def consume(self, batch: Batch) -> None:
            entered.set()
            assert release.wait(10)
            it.out.consume(batch)

    it.batch.next = Slow()
    thread = threading.Thread(target=it.consume, args=(10,))
    thread.start()
    assert entered.wait(10)
    it.consume(3, 3)  # returns although the next component is busy
    release.set()
    thread.join()
    it.stop()
    assert it.sizes == [10, 6]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(Retryable("full"), "refused"), (Permanent("bad"), "rejected"), (ZeroDivisionError("bug"), "error")],
)
def test_an_error_downstream_is_logged_and_counted_but_the_sender_was_told_yes(
    error: Exception, reason: str, caplog: pytest.LogCaptureFixture
):
    it = Setup(send_batch_size=5)
    it.out.fail_with(error)
    it.consume(5)
    assert it.sizes == []
    assert it.counter("otelcol_processor_dropped_spans", reason=reason) == 5
    assert "dropped 5" in caplog.text
    it.consume(5)
    assert it.sizes == [5]


@pytest.mark.proves("batch.metadata_keys")
def test_batches_hold_equal_metadata_only_and_pass_on_nothing_else():
    it = Setup(timeout=1, send_batch_size=10, metadata_keys=("X-Tenant",))
    it.consume(4, **{"x-tenant": ("a",), "user-agent": ("one",)})
    it.consume(4, **{"x-tenant": ("b",)})
    it.consume(4, **{"x-tenant": ("a",), "user-agent": ("two",)})
    it.consume(4)
    it.consume(4, **{"x-tenant": ("a",)})
    assert [(b.items, dict(b.metadata)) for b in it.out.batches] == [(12, {"x-tenant": ("a",)})]
    it.clock.advance(1)
    rest = {b.metadata.get("x-tenant"): (b.items, len(b.metadata)) for b in it.out.batches[1:]}
    assert rest == {("b",): (4, 1), None: (4, 0)}


def test_each_combination_of_metadata_has_its_own_time():
    it = Setup(timeout=1, metadata_keys=("k",))
    it.consume(1, k=("a",))
    it.clock.advance(0.5)
    it.consume(2, k=("b",))
    it.clock.advance(0.5)
    assert it.sizes == [1]
    it.clock.advance(0.5)
    assert it.sizes == [1, 2]


def test_without_metadata_keys_no_metadata_goes_on():
    it = Setup(send_batch_size=1)
    it.consume(1, k=("a",))
    assert dict(it.out.batches[0].metadata) == {}


@pytest.mark.proves("batch.metadata_cardinality_limit")
def test_too_many_combinations_of_metadata_are_refused_with_what_to_do():
    it = Setup(metadata_keys=("k",), metadata_cardinality_limit=2)
    it.consume(1, k=("a",))
    it.consume(1, k=("b",))
    with pytest.raises(Permanent, match="metadata_cardinality_limit"):
        it.consume(1, k=("c",))
    it.consume(1, k=("a",))
    it.stop()
    assert sorted(it.sizes) == [1, 2]


def test_its_metrics_tell_why_and_how_much_was_sent():
    it = Setup(timeout=1, send_batch_size=10)
    it.consume(10, 3)
    it.clock.advance(1)
    assert it.counter("otelcol_processor_batch_batch_size_trigger_send") == 1
    assert it.counter("otelcol_processor_batch_timeout_trigger_send") == 1
    read = {m.name: m.values for m in it.meter.collect()}
    sizes = read["otelcol_processor_batch_batch_send_size"][("processor", "batch"),]
    assert (sum(sizes.counts), sizes.sum, sizes.counts[0]) == (2, 13, 2)
    sent_bytes = read["otelcol_processor_batch_batch_send_size_bytes"][("processor", "batch"),]
    assert sent_bytes.sum == sum(b.size_bytes for b in it.out.batches)
    assert read["otelcol_processor_batch_metadata_cardinality"] == {(("processor", "batch"),): 1}


def test_custody_names_what_a_kill_loses():
    custody = Setup(metadata_keys=("tenant",)).batch.custody()
    assert custody.kind is CustodyKind.BUFFERS
    assert custody.loss_window.startswith(
        "what arrived in the last 200ms, at most 8192 items for each combination of tenant"
    )


@pytest.mark.proves("collector.case_21")
@pytest.mark.parametrize(
    ("config", "path", "problem"),
    [
        ({"send_batch_size": 25, "send_batch_max_size": 24}, "send_batch_max_size", "at least send_batch_size (25)"),
        ({"timeout": -1}, "timeout", "negative"),
        ({"metadata_keys": ("a", "A")}, "metadata_keys", "twice"),
    ],
)
def test_what_contradicts_itself_is_a_configuration_error(config: dict[str, Any], path: str, problem: str):
    ((found, text),) = BatchConfig(**config).problems()
    assert found == path
    assert problem in text


def test_the_defaults_are_the_collectors():
    assert BatchConfig() == BatchConfig(
        timeout=0.2, send_batch_size=8192, send_batch_max_size=0, metadata_keys=(), metadata_cardinality_limit=1000
    )
    assert not list(BatchConfig().problems())
