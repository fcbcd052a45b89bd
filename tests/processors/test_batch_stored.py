"""`batch` with a storage: what waits is handed on, by this process or by the next one, and then no more."""

import errno

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.component import ComponentID, CustodyKind, Duration, Permanent, Refused, Retryable
from otelier.processors.batch import BatchConfig, BatchProcessor
from otelier.testing import FakeClock, MemoryExporter, SimulatedStorage, component_context, items

ID = ComponentID("kept")


class Process:
    """A processor on a storage; the storage outlives it."""

    def __init__(self, storage: SimulatedStorage, answers: tuple[Exception, ...] = (), **config: object) -> None:
        self.clock = FakeClock()
        self.ctx = component_context("batch", clock=self.clock, pipeline="traces", extensions={ID: storage})
        self.out = MemoryExporter()
        self.out.fail_with(*answers)
        self.batch = BatchProcessor(BatchConfig(storage=ID, **config), self.ctx)
        self.batch.next = self.out
        self.batch.start()

    def consume(self, *counts: int) -> None:
        for count in counts:
            self.batch.consume(items("traces", count))

    def stop(self) -> None:
        self.batch.stop(self.clock.monotonic() + 10)

    @property
    def sizes(self) -> list[int]:
        return [batch.items for batch in self.out.batches]

    def dropped(self) -> dict[str, float]:
        (metric,) = [m for m in self.ctx.meter.collect() if m.name == "otelcol_processor_dropped_spans"] or [None]
        return {dict(labels)["reason"]: value for labels, value in metric.values.items()} if metric else {}


@pytest.fixture
def storage() -> SimulatedStorage:
    return SimulatedStorage()


def left(storage: SimulatedStorage) -> list[int]:
    """Items of each batch that the next process would find."""
    queue = storage.open_queue("processor/batch/traces")
    found = [count for _, _, count, *_ in queue.restored()]
    queue.close()
    return found


@pytest.mark.proves("batch.storage")
def test_what_waits_is_sent_by_the_next_process(storage):
    Process(storage, timeout=Duration(3)).consume(1, 2, 3)
    storage.disk.crash(7)
    it = Process(storage, timeout=Duration(3))
    it.clock.advance(0)
    assert it.sizes == [6]
    it.stop()
    assert storage.names == ["processor/batch/traces"] * 2
    assert left(storage) == []


def test_what_was_handed_on_is_not_handed_on_again(storage):
    it = Process(storage, send_batch_size=5)
    it.consume(3, 2, 4)
    assert it.sizes == [5]
    assert left(storage) == [4]


@settings(max_examples=100)
@given(st.lists(st.integers(1, 30), max_size=12), st.integers(1, 10), st.integers(0, 10))
def test_only_what_still_waits_is_kept_however_it_is_cut(counts, size, more):
    storage = SimulatedStorage()
    it = Process(storage, send_batch_size=size, send_batch_max_size=size + more)
    it.consume(*counts)
    waiting = sum(counts) - sum(it.sizes)
    kept = left(storage)
    # Batches are kept whole until all of their parts are handed on.
    assert waiting <= sum(kept) and kept == counts[len(counts) - len(kept) :]
    assert sum(kept[1:]) < waiting or not kept
    it.stop()
    assert left(storage) == []
    assert sum(it.sizes) == sum(counts)


def test_what_the_next_component_refuses_for_good_is_counted_and_gone(storage):
    it = Process(storage, (Permanent("no"),), send_batch_size=5)
    it.consume(5)
    assert it.dropped() == {"rejected": 5}
    assert left(storage) == []


def test_what_can_t_be_handed_on_while_stopping_stays(storage):
    it = Process(storage, (Retryable("down"),), timeout=Duration(3))
    it.consume(4)
    it.stop()
    assert it.dropped() == {}
    assert left(storage) == [4]


def test_a_full_disk_refuses_for_now(storage):
    it = Process(storage, timeout=Duration(3))
    storage.disk.fail("write", 1, errno.ENOSPC)
    with pytest.raises(Refused, match="No space"):
        it.consume(3)
    it.consume(4)
    it.clock.advance(3)
    assert it.sizes == [4]


def test_custody_is_the_storage_s_and_nothing_is_kept_where_nothing_waits(storage):
    it = Process(storage, timeout=Duration(3))
    assert it.batch.custody().kind is CustodyKind.BUFFERS
    assert it.batch.custody().loss_window == "what the simulated storage says"
    it = Process(storage, timeout=Duration(0))
    assert it.batch.custody().kind is CustodyKind.FORWARDS
    assert storage.names == ["processor/batch/traces"]
