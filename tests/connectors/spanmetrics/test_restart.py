"""With a storage, every span is counted once, whenever the process dies, and series go on."""

import errno
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.component import CustodyKind, Refused, Retryable
from otelier.testing import SimulatedStorage, span, traces

from .running import Running

KEPT = "{storage: kept, metrics_flush_interval: 10s, histogram: {explicit: {buckets: [1s]}}"
CUMULATIVE = f"{KEPT}}}"
DELTA = f"{KEPT}, aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA}}"


@pytest.fixture
def storage() -> SimulatedStorage:
    return SimulatedStorage()


def calls(it: Running) -> dict[str, int]:
    return {point["span.name"]: point.value for point in it.last("calls")}


def test_series_their_counts_and_start_times_go_on_after_a_kill(storage):
    it = Running(CUMULATIVE, storage)
    it.consume(traces(span("a"), span("a"), span("b")))
    it.advance(20)
    start = it.last("calls")[0].start_ns
    it.consume(traces(span("a")))
    storage.disk.crash(1)
    it = Running(CUMULATIVE, storage)
    it.advance(10)
    assert calls(it) == {"a": 3, "b": 1}
    assert {point.start_ns for point in it.last("calls")} == {start}
    assert sum(point.count for point in it.last("duration")) == 4


def test_the_instance_id_goes_on_with_the_series(storage):
    it = Running(CUMULATIVE, storage)
    it.consume(traces(span()))
    it.advance(10)
    again = Running(CUMULATIVE, storage)
    again.consume(traces(span("other")))
    again.advance(10)
    assert {point["collector.instance.id"] for point in again.last("calls")} == {"this-one"}


def test_a_clean_stop_leaves_nothing_to_count_again(storage):
    it = Running(CUMULATIVE, storage)
    it.consume(traces(span("a")))
    it.stop()
    assert calls(it) == {"a": 1}
    queue = storage.open_queue("connector/spanmetrics/traces/metrics")
    assert queue.restored() == []
    it = Running(CUMULATIVE, storage)
    it.advance(10)
    assert calls(it) == {"a": 1}


STEPS = st.lists(st.sampled_from(["span", "span", "flush", "kill", "kill unsaved"]), max_size=25)


@settings(max_examples=150)
@given(STEPS, st.integers(0, 1000))
def test_every_span_is_counted_once_whatever_happens_when(steps, seed):
    storage = SimulatedStorage()
    it = Running(CUMULATIVE, storage)
    sent: Counter[str] = Counter()
    for step in [*steps, "flush", "flush"]:
        if step == "span":
            name = "ab"[sum(sent.values()) % 2]
            it.consume(traces(span(name)))
            sent[name] += 1
        elif step == "flush":
            it.advance(10)
        else:
            if step == "kill unsaved":
                storage.disk.fail("rename", 1, errno.EIO)
                it.advance(10)
            storage.disk.crash(seed)
            it = Running(CUMULATIVE, storage)
    assert calls(it) == sent if sent else not it.out.batches
    assert sum(point.count for point in it.last("duration")) == sum(sent.values()) if sent else True


class Forgetful(SimulatedStorage):
    """A process on it dies before any of its done marks is written."""

    def open_queue(self, name):
        queue = super().open_queue(name)
        return SimpleNamespace(
            restored=queue.restored, put=queue.put, load=queue.load, done=lambda keys: None, close=queue.close
        )


def test_a_batch_in_the_state_is_not_counted_again_though_its_done_mark_is_lost():
    storage = Forgetful()
    for _ in range(3):
        it = Running(CUMULATIVE, storage)
        it.consume(traces(span("a")))
        it.advance(20)
    assert calls(it) == {"a": 3}


def test_delta_points_that_were_not_taken_are_offered_again_as_they_were(storage):
    it = Running(DELTA, storage, [Retryable("down")])
    it.consume(traces(span("a"), span("a")))
    it.advance(10)
    assert it.out.batches == []
    storage.disk.crash(4)
    it = Running(DELTA, storage)
    it.advance(0)
    (point,) = it.last("calls")
    assert (point.value, point.time_ns - point.start_ns) == (2, 10**10)
    it.consume(traces(span("a")))
    it.advance(10)
    assert [point.value for flush in it.flushes("calls") for point in flush] == [2, 1]


def test_delta_points_that_were_taken_are_not_offered_again(storage):
    it = Running(DELTA, storage)
    it.consume(traces(span("a")))
    it.advance(10)
    storage.disk.crash(5)
    it = Running(DELTA, storage)
    it.advance(10)
    assert it.out.batches == []


def test_another_configuration_begins_anew_and_says_so(storage, caplog):
    it = Running(CUMULATIVE, storage)
    it.consume(traces(span("a")))
    it.advance(20)
    it.consume(traces(span("a")))
    storage.disk.crash(6)
    it = Running(CUMULATIVE.replace("[1s]", "[1s, 2s]"), storage)
    it.advance(20)
    assert calls(it) == {"a": 1}
    assert "series begin anew" in caplog.text


def test_a_full_disk_refuses_and_counts_nothing(storage):
    it = Running(CUMULATIVE, storage)
    storage.disk.fail("write", 1, errno.ENOSPC)
    with pytest.raises(Refused, match="No space"):
        it.consume(traces(span("a")))
    it.consume(traces(span("a")))
    it.advance(20)
    assert calls(it) == {"a": 1}


def test_a_state_that_can_t_be_saved_leaves_the_journal(storage, caplog):
    it = Running(CUMULATIVE, storage)
    it.consume(traces(span("a")))
    storage.disk.fail("rename", 1, errno.EIO)
    it.advance(10)
    assert "can't save the state" in caplog.text
    storage.disk.crash(7)
    it = Running(CUMULATIVE, storage)
    it.advance(20)
    assert calls(it) == {"a": 1}


def test_custody_says_what_a_kill_loses(storage):
    kept = Running(CUMULATIVE, storage).connector.custody()
    assert (kept.kind, kept.loss_window) == (CustodyKind.BUFFERS, "what the simulated storage says")
    assert Running().connector.custody().loss_window == (
        "the counts of the last 1m; series begin anew (no storage is set)"
    )
