"""The journal of whole traces: small for ever, and what it says after it was written anew is what it said before."""

import logging
import threading

from otelier.testing import SimulatedStorage, span, trace_id, traces
from otelier.whole_traces import Journal

LOG = logging.LoggerAdapter(logging.getLogger("otelier.test"), {})


def opened(storage: SimulatedStorage) -> Journal:
    return Journal(storage.open_queue("traces"), storage.open_records("traces/decisions"), LOG)


def decision(number: int, fate: int = 1) -> bytes:
    return trace_id(number) + bytes((fate,))


def pair(number: int, batch: int) -> bytes:
    return trace_id(number) + batch.to_bytes(8, "little")


def names(batch) -> list[bytes]:
    ids = batch.trace_ids() if batch else b""
    return [ids[at : at + 16] for at in range(0, len(ids), 16)]


def test_batches_come_back_without_what_was_handed_on():
    storage = SimulatedStorage()
    journal = opened(storage)
    _, number = journal.put(traces(*(span(trace=each) for each in range(4))), 0)
    tick = journal.decided(decision(0), [], pair(0, number))
    journal.handed_on(tick, [])
    journal.decided(decision(1) + decision(2, 0), [], pair(1, number) + pair(2, number))
    journal.put(traces(span(trace=9)), 0)
    storage.disk.crash(3)

    restored = list(opened(storage).restored())
    assert [(names(each.batch), names(each.again)) for each in restored] == [
        ([trace_id(3)], [trace_id(1)]),
        ([trace_id(9)], []),
    ]
    assert len({each.number for each in restored}) == 2


def test_done_batches_stay_away_even_if_the_disk_forgot_that_they_are():
    for seed in range(20):
        storage = SimulatedStorage()
        journal = opened(storage)
        key, number = journal.put(traces(span(trace=1)), 0)
        other, _ = journal.put(traces(span(trace=2)), 0)
        journal.handed_on(journal.decided(decision(1), [key], b""), [key])
        journal.handed_on_late([other], b"")
        journal.flush()
        storage.disk.crash(seed)
        assert list(opened(storage).restored()) == [], (number, seed)


def test_numbers_are_never_given_twice():
    storage = SimulatedStorage()
    seen = set()
    for seed in range(5):
        journal = opened(storage)
        list(journal.restored())
        for trace in range(3):
            key, number = journal.put(traces(span(trace=trace)), 0)
            assert number not in seen
            seen.add(number)
        journal.handed_on(journal.decided(decision(2), [key], b""), [key])
        storage.disk.crash(seed)


def test_it_is_written_anew_when_it_is_large():
    storage = SimulatedStorage()
    records = storage.open_records("traces/decisions")
    journal = Journal(storage.open_queue("traces"), records, LOG)
    _, number = journal.put(traces(*(span(trace=each) for each in range(3))), 0)
    journal.handed_on(journal.decided(decision(0), [], pair(0, number)), [])
    journal.decided(decision(1), [], pair(1, number))
    many = b"".join(decision(each) for each in range(5_000))
    for _ in range(20):
        journal.handed_on(journal.decided(many, [], b""), [])
        journal.compact(lambda: decision(7) + decision(8, 0))
    assert records.size_bytes < 1 << 20
    storage.disk.crash(3)

    again = opened(storage)
    assert again.decisions.startswith(decision(7) + decision(8, 0) + decision(1))
    (restored,) = again.restored()
    assert names(restored.batch) == [trace_id(2)]
    assert names(restored.again) == [trace_id(1)]


def test_a_disk_that_fails_is_told_and_holds_nothing_back(caplog):
    storage = SimulatedStorage()
    journal = opened(storage)
    storage.disk.fail("write records", 1, 28)
    journal.handed_on(journal.decided(decision(1), [], b""), [])
    assert "can't keep decisions on disk" in caplog.text


class RecordsWithOthers:
    """Somebody else has something to say while records are written anew."""

    def __init__(self, records) -> None:
        self.records, self.append, self.close = records.records, records.append, records.close
        self.size_bytes = 1 << 30
        self._rewrite = records.rewrite
        self.meanwhile = lambda: None

    def rewrite(self, bodies) -> None:
        other = threading.Thread(target=self.meanwhile)
        other.start()
        other.join(0.05)  # it must wait, and has time to be wrong
        self._rewrite(bodies)


def test_what_is_said_while_records_are_written_anew_is_not_lost():
    storage = SimulatedStorage()
    records = RecordsWithOthers(storage.open_records("traces/decisions"))
    journal = Journal(storage.open_queue("traces"), records, LOG)
    _, number = journal.put(traces(*(span(trace=each) for each in range(3))), 0)
    tick = journal.decided(decision(0) + decision(1), [], pair(0, number) + pair(1, number))
    done = threading.Event()

    def meanwhile() -> None:
        journal.handed_on(tick, [])
        journal.decided(decision(2, 0), [], b"")
        done.set()

    records.meanwhile = meanwhile
    journal.compact(lambda: decision(0) + decision(1))
    assert done.wait(10)
    storage.disk.crash(3)

    again = opened(storage)
    assert again.decisions == decision(0) + decision(1) + decision(0) + decision(1) + decision(2, 0)
    (restored,) = again.restored()
    assert (names(restored.batch), names(restored.again)) == ([trace_id(2)], [])


def test_after_the_end_nothing_is_written():
    storage = SimulatedStorage()
    journal = opened(storage)
    tick = journal.decided(decision(0), [], b"")
    journal.close()
    before = opened(storage).decisions
    journal.handed_on(tick, [])
    journal.decided(decision(1), [], b"")
    assert opened(storage).decisions == before == decision(0)
