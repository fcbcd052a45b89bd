"""Segments that were made beside the store and are to be taken in: what an import writes, also while it is open.

`incoming/<tenant>/` holds their files. `incoming/<name>.ready` names them once all are durable. Whoever writes the
store copies the files to where segments stand, names them in the manifest, puts an answer beside, and unlinks what it
has taken. A crash in between costs nothing: until the manifest names a segment, its files are still here.
"""

import logging
from pathlib import Path

import msgspec

from ..._core import Disk
from ...component import Clock, Duration
from ..directory import LOCK, METRICS
from ..segmented.files import SEGMENTS, names_in, unlink_all
from ..segmented.lock import holder
from ..segmented.manifest import State, Step
from ..segmented.requests import Requests
from ..segmented.retention import is_over
from .segment import SERIES, SeriesSegment

INCOMING = "incoming"
IMPORTED = "imported"
"""The list of what was imported as a whole, by name."""
_WAIT_S = 120.0
_MS = 10**6
_log = logging.getLogger("otelier.store")


class Ready(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be taken in. Paths are those that the segments will have."""

    segments: tuple[SeriesSegment, ...]
    sources: tuple[str, ...] = ()
    """Names of what they were made of, such as the ULID of a block."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of it."""

    expired: tuple[str, ...] = ()
    """Paths of segments that were left out because retention would delete them at once."""
    max_age_s: float = 0
    """Of retention; 0: for ever."""


OFFERS = Requests(INCOMING, ".ready", Answer)
"""What is ready, asked to be taken in."""


def written_at(path: str) -> str:
    """Where a file of a segment is before it is taken in."""
    return INCOMING + path.removeprefix(SEGMENTS)


def imported(disk: Disk) -> frozenset[str]:
    """Names of what was imported. Raises OSError."""
    try:
        return frozenset(msgspec.json.decode(disk.read(IMPORTED), type=list[str]))
    except (FileNotFoundError, msgspec.MsgspecError):
        return frozenset()


def _read(disk: Disk, name: str) -> Ready | None:
    path = name + OFFERS.suffix
    try:
        return msgspec.json.decode(disk.read(path), type=Ready)
    except msgspec.MsgspecError as error:
        _log.error("%s can't be read: %s", path.removeprefix(f"{INCOMING}/"), error)
        return None


class Incoming:
    """The writer's side; one thread at a time."""

    def __init__(self, disk: Disk, clock: Clock, max_age: Duration) -> None:
        self._disk = disk
        self._clock = clock
        self._max_age = max_age

    def next_step(self, state: State[SeriesSegment]) -> "tuple[Step[SeriesSegment], Taking] | None":
        """The step that names the next ones, whose files are where segments stand; None if nothing waits.

        Raises OSError.
        """
        for name in OFFERS.waiting(self._disk, self._clock):
            if (ready := _read(self._disk, name)) is None:
                continue
            now_ns = self._clock.time_ns()
            new = [each for each in ready.segments if each.path not in state.segments]
            expired = [each for each in new if is_over(now_ns - each.max_ms * _MS, self._max_age)]
            there = [each for each in new if each not in expired and self._copy(each)]
            add = (msgspec.structs.replace(each, generation=state.retired, written_ns=now_ns) for each in there)
            answer = Answer(expired=tuple(each.path for each in expired), max_age_s=float(self._max_age))
            return Step(add=tuple(add)), Taking(self._disk, name, ready, answer)
        return None

    def _copy(self, segment: SeriesSegment) -> bool:
        """False if its files are not here any more: then it was taken in before, and merged."""
        if not self._disk.exists(written_at(segment.path)):
            return False
        self._disk.create_dir(segment.path.rpartition("/")[0])
        for path in reversed(SERIES.files(segment.path)):
            if self._disk.exists(written_at(path)):
                self._disk.replace(path, self._disk.read(written_at(path)))
        return True


class Taking:
    """One that is being taken in: what is left when the manifest names it."""

    def __init__(self, disk: Disk, name: str, ready: Ready, answer: Answer) -> None:
        self._disk = disk
        self._name = name
        self._ready = ready
        self.answer = answer

    def done(self) -> None:
        """Note what was imported, and answer. Raises OSError; then it is done again."""
        if self._ready.sources and not self.answer.expired:
            names = sorted(imported(self._disk) | set(self._ready.sources))
            self._disk.replace(IMPORTED, msgspec.json.encode(names))
        OFFERS.done(self._disk, self._name, self.answer)
        unlink_all(self._disk, [written_at(path) for each in self._ready.segments for path in SERIES.files(each.path)])


def wait_for(root: Path, disk: Disk, name: str) -> Answer | None:
    """The answer of the process that writes `root`; None if there is none. Raises DataDirectoryError, OSError."""
    late = (
        f"the process that writes {root / METRICS} has not taken in what is ready within {_WAIT_S:g} s; it does later"
    )
    return OFFERS.wait_for(disk, name, _WAIT_S, late, lambda: holder(root) is None)


def clear(disk: Disk, clock: Clock) -> None:
    """Unlink what an import that was cut short has left; only for who has the lock of imports. Raises OSError."""
    offered = (_read(disk, name) for name in OFFERS.waiting(disk, clock))
    segments = (segment for ready in offered if ready for segment in ready.segments)
    wanted = {written_at(path) for each in segments for path in SERIES.files(each.path)}
    for name in names_in(disk, INCOMING):
        folder = f"{INCOMING}/{name}"
        if "." not in name and name != LOCK:
            unlink_all(disk, [path for each in names_in(disk, folder) if (path := f"{folder}/{each}") not in wanted])
