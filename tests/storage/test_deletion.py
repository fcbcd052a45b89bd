"""A deleted trace is gone from every answer and from the disk, whenever the process dies; all others stay."""

import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from otelier._core import Disk
from otelier.component import Meter, SystemClock
from otelier.query.snapshot import Snapshot
from otelier.storage.contract import DataDirectoryError
from otelier.storage.local import Engine, StoreSettings, close_store, open_store
from otelier.storage.local.deletion import Deleted
from otelier.storage.local.erase import erase
from otelier.storage.local.manifest import of_signal, read_state
from otelier.storage.local.requests import delete_traces
from otelier.testing import FakeClock, log_record, logs, losing_disk, span, trace_id, traces

from .reading import readable_logs, readable_spans, view_of

BAD = trace_id(1)
SECRET = b"SECRET-of-trace-1"
NAME = f"{FakeClock().time_ns():020d}-ab"


def opened(disk: Disk, clock: FakeClock | None = None) -> Engine:
    return Engine(disk, clock or FakeClock(), StoreSettings(), Meter())


def fill(engine: Engine) -> None:
    """Trace 1 in two segments and in the log, among others; and in logs."""
    for part in range(3):
        number = part * 10
        hidden = {"card.number": SECRET.decode()}
        engine.append(
            "default",
            traces(span("a", trace=1, number=number + 1, attributes=hidden), span("b", trace=2, number=number + 2)),
        )
        engine.append(
            "default", logs(log_record(f"{SECRET.decode()} {part}", trace=1), log_record(f"fine {part}", trace=2))
        )
        if part < 2:
            engine.flush(everything=True)


def names(disk: Disk, *, of: bytes, tenant: str = "default") -> int:
    return sum(readable_spans(disk, tenant, [of]).values())


def files(disk: Disk, folder: str = "") -> list[str]:
    """All that lie there, by path."""
    found = []
    for name in disk.list(folder):
        path = f"{folder}/{name}" if folder else name
        try:
            found += files(disk, path)
        except (NotADirectoryError, FileNotFoundError, OSError):
            found.append(path)
    return found


def test_it_is_gone_from_answers_at_once_and_all_others_stay():
    disk = losing_disk()
    engine = opened(disk)
    fill(engine)
    assert names(disk, of=BAD) == 3
    assert engine.delete("default", [BAD]) == Deleted(3, 0)
    assert names(disk, of=BAD) == 0
    assert names(disk, of=trace_id(2)) == 3
    assert sum(readable_logs(disk, "default", [BAD]).values()) == 3
    found = view_of(disk).search("default", b'{"all":[]}', 0, 2**64 - 1, 10)
    assert [each for each, _ in found] == [trace_id(2)]
    assert engine.delete("default", [BAD], logs=True) == Deleted(0, 3)
    assert sum(readable_logs(disk, "default", [BAD]).values()) == 0
    assert sum(readable_logs(disk, "default", [trace_id(2)]).values()) == 3


def test_a_trace_that_goes_on_shows_its_later_spans_alone():
    disk = losing_disk()
    engine = opened(disk)
    fill(engine)
    engine.delete("default", [BAD])
    engine.append("default", traces(span("later", trace=1, number=77), span("a", trace=1, number=1)))
    assert names(disk, of=BAD) == 2
    engine.flush(everything=True)
    while engine.compact():
        assert names(disk, of=BAD) == 2


def test_another_tenants_trace_of_that_id_stays():
    disk = losing_disk()
    engine = opened(disk)
    fill(engine)
    engine.append("acme", traces(span(trace=1)))
    engine.delete("default", [BAD])
    assert names(disk, of=BAD, tenant="acme") == 1


def test_no_file_has_it_when_readers_have_had_their_time(tmp_path: Path):
    disk, clock = Disk.real(str(tmp_path)), FakeClock()
    engine = opened(disk, clock)
    for number in range(100):
        engine.append("default", traces(span(f"op {SECRET.decode()}" if number == 1 else "op", trace=number)))
    engine.flush(everything=True)
    engine.append("default", logs(log_record(SECRET.decode(), trace=1)))
    engine.delete("default", [trace_id(1)], logs=True)
    clock.advance(32)
    engine.close()
    assert [each for each in tmp_path.rglob("*") if each.is_file() and SECRET in each.read_bytes()] == []
    assert sum(names(disk, of=trace_id(number)) for number in range(100)) == 99


def test_after_a_crash_at_any_operation_it_is_there_as_a_whole_or_gone_and_nothing_else_is_touched():
    disk = losing_disk()
    fill(opened(disk))
    first = len(disk.operations())
    opened(disk).delete("default", [BAD], logs=True)
    count = len(disk.operations()) - first
    assert count > 20
    outcomes = Counter[int]()
    for seed, at in enumerate(range(1, count, 3)):
        disk = losing_disk()
        fill(opened(disk))
        engine = opened(disk)
        disk.fail("", at, 5)
        with suppress(OSError, ValueError):
            engine.delete("default", [BAD], logs=True)
        disk.crash(seed)
        engine = opened(disk)
        outcomes[names(disk, of=BAD)] += 1
        assert names(disk, of=trace_id(2)) == 3
        assert sum(readable_logs(disk, "default", [trace_id(2)]).values()) == 3
        engine.delete("default", [BAD], logs=True)
        assert names(disk, of=BAD) == 0
    assert set(outcomes) <= {0, 3}
    assert outcomes[3]


@pytest.fixture
def store(tmp_path: Path):
    engine = open_store(StoreSettings(data_dir=str(tmp_path)), SystemClock(), Meter())
    yield engine
    close_store(engine)


def test_another_process_asks_the_writer_and_is_answered_when_it_is_done(store: Engine, tmp_path: Path):
    fill(store)
    assert delete_traces(tmp_path, SystemClock(), "default", [BAD], logs=True) == Deleted(3, 3)
    snapshot = Snapshot(tmp_path)
    assert snapshot.read(lambda view, _: view.traces("default", [BAD]).items) == 0
    store.delete("default", [])  # comes after whatever is under way
    assert list((tmp_path / "requests").iterdir()) == []


def test_several_ask_at_once(store: Engine, tmp_path: Path):
    fill(store)
    found = list[Deleted]()
    threads = [
        threading.Thread(
            target=lambda n: found.append(delete_traces(tmp_path, SystemClock(), "default", [trace_id(n)], logs=False)),
            args=(number,),
        )
        for number in (1, 2, 9)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert Counter(found) == {Deleted(3, 0): 2, Deleted(0, 0): 1}


def test_a_request_outlives_the_writer_that_did_not_get_to_it(tmp_path: Path):
    clock, disk = FakeClock(), losing_disk()
    engine = opened(disk, clock)
    fill(engine)
    disk.create_dir("requests")
    asked = b'{"tenant":"default","trace_ids":["%s"]}' % BAD.hex().encode()
    disk.replace(f"requests/{NAME}.request", asked)
    disk.crash(1)
    clock = FakeClock()
    opened(disk, clock)
    clock.advance(2)
    assert names(disk, of=BAD) == 0
    assert disk.list("requests") == [f"{NAME}.answer"]
    clock.advance(3700)
    assert disk.list("requests") == []


@pytest.mark.parametrize(
    "request_", [b"", b"{}", b'{"tenant":"default","trace_ids":["xyz"]}', b'{"tenant":"x","trace_ids":["00"]}']
)
def test_a_request_that_makes_no_sense_is_answered_so(request_: bytes):
    clock, disk = FakeClock(), losing_disk()
    opened(disk, clock)
    disk.create_dir("requests")
    disk.replace(f"requests/{NAME}.request", request_)
    clock.advance(2)
    assert disk.list("requests") == [f"{NAME}.answer"]
    assert b'"error"' in disk.read(f"requests/{NAME}.answer")


def test_without_a_writer_the_asker_is_told_and_a_command_does_it_itself(tmp_path: Path):
    engine = open_store(StoreSettings(data_dir=str(tmp_path)), SystemClock(), Meter())
    fill(engine)
    close_store(engine)
    with pytest.raises(DataDirectoryError, match="start it"):
        delete_traces(tmp_path, SystemClock(), "default", [BAD], logs=False)
    assert erase(tmp_path, SystemClock(), "default", [BAD], logs=True) == Deleted(3, 3)
    assert len(read_state(Disk.real(str(tmp_path))).segments) > 0
    assert names(Disk.real(str(tmp_path)), of=trace_id(2)) == 3


def test_a_damaged_segment_is_set_aside_and_the_next_try_goes_on_without_it():
    disk = losing_disk()
    engine = opened(disk)
    fill(engine)
    path = next(iter(of_signal(read_state(disk), "default", "traces"))).path
    data = bytearray(disk.read(path))
    data[100] ^= 1
    disk.replace(path, bytes(data))
    with pytest.raises(ValueError, match="quarantine"):
        engine.delete("default", [BAD])
    assert engine.delete("default", [BAD]).spans == 2
    assert len(disk.list("quarantine")) == 2
