"""What an append promises, and what becomes of generations."""

import os
import stat
import threading
from pathlib import Path

import pytest

from otelier._core import Batch, Disk, Log, read_generation
from otelier.testing import items

from .stored import numbered, stored


def test_what_is_appended_is_found_as_it_came(tmp_path: Path) -> None:
    disk = Disk.real(tmp_path)
    log = Log(disk, "log")
    batches = [items(signal, 3) for signal in ("traces", "metrics", "logs")]
    batches.append(Batch.join([items("logs", 2), items("logs", 2, first=7)]))
    for number, batch in enumerate(batches):
        log.append(f"Tenant_{number}-x", batch, 100 + number)
    assert log.rotate() == 1
    records, damaged, torn = read_generation(disk, "log/0000000000000001.log")
    assert (damaged, torn) == (0, 0)
    assert [(r[0], r[1], r[3], r[4], r[5]) for r in records] == [
        ("telemetry", f"Tenant_{number}-x", 100 + number, 100 + number, 0) for number in range(4)
    ]
    assert [r[2].signal for r in records] == ["traces", "metrics", "logs", "logs"]
    assert [(r[2].items, r[2].to_otlp()) for r in records] == [(b.items, b.to_otlp()) for b in batches]


@pytest.mark.parametrize("tenant", ["", "../b", "a/b", "a.b", "é", "x" * 64])
def test_a_tenant_that_is_no_name_of_a_folder_is_refused(tmp_path: Path, tenant: str) -> None:
    log = Log(Disk.real(tmp_path), "log")
    with pytest.raises(ValueError, match="tenant"):
        log.append(tenant, numbered(1), 1)


def test_files_are_private(tmp_path: Path) -> None:
    log = Log(Disk.real(tmp_path / "new" / "data"), "log")
    log.append("default", numbered(1), 1)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "new").rglob("*")}
    assert modes == {"data": 0o700, "log": 0o700, "0000000000000001.log": 0o600}


def test_a_log_that_is_opened_again_goes_on_in_a_new_generation() -> None:
    disk = Disk.simulated()
    Log(disk, "log").append("default", numbered(1), 7)
    log = Log(disk, "log")
    assert [number for number, _ in log.generations()] == [1]
    assert (log.oldest_ns, log.unflushed_bytes) == (7, disk.size("log/0000000000000001.log"))
    log.append("default", numbered(2), 9)
    assert [number for number, _ in log.generations()] == [1, 2]
    assert stored(disk) == [1, 2]


def test_a_retired_number_is_not_used_again_though_its_file_is_gone() -> None:
    disk = Disk.simulated()
    log = Log(disk, "log")
    log.append("default", numbered(1), 1)
    log.retire(log.rotate())
    assert disk.list("log") == []
    again = Log(disk, "log", retired=1)
    again.append("default", numbered(2), 2)
    assert [number for number, _ in again.generations()] == [2]


def test_what_is_retired_is_gone_and_what_is_open_can_t_be() -> None:
    disk = Disk.simulated()
    log = Log(disk, "log")
    assert log.rotate() == 0
    for number in (1, 2, 3):
        log.append("default", numbered(number), number)
        if number < 3:
            assert log.rotate() == number
    assert log.rotate() == log.rotate() == 3
    log.append("default", numbered(4), 4)
    with pytest.raises(ValueError, match="not sealed"):
        log.retire(4)
    log.retire(2)
    assert (stored(disk), log.oldest_ns) == ([3, 4], 3)
    assert log.unflushed_bytes == sum(disk.size(f"log/{name}") for name in disk.list("log"))


def test_threads_that_append_together_share_syncs(tmp_path: Path) -> None:
    disk = Disk.real(tmp_path, trace=True)
    log = Log(disk, "log")
    threads, each = 8, 40
    batches = [[numbered(thread * each + number) for number in range(each)] for thread in range(threads)]

    def run(mine: list[Batch]) -> None:
        for batch in mine:
            log.append("default", batch, 1)

    running = [threading.Thread(target=run, args=(mine,)) for mine in batches]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert sorted(stored(disk)) == list(range(threads * each))
    syncs = sum(name.startswith("sync log/") for name in disk.operations())
    assert syncs == log.counters()["syncs"] < threads * each


def test_no_record_comes_into_a_generation_once_it_is_sealed(tmp_path: Path) -> None:
    disk = Disk.real(tmp_path)
    log = Log(disk, "log")
    stop = threading.Event()

    def run(first: int) -> None:
        for number in range(first, first + 10_000):
            if stop.is_set():
                return
            log.append("default", numbered(number), 1)

    running = [threading.Thread(target=run, args=(first,)) for first in (0, 10_000)]
    for thread in running:
        thread.start()
    sizes: dict[str, int] = {}
    for _ in range(30):
        last = log.rotate()
        names = [name for name in disk.list("log") if int(name.split(".")[0]) <= last]
        now = {name: disk.size(f"log/{name}") for name in names}
        assert sizes.items() <= now.items()
        sizes = now
    stop.set()
    for thread in running:
        thread.join()
    assert dict(log.generations()).keys() == {int(name.split(".")[0]) for name in disk.list("log")}
    assert len(set(stored(disk))) == len(stored(disk))


@pytest.mark.parametrize("sync", ["interval", "never"])
def test_without_commit_an_append_is_written_and_not_synced(sync: str) -> None:
    disk = Disk.simulated()
    log = Log(disk, "log", sync=sync, interval_s=3600)  # type: ignore[arg-type]
    log.append("default", numbered(1), 1)
    assert stored(disk) == [1]
    assert not [name for name in disk.operations() if name.startswith("sync log/")]
    log.close()
    assert len([name for name in disk.operations() if name.startswith("sync log/")]) == (sync == "interval")


def test_with_an_interval_a_thread_makes_it_durable() -> None:
    disk = Disk.simulated()
    log = Log(disk, "log", sync="interval", interval_s=0.001)
    log.append("default", numbered(1), 1)
    while log.counters()["syncs"] == 0:
        os.sched_yield()
    log.rotate()
    disk.crash(0)
    assert stored(disk) == [1]


def test_a_closed_log_takes_nothing() -> None:
    log = Log(Disk.simulated(), "log")
    log.close()
    with pytest.raises(OSError, match="closed"):
        log.append("default", numbered(1), 1)
    log.close()
