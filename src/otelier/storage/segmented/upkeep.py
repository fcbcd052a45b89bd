"""What a store does beside taking things in: merge small segments, delete by retention, unlink what readers let go of.

Deleting is two steps. The manifest forgets a segment, then, when readers have had time to notice, its files go.
"""

import errno
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..._core import Disk
from ...component import Clock
from ..settings import RetentionSettings
from .backoff import Backoff
from .counters import Counters
from .files import quarantine_all, unlink_all
from .flush import Flusher
from .kind import Built, Kind
from .manifest import Manifest, State, Step, Stored
from .recovery import note_replacing
from .retention import RetentionClock, expired

_log = logging.getLogger("otelier.store")
EVERY_S = 1.0
_GRACE_S = 30.0
"""Readers look at the manifest every second; a query that has begun may go on reading for so long."""
_RETENTION_S = 60.0
_AGAIN_S, _LONGEST_S = 2.0, 60.0
"""Pauses after a failure: the first, and the longest."""
_LOOKS = 2
"""So many segments are looked at each time."""
_REST = 3.0
"""After a merge comes a rest so many times as long: merging takes a quarter of a core at most."""


@dataclass(frozen=True, slots=True)
class _Removed:
    path: str
    due: float
    """Monotonic seconds."""


S = TypeVar("S", bound=Stored)


class Upkeep(ABC, Generic[S]):
    """Called every `EVERY_S` seconds; works for one thread at a time, and shares `building` with the flusher."""

    def __init__(
        self,
        disk: Disk,
        kind: Kind[S],
        manifest: Manifest[S],
        flusher: Flusher[S],
        clock: Clock,
        retention: RetentionSettings,
        counters: Counters,
        building: threading.Lock,
        elsewhere: Callable[[str], bool],
    ) -> None:
        """`elsewhere`: whether a segment need not be on the disk, because a bucket has it."""
        self._elsewhere = elsewhere
        self._disk = disk
        self._kind = kind
        self._manifest = manifest
        self._flusher = flusher
        self._clock = clock
        self._retention = retention
        self._counters = counters
        self._building = building
        self._time = RetentionClock(clock)
        self._removed: list[_Removed] = []
        self._next_retention = clock.monotonic()
        self._next_merge = clock.monotonic()
        self._backoff = Backoff(clock, _AGAIN_S, _LONGEST_S)
        self._untidy = False
        self._avoid: set[str] = set()
        """Segments that the disk could not read."""
        self._to_look_at: list[str] = []
        self._followed: State[S] | None = None
        """What was last followed here; at first that may be many segments."""
        self._at_work = threading.RLock()

    @abstractmethod
    def merge(self, group: list[S]) -> Built[S]:
        """Write what these hold into other segments, durable on return. Raises OSError, ValueError."""

    def follow(self, state: State[S]) -> None:
        """Told of each new state."""

    def look(self, state: State[S]) -> None:
        """Now and then, and at first: whether what follows is in step."""
        if self._followed is not state:
            self.follow(state)
            self._followed = state

    def others(self) -> None:
        """Whatever else is due, before segments are merged. Raises OSError."""

    def may_merge(self) -> bool:
        """Whether segments may be merged now."""
        return True

    def afterwards(self) -> None:
        """Whatever else is due, and must not keep segments from being merged. Raises OSError."""

    def expired(self, now_ns: int) -> dict[str, str]:
        """What retention deletes now: path → reason."""
        return expired(self._kind.ages(self._manifest.state.segments.values(), now_ns), self._retention)

    def attempt(self, *, calm: bool) -> None:
        """Do what is due; merge only while it is `calm`. Never raises; nothing is done in the pause after a failure."""
        if not self._backoff.is_over:
            return
        try:
            with self._at_work:
                self._do_due(calm)
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, "error")
            self._counters.retries.add(1, operation="upkeep", reason=reason)
            if self._backoff.failed(reason):
                _log.warning("upkeep of the store failed: %s; trying again until it succeeds", error)
        except BaseException:  # noqa: BLE001 (a panic, too: the store goes on)
            self._counters.retries.add(1, operation="upkeep", reason="defect")
            if self._backoff.failed("defect"):
                _log.exception("upkeep of the store failed, trying again until it succeeds")
        else:
            if self._backoff.succeeded():
                _log.warning("upkeep of the store succeeds again")

    def _do_due(self, calm: bool) -> None:
        self._unlink_due()
        self._tidy()
        self.look(self._manifest.state)
        self._look_at_some()
        now = self._clock.monotonic()
        if now >= self._next_retention:
            self._next_retention = now + _RETENTION_S
            self.retain()
        self.others()
        if calm and now >= self._next_merge:
            self._merge_some()
        self.afterwards()

    def retain(self) -> None:
        """Delete what retention says. Raises OSError."""
        segments = self._manifest.state.segments
        due = self.expired(self._time.time_ns())
        if not due:
            return
        self.forget(due)
        for path, reason in due.items():
            segment = segments[path]
            self._counters.deleted.add(1, reason=reason)
            items = self._kind.items(segment)
            self._counters.deleted_items.add(items, signal=self._kind.signal(segment), reason=reason)
        items = sum(self._kind.items(segments[path]) for path in due)
        _log.info("retention deletes %d segments, %d items", len(due), items)

    def merge_some(self) -> bool:
        """Merge one group of segments, if there is one; whether there was. Raises OSError."""
        with self._at_work:
            self.others()
            return self._merge_some()

    def _merge_some(self) -> bool:
        sound = (each for each in self._manifest.state.segments.values() if each.path not in self._avoid)
        group = self._kind.choose(sound, self._time.time_ns())
        # Asked once it is known which: what comes to forbid it after that knows these.
        if not group or not self.may_merge():
            return False
        self.rewrite(group, "merged", self.merge)
        return True

    def rewrite(self, group: list[S], reason: str, work: Callable[[list[S]], Built[S]]) -> bool:
        """Put in the place of these segments what `work` makes of them. Raises OSError.

        Not if some can't be read: they are set aside, or avoided from now on.
        """
        began = self._clock.monotonic()
        paths = [each.path for each in group]
        news = not self._avoid.issuperset(paths)
        self._untidy = True
        try:
            done = work(group)
        except (OSError, ValueError) as error:
            if not self.set_damaged_aside(group):
                raise
            if news:
                _log.warning("can't merge %d segments: %s; going on without the damaged ones", len(group), error)
            return False
        self.forget(paths, add=done.segments)
        self._untidy = False
        self._counters.duplicates.add(done.duplicates)
        self._counters.merge_seconds.record(self.rest_after(began))
        self._counters.deleted.add(len(paths), reason=reason)
        return True

    def rest_after(self, began: float) -> float:
        """No merge for a while after work that began then, in monotonic seconds; how long it took."""
        took = self._clock.monotonic() - began
        self._next_merge = began + took * (1 + _REST)
        return took

    def forget(self, paths: Iterable[str], add: tuple[S, ...] = ()) -> None:
        """The manifest forgets these segments now; their files go later. Raises OSError."""
        gone = tuple(paths)
        step = Step(add=add, remove=gone)
        if add:
            note_replacing(self._disk, step)
        state = self._manifest.apply(step)
        due = self._clock.monotonic() + _GRACE_S
        self._removed += [_Removed(path, due) for path in gone]
        self.follow(state)

    def close(self) -> None:
        """Unlink what was forgotten: the writer ends, and with it whoever it let read."""
        try:
            self._unlink(self._removed)
        except OSError as error:
            _log.warning("can't unlink segments that are merged or too old: %s; the next start does", error)
        self._removed = []

    def _unlink_due(self) -> None:
        now = self._clock.monotonic()
        due = [each for each in self._removed if each.due <= now]
        self._unlink(due)
        self._removed = [each for each in self._removed if each.due > now]

    def _unlink(self, removed: Iterable[_Removed]) -> None:
        for each in removed:
            unlink_all(self._disk, self._kind.files(each.path))

    def _tidy(self) -> None:
        """Remove what failed work has left, unless a flush is writing just now."""
        if not (self._untidy or self._flusher.untidy) or not self._building.acquire(blocking=False):
            return
        try:
            self._manifest.settle()
            waiting = {each.path for each in self._removed}
            unlink_all(self._disk, self._kind.leftovers(self._disk, self._manifest.state, waiting))
            self._untidy = self._flusher.untidy = False
        finally:
            self._building.release()

    def _look_at_some(self) -> None:
        """One that is gone or has a damaged index fails each query that meets it, so all are looked at in turn."""
        segments = self._manifest.state.segments
        if not self._to_look_at:
            self._to_look_at = list(segments)
        for path in self._to_look_at[-_LOOKS:]:
            if path in segments and (problem := self._quick_problem(path)):
                self._set_aside({path: problem})
        del self._to_look_at[-_LOOKS:]

    def _quick_problem(self, path: str) -> str:
        if self._elsewhere(path) and not all(map(self._disk.exists, self._kind.needed(path))):
            return ""
        try:
            self._kind.glance(self._disk, path)
        except FileNotFoundError:
            return "its index is gone"
        except ValueError as error:
            return str(error)
        except OSError as error:
            _log.warning("can't read the index of %s: %s", path, error)
        return "" if all(map(self._disk.exists, self._kind.needed(path))) else "it is gone"

    def set_damaged_aside(self, group: list[S]) -> bool:
        """Whether any of them can't be read: they must not be merged again and again."""
        damaged, unreadable = dict[str, str](), set[str]()
        for each in group:
            try:
                if problem := self._kind.verify(self._disk, each.path):
                    damaged[each.path] = problem
            except FileNotFoundError:
                damaged[each.path] = "it or its index is gone"
            except OSError as error:  # the disk's fault, which may pass: not to be merged in this life
                if each.path not in self._avoid:
                    _log.error("can't read %s: %s", each.path, error)
                unreadable.add(each.path)
        self._avoid |= {path for path in unreadable if self._disk.exists(path)}
        if damaged:
            self._set_aside(damaged)
        return bool(damaged or unreadable)

    def _set_aside(self, damaged: dict[str, str]) -> None:
        """What is left of them is kept in quarantine, and queries and merges go on without them."""
        for path, problem in damaged.items():
            segment = self._manifest.state.segments[path]
            kept = quarantine_all(self._disk, self._kind.files(path))
            self._counters.damaged_bytes.add(segment.bytes, where="segments")
            _log.error("%s with %d items is damaged (%s); kept as %s", path, self._kind.items(segment), problem, kept)
        self.forget(damaged)
