"""The outbox: in order, once, bounded, and whatever is lost is counted."""

import logging
import threading
from collections import Counter

from otelier.component import Permanent, Rejected, Retryable
from otelier.testing import MemoryExporter, items
from otelier.whole_traces import Outbox
from otelier.whole_traces.outbox import Parcel

LOG = logging.LoggerAdapter(logging.getLogger("otelier.test"), {})


class Box:
    def __init__(self, max_bytes: int = 1 << 20) -> None:
        self.dropped = Counter()
        self.taken: list[int] = []
        self.it = Outbox(LOG, lambda spans, reason: self.dropped.update({reason: spans}), max_bytes)

    def put(self, number: int, count: int = 1) -> None:
        self.it.put(Parcel(items("traces", count) if count else None, lambda: self.taken.append(number)))


def test_order_is_kept_over_refusals():
    box, out = Box(), MemoryExporter()
    out.fail_with(Retryable("not now"))
    for number in range(3):
        box.put(number, number)  # the first is only news
    assert not box.it.hand_on(out)
    assert box.taken == [0]
    assert box.it.hand_on(out)
    assert (box.taken, [batch.items for batch in out.batches]) == ([0, 1, 2], [1, 2])
    assert box.it.size_bytes == 0


def test_what_is_rejected_is_counted_and_the_next_goes_on():
    box, out = Box(), MemoryExporter()
    out.fail_with(Permanent("never"), ZeroDivisionError("bug"))
    for number in range(3):
        box.put(number)
    assert box.it.hand_on(out)
    assert (box.dropped, box.taken, len(out.batches)) == ({"rejected": 1, "error": 1}, [0, 1, 2], 1)


def test_without_room_the_oldest_goes_counted():
    size = items("traces", 1).size_bytes
    box = Box(max_bytes=2 * size)
    for number in range(4):
        box.put(number)
    assert (box.dropped, box.taken, box.it.is_full) == ({"refused": 2}, [0, 1], True)


def test_what_is_under_way_when_all_is_given_up_counts_once():
    box = Box()
    entered, leave = threading.Event(), threading.Event()

    class Slow:
        def consume(self, batch) -> None:
            entered.set()
            leave.wait(10)

    box.put(1)
    box.put(2)
    thread = threading.Thread(target=box.it.hand_on, args=(Slow(),))
    thread.start()
    assert entered.wait(10)
    assert box.it.give_up("shutdown") == 2
    leave.set()
    thread.join(10)
    assert (box.dropped, sorted(box.taken)) == ({"shutdown": 2}, [1, 2])


def test_of_what_is_taken_in_part_only_the_rest_is_lost():
    box, out = Box(), MemoryExporter()
    out.fail_with(Rejected("3 of 10", items=3))
    box.put(0, 10)
    assert box.it.hand_on(out)
    assert (box.dropped, box.taken) == ({"rejected": 3}, [0])


def test_what_comes_after_the_end_is_given_up_too():
    box, out = Box(), MemoryExporter()
    assert box.it.give_up("shutdown") == 0
    box.put(0, 2)
    assert box.it.hand_on(out)
    assert (box.dropped, box.taken, out.batches, box.it.size_bytes) == ({"shutdown": 2}, [0], [], 0)


def test_a_refusal_after_the_end_brings_nothing_back():
    box = Box()

    class Slow:
        def consume(self, batch):
            assert box.it.give_up("") == 1
            raise Retryable("not now")

    box.put(0)
    assert not box.it.hand_on(Slow())
    assert (box.dropped, box.taken, box.it.size_bytes) == ({}, [], 0)
