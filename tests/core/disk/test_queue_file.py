"""A queue on disk: what was put and is not done is there, whatever happens; files stay about as large as that."""

import errno
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from otelier._core import Batch, Disk, QueueFile
from otelier.testing import items

from .stored import numbered, numbers

MIB = 1 << 20


def opened(disk: Disk, *, fsync: bool = True, cache_bytes: int = MIB) -> QueueFile:
    return QueueFile(disk, "queue", fsync=fsync, cache_bytes=cache_bytes)


@pytest.mark.parametrize("cache_bytes", [0, MIB])
def test_what_is_put_is_loaded_with_all_that_belongs_to_it(tmp_path: Path, cache_bytes: int) -> None:
    disk = Disk.real(tmp_path)
    batches = [items(signal, 3) for signal in ("traces", "metrics", "logs")]
    batches.append(Batch.join([numbered(1), numbered(2)]).with_metadata({"x-a": ("1", "2"), "é": (), "z": ("",)}))
    queue = opened(disk, cache_bytes=cache_bytes)
    keys = [queue.put(batch, 5) for batch in batches]
    assert [queue.load(key).to_otlp() for key in keys] == [batch.to_otlp() for batch in batches]
    queue.close()
    again = opened(disk, cache_bytes=cache_bytes)
    restored = again.restored()
    assert [r[1:] for r in restored] == [(b.signal, b.items, b.size_bytes, b.metadata) for b in batches]
    for (key, *_), batch in zip(restored, batches, strict=True):
        found = again.load(key)
        assert (found.to_otlp(), found.items, found.metadata) == (batch.to_otlp(), batch.items, batch.metadata)
    assert again.restored() == []


def test_what_is_done_is_not_restored() -> None:
    disk = Disk.simulated()
    queue = opened(disk)
    keys = [queue.put(numbered(number), 1) for number in range(5)]
    queue.done([keys[1], keys[3]])
    queue.done([keys[3], 99])
    with pytest.raises(FileNotFoundError):
        queue.load(keys[1])
    queue.close()
    again = opened(disk)
    assert [numbers(again.load(key)) for key, *_ in again.restored()] == [[0], [2], [4]]


def test_files_go_when_nothing_in_them_is_alive(tmp_path: Path) -> None:
    queue = opened(Disk.real(tmp_path), fsync=False)
    large = items("logs", 1).with_metadata({"filler": ("x" * (8 * MIB),)})
    for _ in range(12):
        queue.done([queue.put(large, 1)])
    assert queue.disk_bytes < 64 * MIB


def test_one_that_stays_does_not_keep_the_files_of_all_that_went(tmp_path: Path) -> None:
    disk = Disk.real(tmp_path)
    queue = opened(disk, fsync=False)
    stays = queue.put(numbered(7), 1)
    large = items("logs", 1).with_metadata({"filler": ("x" * (16 * MIB),)})
    for _ in range(20):
        queue.done([queue.put(large, 1)])
    assert queue.disk_bytes < 200 * MIB
    assert numbers(queue.load(stays)) == [7]
    queue.close()
    again = opened(disk)
    assert [numbers(again.load(key)) for key, *_ in again.restored()] == [[7]]


def test_many_threads_put_and_end(tmp_path: Path) -> None:
    disk = Disk.real(tmp_path)
    queue = opened(disk, fsync=False, cache_bytes=100_000)

    def run(first: int) -> None:
        filler = {"filler": ("x" * MIB,)}
        for number in range(first, first + 40):
            key = queue.put(numbered(number).with_metadata(filler), 1)
            assert numbers(queue.load(key)) == [number]
            if number % 10:
                queue.done([key])

    threads = [threading.Thread(target=run, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.close()
    again = opened(disk)
    left = sorted(numbers(again.load(key))[0] for key, *_ in again.restored())
    assert left == [100 * n + at for n in range(4) for at in range(0, 40, 10)]


def test_a_damaged_item_costs_only_itself() -> None:
    disk = Disk.simulated()
    queue = opened(disk)
    for number in range(3):
        queue.put(numbered(number), 1)
    queue.close()
    (name,) = disk.list("queue")
    image = bytearray(disk.read(f"queue/{name}"))
    image[len(image) // 2] ^= 1
    disk.replace(f"queue/{name}", bytes(image))
    again = opened(disk)
    assert [numbers(again.load(key)) for key, *_ in again.restored()] == [[0], [2]]
    assert again.damaged_bytes == len(image) // 3


class QueueOnALosingDisk(RuleBasedStateMachine):
    """What was put and not done is there after every crash; what is done may come back, but nothing else does."""

    @initialize()
    def begin(self) -> None:
        self.disk = Disk.simulated()
        self.queue: QueueFile | None = None
        self.next = 0
        self.alive: dict[int, int] = {}
        """Numbers by key."""
        self.kept: set[int] = set()
        self.ended: set[int] = set()
        self.refused: set[int] = set()

    def opened(self) -> QueueFile | None:
        if self.queue is None:
            with suppress(OSError):
                self.queue = opened(self.disk, cache_bytes=500)
                restored = [(key, numbers(self.queue.load(key))) for key, *_ in self.queue.restored()]
                self.alive = {key: number for key, (number,) in restored}
                found = list(self.alive.values())
                assert len(set(found)) == len(found)
                assert self.kept <= set(found) <= self.kept | self.ended | self.refused
                # From now on they are what it has told, so they are kept.
                self.kept = set(found)
        return self.queue

    @rule()
    def put(self) -> None:
        self.next += 1
        if queue := self.opened():
            try:
                self.alive[queue.put(numbered(self.next), 1)] = self.next
                self.kept.add(self.next)
            except OSError:
                self.refused.add(self.next)

    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        if (queue := self.opened()) and self.alive:
            keys = data.draw(st.lists(st.sampled_from(sorted(self.alive)), unique=True, max_size=4))
            queue.done(keys)
            for key in keys:
                number = self.alive.pop(key)
                self.kept.discard(number)
                self.ended.add(number)

    @rule(place=st.sampled_from(["", "write", "sync ", "sync_dir", "create", "unlink"]), nth=st.integers(1, 3))
    def fail(self, place: str, nth: int) -> None:
        self.disk.fail(place, nth, errno.ENOSPC if nth % 2 else errno.EIO)

    @rule(seed=st.integers(0, 2**64 - 1))
    def crash(self, seed: int) -> None:
        self.disk.crash(seed)
        self.queue = None

    @invariant()
    def everything_alive_can_be_loaded(self) -> None:
        if self.queue:
            assert all(numbers(self.queue.load(key)) == [number] for key, number in self.alive.items())


QueueOnALosingDisk.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestQueue = QueueOnALosingDisk.TestCase
