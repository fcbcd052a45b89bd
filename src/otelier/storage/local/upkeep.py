"""What a store does beside taking things in: merge small segments, delete by retention, unlink what readers let go of.

Deleting is two steps. The manifest forgets a segment, then, when readers have had time to notice, its files go.
"""

import errno
import logging
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import msgspec

from ..._core import Disk, merge, verify_segment
from ...component import Clock
from . import compaction
from .catalogue import Catalogue
from .counters import StoreCounters
from .deletion import Deleted, Deletion, UnreadableError
from .flush import Flusher, written
from .layout import QUARANTINE, index_of
from .manifest import Manifest, Segment, State, Step
from .recovery import leftovers, note_replacing, quarantine_all, unlink_all
from .requests import DeleteTraces, Inbox
from .retention import RetentionClock, due
from .settings import StoreSettings
from .summary import read_summary
from .thinning import Thinning, batch_of

_log = logging.getLogger("otelier.store")
EVERY_S = 1.0
_GRACE_S = 30.0
"""Readers look at the manifest every second; a query that has begun may go on reading for so long."""
_RETENTION_S = 60.0
_LOOKS = 2
"""So many segments are looked at each time."""
_REST = 3.0
"""After a merge comes a rest so many times as long: merging takes a quarter of a core at most."""


@dataclass(frozen=True, slots=True)
class _Removed:
    path: str
    due: float
    """Monotonic seconds."""


class Upkeep:
    """Called every `EVERY_S` seconds; works for one thread at a time, and shares `building` with the flusher."""

    def __init__(
        self,
        disk: Disk,
        manifest: Manifest,
        catalogue: Catalogue,
        flusher: Flusher,
        clock: Clock,
        settings: StoreSettings,
        counters: StoreCounters,
        building: threading.Lock,
        elsewhere: Callable[[str], bool],
    ) -> None:
        """`elsewhere`: whether a segment need not be on the disk, because a bucket has it."""
        self._elsewhere = elsewhere
        self._disk = disk
        self._manifest = manifest
        self._catalogue = catalogue
        self._flusher = flusher
        self._clock = clock
        self._settings = settings
        self._counters = counters
        self._building = building
        self._time = RetentionClock(clock)
        self._removed: list[_Removed] = []
        self._next_retention = clock.monotonic()
        self._next_merge = clock.monotonic()
        self._untidy = False
        self._avoid: set[str] = set()
        """Segments that the disk could not read."""
        self._to_look_at: list[str] = []
        self._followed: State | None = None
        """What the catalogue was last brought in step with here; at first that may be many segments."""
        self._at_work = threading.RLock()
        self._deletion = Deletion(disk, manifest, flusher, building, counters, self.forget)
        self._thinning = Thinning(disk, manifest, counters, self.forget)
        self._to_thin: dict[str, str] = {}
        """Path to reason, as of the last look at retention."""
        self._inbox = Inbox(disk, clock, self._delete_requested)

    def attempt(self, *, calm: bool) -> None:
        """Do what is due; merge only while it is `calm`. Never raises."""
        try:
            with self._at_work:
                self._do_due(calm)
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, "error")
            self._counters.retries.add(1, operation="upkeep", reason=reason)
            self._next_merge = self._clock.monotonic() + _GRACE_S
            _log.warning("upkeep of the store failed, trying again: %s", error)
        except BaseException:  # noqa: BLE001 (a panic, too: the store goes on)
            self._counters.retries.add(1, operation="upkeep", reason="defect")
            self._next_merge = self._clock.monotonic() + _RETENTION_S
            _log.exception("upkeep of the store failed, trying again")

    def _do_due(self, calm: bool) -> None:
        self._unlink_due()
        self._tidy()
        self._catalogue.check(self._manifest.state)
        if self._followed is not (state := self._manifest.state):
            self._catalogue.follow(state)
            self._followed = state
        self._look_at_some()
        now = self._clock.monotonic()
        if now >= self._next_retention:
            self._next_retention = now + _RETENTION_S
            self.retain()
        if calm and now >= self._next_merge and not self.thin_some():
            self.merge_some()
        self._inbox.work_off()

    def retain(self) -> None:
        """Delete what retention says. Raises OSError."""
        segments = self._manifest.state.segments
        found = due(segments.values(), self._time.time_ns(), self._settings.retention)
        self._to_thin = found.thin
        if not found.delete:
            return
        self.forget(found.delete)
        for path, reason in found.delete.items():
            self._counters.deleted.add(1, reason=reason)
            self._counters.deleted_items.add(segments[path].rows, signal=segments[path].signal, reason=reason)
        rows = sum(segments[path].rows for path in found.delete)
        _log.info("retention deletes %d segments, %d items", len(found.delete), rows)

    def thin_some(self) -> bool:
        """Thin some of the segments that are due, if there are any; whether there were. Raises OSError."""
        with self._at_work:
            state, important = self._manifest.state, self._settings.retention.important
            batch = batch_of(state.segments[path] for path in self._to_thin if path in state.segments)
            if not batch or not important:
                return False
            began, self._untidy = self._clock.monotonic(), True
            try:
                self._thinning.thin(batch, important, self._to_thin)
            except UnreadableError as error:
                if not self._set_damaged_aside([error.segment]):
                    raise
            self._untidy = False
            self._next_merge = began + (self._clock.monotonic() - began) * (1 + _REST)
            return True

    def delete(self, tenant: str, trace_ids: Collection[bytes], *, logs: bool) -> Deleted:
        """Delete traces, with `logs` their log records, too. Raises OSError; ValueError for damaged segments."""
        with self._at_work:
            before, self._untidy = self._untidy, True
            try:
                deleted = self._deletion.delete(tenant, trace_ids, self._clock.time_ns(), logs=logs)
            except UnreadableError as error:
                if not self._set_damaged_aside([error.segment]):
                    raise
                raise ValueError(f"{error}; what is left of it is kept in {QUARANTINE}/; ask again") from error
            self._untidy = before
            return deleted

    def _delete_requested(self, request: DeleteTraces) -> Deleted:
        return self.delete(request.tenant, request.ids(), logs=request.logs)

    def merge_some(self) -> bool:
        """Merge one group of segments, if there is one; whether there was. Raises OSError."""
        with self._at_work:
            return self._merge_some()

    def _merge_some(self) -> bool:
        group = compaction.choose(
            each for each in self._manifest.state.segments.values() if each.path not in self._avoid
        )
        if not group:
            return False
        began = self._clock.monotonic()
        paths = [each.path for each in group]
        self._untidy = True
        try:
            done = merge(self._disk, group[0].tenant, group[0].signal, paths)
        except (OSError, ValueError) as error:
            if not self._set_damaged_aside(group):
                raise
            _log.warning("can't merge %d segments: %s; going on without the damaged ones", len(group), error)
            return True
        newest = max(group, key=lambda each: each.generation)
        # In the order of things the result stands where the youngest of its parts stood.
        merged = (written(body, newest.generation, newest.written_ns) for body in done.segments)
        added = tuple(msgspec.structs.replace(each, important=newest.important) for each in merged)
        self.forget(paths, add=added)
        self._untidy = False
        took = self._clock.monotonic() - began
        self._counters.duplicates.add(done.duplicates)
        self._counters.merge_seconds.record(took)
        self._counters.deleted.add(len(paths), reason="merged")
        self._next_merge = began + took * (1 + _REST)
        return True

    def forget(self, paths: Iterable[str], add: tuple[Segment, ...] = ()) -> None:
        """The manifest forgets these segments now; their files go later. Raises OSError."""
        gone = tuple(paths)
        step = Step(add=add, remove=gone)
        if add:
            note_replacing(self._disk, step)
        state = self._manifest.apply(step)
        when = self._clock.monotonic() + _GRACE_S
        self._removed += [_Removed(path, when) for path in gone]
        self._catalogue.follow(state)

    def close(self) -> None:
        """Unlink what was forgotten: the writer ends, and with it whoever it let read."""
        try:
            self._unlink(self._removed)
        except OSError as error:
            _log.warning("can't unlink segments that are merged or too old: %s; the next start does", error)
        self._removed = []

    def _unlink_due(self) -> None:
        now = self._clock.monotonic()
        self._unlink([each for each in self._removed if each.due <= now])
        self._removed = [each for each in self._removed if each.due > now]

    def _unlink(self, removed: Iterable[_Removed]) -> None:
        for each in removed:
            unlink_all(self._disk, (each.path, index_of(each.path)))

    def _tidy(self) -> None:
        """Remove what failed work has left, unless a flush is writing just now."""
        if not (self._untidy or self._flusher.untidy) or not self._building.acquire(blocking=False):
            return
        try:
            self._manifest.settle()
            waiting = {each.path for each in self._removed}
            unlink_all(self._disk, leftovers(self._disk, self._manifest.state, waiting))
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
        if self._elsewhere(path) and not (self._disk.exists(path) and self._disk.exists(index_of(path))):
            return ""
        try:
            read_summary(self._disk, path)
        except FileNotFoundError:
            return "its index is gone"
        except ValueError as error:
            return str(error)
        except OSError as error:
            _log.warning("can't read the index of %s: %s", path, error)
        return "" if self._disk.exists(path) else "it is gone"

    def _set_damaged_aside(self, group: list[Segment]) -> bool:
        """Whether any of them can't be read: they must not be merged again and again."""
        damaged, unreadable = dict[str, str](), set[str]()
        for each in group:
            try:
                if problem := verify_segment(self._disk, each.path):
                    damaged[each.path] = problem
            except FileNotFoundError:
                damaged[each.path] = "it or its index is gone"
            except OSError as error:  # the disk's fault, which may pass: not to be merged in this life
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
            kept = quarantine_all(self._disk, (path, index_of(path)))
            self._counters.damaged_bytes.add(segment.bytes, where="segments")
            _log.error("%s with %d items is damaged (%s); kept as %s", path, segment.rows, problem, kept)
        self.forget(damaged)
