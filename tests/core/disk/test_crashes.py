"""Whatever is done and fails, whenever the power goes: what was acknowledged is there, once, and nothing else."""

import errno
from collections import Counter
from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from otelier._core import Disk, Log, Records, read_generation

from .stored import numbered, numbers

SEEDS = st.integers(0, 2**64 - 1)
ERRORS = st.sampled_from([errno.ENOSPC, errno.EIO])
PLACES = st.sampled_from(["", "write", "sync ", "sync_dir", "create", "truncate", "rename", "unlink"])


class LogOnALosingDisk(RuleBasedStateMachine):
    """Each append has spans of numbers of its own; `kept` says in which generation they were acknowledged."""

    @initialize()
    def begin(self) -> None:
        self.disk = Disk.simulated()
        self.log: Log | None = Log(self.disk, "log")
        self.next = 1
        self.retired = 0
        self.kept: dict[int, int] = {}
        self.refused: set[int] = set()

    def opened(self) -> Log | None:
        """After a crash it may take several attempts, if calls fail."""
        with suppress(OSError):
            self.log = self.log or Log(self.disk, "log", retired=self.retired)
            self.log.retire(self.retired)
        return self.log

    @rule(count=st.sampled_from([1, 1, 2, 30]))
    def append(self, count: int) -> None:
        new = range(self.next, self.next + count)
        self.next += count
        try:
            if log := self.opened():
                log.append("default", numbered(new[0], count), 1)
                self.kept |= dict.fromkeys(new, log.generations()[-1][0])
        except OSError:
            self.refused.update(new)

    @rule()
    def rotate(self) -> None:
        if log := self.opened():
            assert log.rotate() >= max(self.kept.values(), default=0)

    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        if (log := self.opened()) and (sealed := [number for number, _ in log.generations()][:-1]):
            # The manifest says so first; a removal that fails is made up for later.
            self.retired = max(self.retired, data.draw(st.sampled_from(sealed)))
            with suppress(OSError):
                log.retire(self.retired)

    @rule(place=PLACES, nth=st.integers(1, 3), number=ERRORS)
    def fail(self, place: str, nth: int, number: int) -> None:
        self.disk.fail(place, nth, number)

    @rule(seed=SEEDS)
    def crash(self, seed: int) -> None:
        self.disk.crash(seed)
        self.log = None

    @invariant()
    def everything_acknowledged_is_there_once(self) -> None:
        found: Counter[int] = Counter()
        names = self.disk.list("log") if self.disk.exists("log") else []
        # A kill may leave `trial`, which a full disk is tried with.
        for name in (name for name in names if name.endswith(".log")):
            if (number := int(name.removesuffix(".log"))) > self.retired:
                for record in read_generation(self.disk, f"log/{name}")[0]:
                    found.update(numbers(record[2]))
                    for each in numbers(record[2]):
                        assert self.kept.get(each, number) == number
        expected = {number for number, generation in self.kept.items() if generation > self.retired}
        assert expected <= found.keys() <= expected | self.refused
        assert set(found.values()) <= {1}


class RecordsOnALosingDisk(RuleBasedStateMachine):
    """`possible` are the contents that the file may have: one, unless a call failed that could have gone either way."""

    @initialize()
    def begin(self) -> None:
        self.disk = Disk.simulated()
        self.records: Records | None = None
        self.possible: list[list[bytes]] = [[]]
        self.next = 0

    def opened(self) -> Records | None:
        if self.records is None:
            try:
                self.records = Records(self.disk, "some/records")
            except OSError:
                return None
            assert self.records.records in self.possible
            assert self.records.damage == ""
            self.possible = [self.records.records]
        return self.records

    @rule(size=st.sampled_from([0, 1, 600, 3000]))
    def append(self, size: int) -> None:
        body = self.body(size)
        if records := self.opened():
            try:
                records.append(body)
                # Where a failure had left open what the file holds, this would have failed.
                self.possible = [[*self.possible[0], body]]
            except OSError:
                self.possible.append([*self.possible[0], body])

    @rule(size=st.sampled_from([0, 700]), count=st.integers(0, 3))
    def rewrite(self, size: int, count: int) -> None:
        bodies = [self.body(size) for _ in range(count)]
        if records := self.opened():
            try:
                records.rewrite(bodies)
                self.possible = [bodies]
            except OSError:
                self.possible.append(bodies)

    @rule(place=PLACES, nth=st.integers(1, 3), number=ERRORS)
    def fail(self, place: str, nth: int, number: int) -> None:
        self.disk.fail(place, nth, number)

    @precondition(lambda self: self.records is not None)
    @rule()
    def open_again(self) -> None:
        self.records = None
        self.opened()

    @rule(seed=SEEDS)
    def crash(self, seed: int) -> None:
        self.disk.crash(seed)
        self.records = None

    def body(self, size: int) -> bytes:
        self.next += 1
        return str(self.next).encode() + b"OTR0" * (size // 4)


LogOnALosingDisk.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
RecordsOnALosingDisk.TestCase.settings = settings(max_examples=120, stateful_step_count=40)
TestLog = LogOnALosingDisk.TestCase
TestRecords = RecordsOnALosingDisk.TestCase
