"""A log on a disk that is full, that fails, and that loses what was not synced."""

import errno
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier._core import Disk, Log, read_generation

from .stored import numbered, numbers, stored

FAILURES = [errno.ENOSPC, errno.EIO]
FIRST = "log/0000000000000001.log"


def test_a_full_disk_fails_the_append_with_its_errno_and_harms_nothing() -> None:
    disk = Disk.simulated()
    log = Log(disk, "log")
    log.append("default", numbered(1), 1)
    disk.fail("write", 1, errno.ENOSPC)
    with pytest.raises(OSError) as raised:
        log.append("default", numbered(2), 2)
    assert raised.value.errno == errno.ENOSPC
    log.append("default", numbered(3), 3)
    assert stored(disk) == [1, 3]
    assert log.counters()["failed_writes"] == 1
    assert log.unflushed_bytes == sum(disk.size(f"log/{name}") for name in disk.list("log"))


def test_a_file_whose_sync_failed_is_never_synced_again() -> None:
    disk = Disk.simulated()
    log = Log(disk, "log")
    log.append("default", numbered(1), 1)
    disk.fail("sync log/", 1, errno.EIO)
    with pytest.raises(OSError) as raised:
        log.append("default", numbered(2), 2)
    assert raised.value.errno == errno.EIO
    log.append("default", numbered(3), 3)
    assert [number for number, _ in log.generations()] == [1, 2]
    assert disk.operations().count(f"sync {FIRST}") == 1
    disk.crash(3)
    assert stored(disk) == [1, 3]


def test_a_failed_sync_fails_all_who_wait_for_it(tmp_path: Path) -> None:
    disk = Disk.real(tmp_path)
    log = Log(disk, "log")
    failed: list[int] = []
    kept: list[int] = []

    def run(first: int) -> None:
        for number in range(first, first + 50):
            try:
                log.append("default", numbered(number), 1)
                kept.append(number)
            except OSError as error:
                assert error.errno == errno.EIO
                failed.append(number)

    for nth in (3, 20, 40):
        disk.fail("sync log/", nth, errno.EIO)
    running = [threading.Thread(target=run, args=(first,)) for first in (0, 50, 100, 150)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert sorted(stored(disk)) == sorted(kept)
    assert len(kept) + len(failed) == 200
    assert log.counters()["failed_syncs"] <= len(failed)


def test_any_operation_may_fail_once() -> None:
    def twice(action: Callable[[], Any]) -> Any:
        try:
            return action()
        except OSError as error:
            assert error.errno in FAILURES
            return action()

    def run(disk: Disk) -> None:
        """Appends 1 to 6, and 7 after they are retired."""
        log = twice(lambda: Log(disk, "log"))
        for number in range(1, 7):
            twice(lambda number=number: log.append("default", numbered(number), number))
        sealed = log.rotate()
        twice(lambda: log.append("default", numbered(7), 7))
        assert stored(disk) == [1, 2, 3, 4, 5, 6, 7]
        twice(lambda: log.retire(sealed))

    clean = Disk.simulated()
    run(clean)
    for nth in range(1, len(clean.operations()) + 1):
        for number in FAILURES:
            disk = Disk.simulated()
            disk.fail("", nth, number)
            run(disk)
            assert stored(disk) == [7]
            disk.crash(nth)
            assert stored(disk)[-1] == 7


def test_an_append_is_lost_or_whole_wherever_its_end_is_cut() -> None:
    disk = Disk.simulated()
    log = Log(disk, "log")
    log.append("default", numbered(1), 1)
    good = disk.size(FIRST)
    log.append("default", numbered(2), 2)
    log.close()
    whole = disk.read(FIRST)
    for cut in range(good, len(whole) + 1):
        disk.replace(FIRST, whole[:cut])
        records, damaged, torn = read_generation(disk, FIRST)
        complete = cut == len(whole)
        assert [numbers(r[2]) for r in records] == [[1], [2]][: 1 + complete]
        assert (damaged, torn) == (0, 0 if complete else cut - good)
        again = Log(disk, "log")
        again.append("default", numbered(3), 3)
        assert stored(disk) == [1, 2, 3] if complete else [1, 3]
        disk.unlink("log/0000000000000002.log")


@given(st.data())
def test_a_damaged_middle_costs_the_records_it_lies_in(data: st.DataObject) -> None:
    disk = Disk.simulated()
    log = Log(disk, "log")
    ends = [0]
    for number in range(5):
        log.append("default", numbered(number), 1)
        ends.append(disk.size(FIRST))
    at = data.draw(st.integers(0, ends[4] - 1))
    image = bytearray(disk.read(FIRST))
    image[at] ^= data.draw(st.integers(1, 255))
    disk.replace(FIRST, bytes(image))
    records, damaged, torn = read_generation(disk, FIRST)
    hit = next(number for number in range(4) if at < ends[number + 1])
    assert [n for r in records for n in numbers(r[2])] == [n for n in range(5) if n != hit]
    assert (damaged, torn) == (ends[hit + 1] - ends[hit], 0)


def test_appends_wait_while_too_much_is_not_flushed_and_then_say_try_again() -> None:
    log = Log(Disk.simulated(), "log", max_unflushed_bytes=1000, max_wait_s=0)
    log.append("default", numbered(0, count=50), 1)
    assert log.unflushed_bytes > 1000
    with pytest.raises(BlockingIOError) as raised:
        log.append("default", numbered(1), 2)
    assert raised.value.errno == errno.EAGAIN
    assert log.counters()["refused"] == 1
    log.retire(log.rotate())
    log.append("default", numbered(1), 3)


def test_an_append_that_waits_goes_on_when_there_is_room() -> None:
    disk = Disk.simulated()
    log = Log(disk, "log", max_unflushed_bytes=1, max_wait_s=60)
    log.append("default", numbered(1), 1)
    waiting = threading.Thread(target=log.append, args=("default", numbered(2), 2))
    waiting.start()
    log.retire(log.rotate())
    waiting.join()
    assert stored(disk) == [2]


def test_what_a_crash_left_does_not_keep_a_start_from_taking_more() -> None:
    disk = Disk.simulated()
    log = Log(disk, "log", max_unflushed_bytes=3000)
    while log.unflushed_bytes < 3000:
        log.append("default", numbered(1), 1)
    again = Log(disk, "log", max_unflushed_bytes=3000, max_wait_s=0)
    again.append("default", numbered(2), 2)


def test_a_real_disk_that_takes_no_more_is_like_a_full_one(tmp_path: Path) -> None:
    script = """if True:
        import errno, resource, signal, sys
        sys.path[:] = sys.argv[2:]
        from otelier._core import Disk, Log
        from otelier.testing import items
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        log = Log(Disk.real(sys.argv[1]), "log")
        log.append("default", items("traces", 10), 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        try:
            log.append("default", items("traces", 100, first=100), 2)
        except OSError as error:
            assert error.errno == errno.EFBIG
        else:
            raise AssertionError("the file has grown beyond its limit")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        log.append("default", items("traces", 100, first=200), 3)
    """
    subprocess.run([sys.executable, "-c", script, str(tmp_path), *sys.path], check=True)
    assert stored(Disk.real(tmp_path)) == [*range(10), *range(200, 300)]
