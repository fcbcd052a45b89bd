"""The sending queue: bounded in size and in bytes, first in first out, joined and cut exactly."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.component import Duration, Permanent, Refused, SystemClock
from otelier.sending import BatchSettings, PartitionSettings, QueueSettings
from otelier.sending.queue import Queue
from otelier.telemetry import Batch
from otelier.testing import FakeClock, items


@pytest.fixture
def clock():
    return FakeClock()


def queue_of(clock, **keys):
    return Queue(QueueSettings(**keys), clock, "test")


def spans(count, first=0):
    return items("traces", count, first=first)


def drain(queue):
    queue.close()
    parcels = []
    while (parcel := queue.take()) is not None:
        parcels.append(parcel)
        queue.done(parcel)
    return [parcel.batch for parcel in parcels]


def test_first_in_first_out(clock):
    queue = queue_of(clock)
    for count in (3, 1, 2):
        queue.put(spans(count))
    assert [batch.items for batch in drain(queue)] == [3, 1, 2]


@pytest.mark.parametrize(
    ("sizer", "queue_size", "fit"),
    [("requests", 3, [5, 5, 5]), ("items", 11, [5, 5, 1]), ("bytes", 10**6, [5, 5, 1, 5, 5])],
)
def test_the_sizer_says_what_is_counted(clock, sizer, queue_size, fit):
    queue = queue_of(clock, sizer=sizer, queue_size=queue_size)
    for count in fit:
        queue.put(spans(count))
    size = sum({"requests": 1, "items": count, "bytes": spans(count).size_bytes}[sizer] for count in fit)
    assert (queue.size, queue.capacity) == (size, queue_size)
    if sizer != "bytes":
        with pytest.raises(Refused, match=f"of {queue_size} {sizer}"):
            queue.put(spans(1))


def test_bytes_are_bounded_whatever_the_sizer_counts(clock):
    one = spans(10)
    queue = queue_of(clock, queue_size=1000, queue_size_bytes=3 * one.size_bytes)
    for _ in range(3):
        queue.put(one)
    with pytest.raises(Refused, match="bytes"):
        queue.put(spans(1))


def test_what_is_under_way_still_takes_room(clock):
    queue = queue_of(clock, queue_size=1)
    queue.put(spans(1))
    parcel = queue.take()
    with pytest.raises(Refused):
        queue.put(spans(1))
    queue.done(parcel)
    queue.put(spans(1))


@pytest.mark.parametrize("keys", [{"sizer": "items", "queue_size": 4}, {"queue_size_bytes": 40}])
def test_what_can_never_fit_is_refused_for_good(clock, keys):
    with pytest.raises(Permanent, match="larger than the whole"):
        queue_of(clock, block_on_overflow=True, **keys).put(spans(5))


def test_block_on_overflow_waits_for_room_and_ends_when_the_queue_closes(clock):
    queue = queue_of(clock, queue_size=1, block_on_overflow=True)
    queue.put(spans(1))
    outcomes = []

    def put(count):
        try:
            outcomes.append(queue.put(spans(count)) and count)
        except Refused as error:
            outcomes.append(error.limit)

    first = threading.Thread(target=put, args=(2,))
    first.start()
    queue.done(queue.take())
    first.join(10)
    assert outcomes == [2]
    second = threading.Thread(target=put, args=(3,))
    second.start()
    queue.close()
    second.join(10)
    assert outcomes == [2, "stopping"]


def test_nobody_waits_for_room_beyond_the_deadline_of_the_stop():
    queue = queue_of(SystemClock(), queue_size=1, block_on_overflow=True)
    queue.put(spans(1))
    outcomes = []

    def put():
        with pytest.raises(Refused) as refused:
            queue.put(spans(2))
        outcomes.append(refused.value.limit)

    waiting = threading.Thread(target=put)
    waiting.start()
    queue.release_by(SystemClock().monotonic() + 0.05)
    waiting.join(10)
    assert outcomes == ["stopping"]
    queue.done(queue.take())
    queue.put(spans(3))  # what finds room is still taken


def test_drained_is_set_only_when_nothing_waits_or_is_under_way(clock):
    queue = queue_of(clock)
    queue.put(spans(1))
    queue.close()
    parcel = queue.take()
    assert queue.take() is None
    assert not queue.drained.is_set()
    queue.done(parcel)
    assert queue.drained.is_set()


# -- batching -----------------------------------------------------------------------------------


def test_waits_for_min_size_then_joins_in_order(clock):
    queue = queue_of(clock, batch=BatchSettings(min_size=6))
    queue.put(spans(2, first=0))
    queue.put(spans(3, first=2))
    taken = []
    taker = threading.Thread(target=lambda: taken.append(queue.take().batch))
    taker.start()
    clock.until_timer("flush")
    assert taken == []
    queue.put(spans(1, first=5))
    taker.join(10)
    assert [batch.digest() for batch in taken] == [spans(6).digest()]


@pytest.mark.parametrize(("max_size", "sizes"), [(0, [10]), (7, [7, 3]), (5, [5, 5]), (2, [2, 2, 2, 2, 2])])
def test_max_size_cuts_exactly_and_loses_nothing(clock, max_size, sizes):
    queue = queue_of(clock, sizer="items", batch=BatchSettings(min_size=2, max_size=max_size))
    for first, count in ((0, 4), (4, 1), (5, 5)):
        queue.put(spans(count, first=first))
    batches = drain(queue)
    assert [batch.items for batch in batches] == sizes
    assert sum(batch.digest() for batch in batches) % 2**64 == spans(10).digest()
    assert queue.size == 0


def test_max_size_in_bytes_holds(clock):
    most = 4 * spans(1).size_bytes
    queue = queue_of(clock, batch=BatchSettings(sizer="bytes", min_size=most, max_size=most))
    queue.put(spans(9))
    queue.put(spans(3, first=9))
    batches = drain(queue)
    assert max(batch.size_bytes for batch in batches) <= most
    assert sum(batch.digest() for batch in batches) % 2**64 == spans(12).digest()


def test_partitions_are_never_mixed(clock):
    def of(tenant, count):
        return spans(count).with_metadata({"X-Tenant": [tenant], "other": [str(count)]})

    partition = PartitionSettings(metadata_keys=("x-tenant",))
    queue = queue_of(clock, batch=BatchSettings(min_size=100, partition=partition))
    for tenant, count in (("a", 1), ("b", 2), ("a", 3), ("b", 4)):
        queue.put(of(tenant, count))
    queue.put(spans(5))
    seen = [(batch.metadata.get("x-tenant"), batch.items) for batch in drain(queue)]
    assert sorted(seen, key=str) == [(("a",), 4), (("b",), 6), (None, 5)]


def test_signals_are_never_mixed(clock):
    queue = queue_of(clock, batch=BatchSettings(min_size=100))
    for signal in ("traces", "logs", "traces", "logs"):
        queue.put(items(signal, 1))
    assert [(batch.signal, batch.items) for batch in drain(queue)] == [("traces", 2), ("logs", 2)]


def test_a_cut_batch_is_settled_when_its_last_part_is(clock):
    queue = queue_of(clock, batch=BatchSettings(min_size=1, max_size=4))
    ticket = queue.put(spans(10))
    for expected in (4, 4, 2):
        assert ticket.parts > 0
        parcel = queue.take()
        assert parcel.batch.items == expected
        queue.done(parcel, Permanent("no") if expected == 2 else None)
    assert ticket.parts == 0
    with pytest.raises(Permanent):
        ticket.wait()


def takers(queue, clock, count):
    """That many threads wait in `take`, each for one parcel that it never settles; answers (taken sizes, threads)."""
    taken: list[int] = []
    threads = [threading.Thread(target=lambda: taken.append(queue.take().batch.items)) for _ in range(count)]
    for thread in threads:
        thread.start()
    while queue.idle < count:
        clock.wait(threading.Event(), 0)
    return taken, threads


def test_the_rest_of_a_cut_batch_goes_to_whoever_is_idle(clock):
    queue = queue_of(clock, batch=BatchSettings(min_size=10, max_size=10))
    taken, threads = takers(queue, clock, 3)
    queue.put(spans(30))
    for thread in threads:
        thread.join(10)
    assert taken == [10, 10, 10]


def test_a_lane_left_behind_is_sent_at_its_own_flush_timeout(clock):
    partition = PartitionSettings(metadata_keys=("k",))
    queue = queue_of(clock, batch=BatchSettings(min_size=1000, partition=partition))
    taken, threads = takers(queue, clock, 2)
    queue.put(spans(5).with_metadata({"k": ["a"]}))
    clock.until_timer("flush")
    clock.advance(0.1)
    queue.put(spans(6).with_metadata({"k": ["b"]}))
    clock.advance(0.1)
    clock.until_timer("flush")
    clock.advance(0.1)
    for thread in threads:
        thread.join(10)
    assert taken == [5, 6]


@settings(max_examples=50, deadline=None)
@given(
    counts=st.lists(st.integers(1, 9), max_size=8),
    min_size=st.integers(0, 8),
    max_size=st.sampled_from([0, 8, 9]),
    sizer=st.sampled_from(["requests", "items", "bytes"]),
    takes=st.integers(0, 8),
)
def test_nothing_is_lost_doubled_or_left_on_the_books(counts, min_size, max_size, sizer, takes):
    queue = queue_of(
        FakeClock(),
        sizer=sizer,
        queue_size=10**6,
        batch=BatchSettings(sizer="items", flush_timeout=Duration(60), min_size=min_size, max_size=max_size),
    )
    batches: list[Batch] = []
    first = waiting = 0
    for count in counts:
        queue.put(spans(count, first=first))
        first += count
        waiting += count
        if takes and waiting >= max(min_size, 1):
            takes -= 1
            parcel = queue.take()
            waiting -= parcel.batch.items
            batches.append(parcel.batch)
            queue.done(parcel)
    batches += drain(queue)
    assert sum(batch.items for batch in batches) == first
    assert sum(batch.digest() for batch in batches) % 2**64 == (spans(first).digest() if first else 0)
    assert all(batch.items <= max_size for batch in batches) or not max_size
    assert queue.size == 0 and queue.drained.is_set()


# -- from queue to queue ------------------------------------------------------------------------


def test_room_set_apart_counts_until_it_is_kept_or_dismissed():
    queue = Queue(QueueSettings(queue_size=2), FakeClock(), "test")
    first, second = items("traces", 1), items("traces", 2)
    queue.admit(first)
    queue.admit(second)
    with pytest.raises(Refused):
        queue.admit(first)
    queue.dismiss(first)
    queue.keep(second)
    assert (queue.size, queue.items) == (1, 2)


def test_what_is_withdrawn_is_adopted_by_another_even_if_that_is_full():
    one, other = (Queue(QueueSettings(queue_size=1), FakeClock(), "test") for _ in range(2))
    one.put(items("traces", 3))
    other.put(items("traces", 4))
    (parcel,) = one.withdraw()
    assert other.adopt(parcel.batch)
    one.done(parcel)
    assert (one.size, one.items, other.size, other.items) == (0, 0, 2, 7)


def test_a_closed_queue_adopts_and_keeps_nothing():
    queue = Queue(QueueSettings(), FakeClock(), "test")
    batch = items("traces", 3)
    queue.admit(batch)
    queue.close()
    with pytest.raises(Refused):
        queue.keep(batch)
    assert not queue.adopt(batch)
    assert (queue.size, queue.drained.is_set()) == (0, True)
