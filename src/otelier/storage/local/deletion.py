"""Deleting traces by id: what the log holds becomes segments, and those with such a trace are written anew without it.

One step of the manifest puts the new segments in the place of the old ones, so the traces go from every answer in one
moment, and a crash before it changes nothing. What is acknowledged after the call began may stay: a trace that goes on
shows its later spans alone. The old files are unlinked when readers have let go of them.
"""

import threading
from collections.abc import Callable, Collection

import msgspec

from ..._core import Disk, Flushed, may_hold, merge
from .counters import StoreCounters
from .flush import Flusher
from .kind import built
from .manifest import Segment, of_signal

Forget = Callable[[Collection[str], tuple[Segment, ...]], None]


class Deleted(msgspec.Struct, frozen=True):
    """What a deletion has found and taken out."""

    spans: int = 0
    records: int = 0
    """Of logs."""


class UnreadableError(OSError):
    """A segment that may hold such a trace can't be read."""

    def __init__(self, segment: Segment, error: Exception) -> None:
        super().__init__(f"{segment.path} can't be read: {error}")
        self.segment = segment


class Deletion:
    """Called by one thread at a time, while nobody merges."""

    def __init__(
        self,
        disk: Disk,
        flusher: Flusher,
        building: threading.Lock,
        counters: StoreCounters,
        forget: Forget,
    ) -> None:
        """`forget`: the manifest forgets segments and adds others in one step."""
        self._disk = disk
        self._flusher = flusher
        self._building = building
        self._counters = counters
        self._forget = forget

    def delete(self, tenant: str, trace_ids: Collection[bytes], now_ns: int, *, logs: bool) -> Deleted:
        """Take these traces out, with `logs` their log records, too. Raises OSError.

        After an error nothing has changed; asking again does no harm.
        """
        with self._building:
            state = self._flusher.flush(now_ns, everything=True)
        ids = b"".join(trace_ids)
        gone, added, items = list[str](), list[Segment](), {"traces": 0, "logs": 0}
        for segment in [*of_signal(state, tenant, "traces"), *(of_signal(state, tenant, "logs") if logs else ())]:
            done = self._without(segment, ids)
            if done is None:
                continue
            items[segment.signal] += done.left_out
            gone.append(segment.path)
            kept = built(done, segment.generation, segment.written_ns, important=segment.important)
            added += kept.segments
        if gone:
            self._forget(gone, tuple(added))
        for signal, count in items.items():
            self._counters.deleted_items.add(count, signal=signal, reason="trace")
        return Deleted(items["traces"], items["logs"])

    def _without(self, segment: Segment, ids: bytes) -> Flushed | None:
        """The segment written anew; None if there is nothing to take out."""
        try:
            if not may_hold(self._disk, segment.path, ids):
                return None
            return merge(self._disk, segment.tenant, segment.signal, [segment.path], without=ids)
        except (OSError, ValueError) as error:
            raise UnreadableError(segment, error) from error
