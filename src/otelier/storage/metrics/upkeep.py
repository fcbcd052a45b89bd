"""What the store of metrics does beside taking things in: merges, and deletes what somebody wants deleted."""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

from ..._core import Disk, has_deleted_series, merge_series
from ...component import Clock
from ..segmented import upkeep as segmented
from ..segmented.backoff import Backoff
from ..segmented.counters import Counters
from ..segmented.files import SEGMENTS
from ..segmented.flush import Flusher
from ..segmented.kind import Built
from ..segmented.manifest import Manifest
from ..settings import RetentionSettings
from . import incoming
from .deletions import Deletion, Deletions, as_json
from .segment import SERIES, SeriesSegment, built

_log = logging.getLogger("otelier.store")
_NOTHING = b"[]"
_AGAIN_S, _LONGEST_S = 2.0, 60.0
"""Pauses before segments that could not be read are tried again for a deletion: the first, and the longest."""


class Upkeep(segmented.Upkeep[SeriesSegment]):
    """Of metrics."""

    def __init__(
        self,
        disk: Disk,
        manifest: Manifest[SeriesSegment],
        flusher: Flusher[SeriesSegment],
        clock: Clock,
        retention: RetentionSettings,
        counters: Counters,
        building: threading.Lock,
        elsewhere: Callable[[str], bool],
    ) -> None:
        """`elsewhere`: as of all stores. Raises OSError, ValueError."""
        super().__init__(disk, SERIES, manifest, flusher, clock, retention, counters, building, elsewhere)
        self._deletions = Deletions(disk)
        self._again = Backoff(clock, _AGAIN_S, _LONGEST_S)
        self._avoid.update(path for each in self._deletions.pending for path in each.left)
        self._incoming = incoming.Incoming(disk, clock, retention.max_age)

    @property
    def deletions(self) -> Deletions:
        """Those that are noted and not carried out yet."""
        return self._deletions

    def merge(self, group: list[SeriesSegment]) -> Built[SeriesSegment]:
        """In the order in which they were written: later samples win. Raises OSError, ValueError."""
        return self._merged(group, _NOTHING)

    def others(self) -> None:
        """Deletions come before imports and merges, so that what came after them is not touched. Raises OSError."""
        over = self._again.is_over
        self._delete([each for each in self._deletions.pending if over or not each.left])
        self._take_in()

    def _delete(self, deletions: Sequence[Deletion]) -> None:
        """Each segment is written anew once at most, and only if it has such a series."""
        unread = list[SeriesSegment]()
        self._say_gone(deletions)
        for segment in list(self._manifest.state.segments.values()) if deletions else ():
            here = as_json([each for each in deletions if each.concerns(segment)])
            if here == _NOTHING or not self._has_any(segment, here):
                continue
            if self.rewrite([segment], "deletion", partial(self._merged, deleted=here)):
                continue
            if segment.path in self._manifest.state.segments:
                unread.append(segment)
            else:
                _log.error("what was to be deleted from %s is in the quarantine with it: remove it there", segment.path)
        # With later segments they must not be merged, also while it is not the disk that is at fault.
        self._avoid.update(each.path for each in unread)
        self._deletions.tried(deletions, unread)
        if unread:
            self._say_unread(unread)
        elif any(each.left for each in deletions) and self._again.succeeded():
            _log.warning("no deletion waits any more for segments that could not be read")

    def _say_gone(self, deletions: Sequence[Deletion]) -> None:
        for path in sorted({path for each in deletions for path in each.left} - self._manifest.state.segments.keys()):
            _log.warning(
                "%s, for which a deletion waited, is no longer there: retention took it, or it is in the quarantine "
                "with what was to be deleted",
                path,
            )

    def _say_unread(self, segments: list[SeriesSegment]) -> None:
        self._counters.retries.add(1, operation="deletion", reason="unreadable")
        paths = ", ".join(each.path for each in segments)
        if self._again.failed(paths):
            _log.error("a deletion waits for segments that can't be read: %s; trying again until they can be", paths)

    def _has_any(self, segment: SeriesSegment, deleted: bytes) -> bool:
        """Whether the segment is to be written anew, which also finds out what is wrong with it."""
        try:
            return has_deleted_series(self._disk, segment.path, deleted)
        except (OSError, ValueError):
            return True

    def may_merge(self) -> bool:
        """Not while a deletion waits: with a segment that came after it, those before would be taken for later ones.

        One that waits for certain segments, which are not merged, is no hindrance.
        """
        return all(each.left for each in self._deletions.pending)

    def _take_in(self) -> None:
        # What is taken in while a deletion waits would be deleted as well, unless it waits for certain segments.
        while self.may_merge() and (found := self._incoming.next_step(self._manifest.state)):
            step, taking = found
            if step.add:
                self.follow(self._manifest.apply(step))
            taking.done()

    def take_in(self) -> None:
        """Take in what an import has made ready. Raises OSError."""
        with self._at_work:
            self.others()

    def _merged(self, group: list[SeriesSegment], deleted: bytes) -> Built[SeriesSegment]:
        ordered = sorted(group, key=lambda each: (each.generation, each.path))
        newest = max(group, key=lambda each: each.generation)
        made = merge_series(self._disk, [each.path for each in ordered], SEGMENTS, deleted, newest.written_ns)
        return built(made, newest.generation, newest.written_ns)
