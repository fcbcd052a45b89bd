"""`groupbytrace`: each trace leaves in one piece, when its wait is over, and nothing is lost on the way."""

from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.component import ComponentID, CustodyKind, Duration, OtelierError, Permanent, Refused, Retryable
from otelier.processors.groupbytrace import GroupByTrace, GroupByTraceConfig
from otelier.telemetry import Batch
from otelier.testing import FakeClock, MemoryExporter, SimulatedStorage, component_context, decode, span, traces

ID = ComponentID("kept")


class Process:
    """A processor, on a storage that outlives it if there is one."""

    def __init__(self, storage: SimulatedStorage | None = None, answers=(), **config) -> None:
        self.clock = FakeClock()
        extensions = {ID: storage} if storage else {}
        self.ctx = component_context("groupbytrace", clock=self.clock, pipeline="traces", extensions=extensions)
        self.out = MemoryExporter()
        self.out.fail_with(*answers)
        self.it = GroupByTrace(GroupByTraceConfig(storage=ID if storage else None, **config), self.ctx)
        self.it.next = self.out
        self.it.start()

    def consume(self, *spans, service: str = "shop") -> None:
        self.it.consume(traces(*spans, resource={"service.name": service}))

    def stop(self) -> None:
        self.it.stop(self.clock.monotonic() + 10)

    @property
    def names(self) -> list[list[str]]:
        """Of the spans of each batch."""
        return [[each.name for each in spans_of(batch)] for batch in self.out.batches]

    def metric(self, name: str) -> float:
        (metric,) = [m for m in self.ctx.meter.collect() if m.name == name]
        return sum(metric.values.values())


def spans_of(batch: Batch):
    return [each for resource in decode(batch).resource_spans for scope in resource.scope_spans for each in scope.spans]


@pytest.mark.proves("groupbytrace.wait_duration", "collector.case_20")
def test_a_trace_leaves_as_one_when_its_wait_is_over():
    """Case 20: a1, and a2 0.4 s later."""
    it = Process()
    it.consume(span("a1"), service="x")
    it.clock.advance(0.4)
    it.consume(span("a2", number=2), service="y")
    it.clock.advance(0.3)
    assert it.names == []
    it.clock.advance(0.4)
    assert it.names == [["a1", "a2"]]
    services = [r.resource.attributes[0].value.string_value for r in decode(it.out.batches[0]).resource_spans]
    assert services == ["x", "y"]
    it.stop()


def test_spans_after_the_release_wait_anew():
    it = Process()
    it.consume(span("a1"))
    it.clock.advance(1.5)
    it.consume(span("a2"))
    it.clock.advance(0.8)
    assert it.names == [["a1"]]
    it.clock.advance(0.4)
    assert it.names == [["a1"], ["a2"]]
    it.stop()


@pytest.mark.proves("groupbytrace.num_traces", "collector.case_20")
def test_more_traces_than_num_traces_are_said_not_evicted(caplog):
    it = Process(num_traces=2)
    it.consume(span("a", trace=1), span("b", trace=2), span("c", trace=3))
    it.clock.advance(0.2)
    assert "3 traces wait (num_traces: 2)" in caplog.text
    it.clock.advance(1)
    assert it.names == [["a", "b", "c"]]
    assert it.metric("otelcol_processor_groupbytrace_traces_evicted") == 0
    assert it.metric("otelcol_processor_groupbytrace_traces_released") == 3
    it.stop()


@pytest.mark.proves("collector.case_20")
def test_nothing_is_lost_at_shutdown():
    it = Process()
    it.consume(span("a"))
    it.stop()
    assert it.names == [["a"]]


def test_what_is_refused_for_now_is_offered_again():
    it = Process(answers=[Retryable("not now"), Retryable("not now")])
    it.consume(span("a"))
    it.clock.advance(1.5)
    assert it.names == [["a"]]
    it.stop()


LOST = [(Permanent("never"), "rejected"), (RuntimeError("bug"), "error"), (Retryable("not now"), "shutdown")]


@pytest.mark.parametrize(("error", "reason"), LOST)
def test_what_is_lost_is_counted(error, reason):
    it = Process(answers=[error] * 100)
    it.consume(span("a"))
    it.stop()
    assert it.names == []
    (metric,) = [m for m in it.ctx.meter.collect() if m.name == "otelcol_processor_dropped_spans"]
    assert {dict(labels)["reason"]: value for labels, value in metric.values.items()} == {reason: 1}


@pytest.mark.proves("groupbytrace.{budget_bytes,spill_bytes,spill_directory}")
def test_without_room_data_is_refused_and_with_a_disk_it_is_not(tmp_path):
    it = Process(budget_bytes=200, spill_bytes=0)
    for number in range(10):
        try:
            it.consume(span(str(number), trace=number))
        except Refused as error:
            assert error.limit == "traces" and "budget_bytes" in str(error)
            break
    else:
        raise AssertionError("nothing was refused")
    it.stop()
    accepted = number
    assert it.names == [[str(each) for each in range(accepted)]]

    it = Process(budget_bytes=200, spill_bytes=100_000, spill_directory=str(tmp_path))
    for number in range(50):
        it.consume(span(str(number), trace=number))
    assert list(tmp_path.iterdir()) == []  # files without names
    it.stop()
    assert it.names == [[str(each) for each in range(50)]]


ARRIVALS = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=8), max_size=12)


@settings(max_examples=60)
@given(ARRIVALS, st.lists(st.sampled_from([0, 0.3, 1.2]), min_size=12, max_size=12))
def test_every_span_leaves_once_and_traces_in_one_piece(arrivals, pauses):
    it = Process()
    digest, number = 0, 0
    for request, pause in zip(arrivals, pauses, strict=False):
        spans = []
        for trace in request:
            number += 1
            spans.append(span(str(number), trace=trace, number=number))
        batch = traces(*spans)
        digest += batch.digest()
        it.it.consume(batch)
        it.clock.advance(pause)
    it.stop()
    assert it.out.digest == digest % 2**64
    for batch in it.out.batches:
        ids = [id_ for id_, _ in groupby(each.trace_id for each in spans_of(batch))]
        assert len(ids) == len(set(ids))


def left(storage: SimulatedStorage) -> int:
    """Spans that the next process would find."""
    queue = storage.open_queue("processor/groupbytrace/traces")
    found = sum(count for _, _, count, *_ in queue.restored())
    queue.close()
    return found


@pytest.mark.proves("groupbytrace.storage")
def test_what_waits_is_released_by_the_next_process():
    storage = SimulatedStorage()
    it = Process(storage)
    it.consume(span("a1"), span("b", trace=2))
    it.clock.advance(0.5)
    it.consume(span("a2"))
    storage.disk.crash(7)
    it = Process(storage)
    it.clock.advance(2)
    assert it.names == [["a1", "a2", "b"]]
    it.stop()
    assert left(storage) == 0


def test_what_was_handed_on_is_not_handed_on_again():
    """The second batch still waits with one trace when the other one has gone."""
    storage = SimulatedStorage()
    it = Process(storage)
    it.consume(span("a1"))
    it.clock.advance(0.5)
    it.consume(span("a2"), span("b", trace=2))
    it.clock.advance(0.6)
    assert it.names == [["a1", "a2"]]
    storage.disk.crash(7)
    it = Process(storage)
    it.clock.advance(2)
    assert it.names == [["b"]]
    it.stop()
    assert left(storage) == 0


def test_what_was_refused_for_now_is_handed_on_by_the_next_process():
    storage = SimulatedStorage()
    it = Process(storage, answers=[Retryable("not now")] * 100)
    it.consume(span("a"), span("b", trace=2))
    it.clock.advance(2)
    it.stop()
    assert left(storage) == 2
    it = Process(storage)
    it.stop()
    assert it.names == [["a", "b"]]


@settings(max_examples=60)
@given(ARRIVALS, st.lists(st.sampled_from([0, 0.3, 1.2]), min_size=12, max_size=12), st.integers(0, 12), st.integers())
def test_a_crash_at_any_time_loses_and_repeats_nothing(arrivals, pauses, crash_at, seed):
    storage = SimulatedStorage()
    it = Process(storage)
    number, seen, sent = 0, [], set()
    for at, (request, pause) in enumerate(zip(arrivals, pauses, strict=False)):
        if at == crash_at:
            seen += it.names
            storage.disk.crash(seed % 2**32)
            it = Process(storage)
        spans = []
        for trace in request:
            number += 1
            sent.add(str(number))
            spans.append(span(str(number), trace=trace, number=number))
        it.consume(*spans)
        it.clock.advance(pause)
    it.stop()
    seen += it.names
    names = [name for batch in seen for name in batch]
    assert sorted(names) == sorted(sent)
    assert left(storage) == 0


def test_custody():
    window = Process().it.custody()
    assert window.kind is CustodyKind.BUFFERS and "the last 1s" in window.loss_window
    assert Process(SimulatedStorage()).it.custody().loss_window == "what the simulated storage says"


WRONG = [
    ({"wait_duration": Duration(-1)}, "wait_duration"),
    ({"discard_orphans": True}, "discard_orphans"),
    ({"store_on_disk": True}, "store_on_disk"),
]


@pytest.mark.proves("groupbytrace.discard_orphans", "groupbytrace.store_on_disk")
@pytest.mark.parametrize(("keys", "where"), WRONG)
def test_what_is_not_there_is_said(keys, where):
    assert [path for path, _ in GroupByTraceConfig(**keys).problems()] == [where]


def test_a_storage_that_fails_refuses():
    storage = SimulatedStorage()
    it = Process(storage)
    storage.disk.fail("write", 1, 28)
    with pytest.raises(OtelierError, match="can't be written"):
        it.consume(span("a"))
    it.stop()
    assert it.names == []


def test_a_rate_that_the_collector_loses_traces_at_is_remarked():
    (remark,) = GroupByTraceConfig(num_traces=1000, wait_duration=Duration(5)).remarks()
    assert (remark.path, remark.what) == (
        "num_traces",
        "above 200 new traces a second the Collector loses the oldest; none is lost here",
    )
    assert list(GroupByTraceConfig(wait_duration=Duration(5)).remarks()) == []
    assert list(GroupByTraceConfig(num_traces=1000, wait_duration=Duration(0)).remarks()) == []


@pytest.mark.proves("groupbytrace.num_workers", "groupbytrace.emit_strategy")
def test_keys_that_only_help_the_collector_change_nothing():
    it = Process(num_workers=4, emit_strategy="service")
    it.consume(span("a"), span("b", trace=2))
    it.stop()
    assert it.names == [["a", "b"]]
