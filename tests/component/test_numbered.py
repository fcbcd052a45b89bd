"""Numbers of batches are never given twice, and what is done goes."""

import logging

from otelier.component import NumberedQueue
from otelier.testing import SimulatedStorage, items

LOG = logging.LoggerAdapter(logging.getLogger("otelier.test"), {})


def opened(storage: SimulatedStorage) -> NumberedQueue:
    return NumberedQueue(storage.open_queue("numbered"), LOG)


def test_a_batch_keeps_its_number_and_its_metadata_over_a_restart():
    storage = SimulatedStorage()
    queue = opened(storage)
    for n in (1, 2, 3):
        queue.put(items("traces", n).with_metadata({"tenant": ("a",)}), 0)
    storage.disk.crash(1)

    queue = opened(storage)
    left = list(queue.restored(lambda number: number < 3))
    assert [(number, batch.items, batch.metadata["tenant"]) for _, number, batch in left] == [(3, 3, ("a",))]
    assert queue.put(items("traces", 1), 0)[1] == 4
    assert [number for _, number, _ in opened(storage).restored(lambda _: False)] == [3, 4]


def test_numbers_that_records_know_are_given_already():
    queue = opened(SimulatedStorage())
    queue.begin_behind(7)
    queue.begin_behind(5)
    assert queue.put(items("traces", 1), 0)[1] == 8


def test_what_can_not_be_read_stays_where_it_is(caplog):
    storage = SimulatedStorage()
    opened(storage).put(items("traces", 1), 0)
    storage.disk.crash(1)
    queue = opened(storage)
    storage.disk.fail("read queue", 1, 5)
    assert list(queue.restored(lambda _: False)) == []
    assert "they stay on disk" in caplog.text
    assert len(list(opened(storage).restored(lambda _: False))) == 1
