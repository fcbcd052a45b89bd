"""What waits in a sending queue: one lane per partition, whose front is joined into parcels where batching is on."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..telemetry import Batch
from .parcel import Entry, Parcel, measure
from .settings import QueueSettings
from .stored import StoredBatch, UnreadableError, loaded

_LaneKey: TypeAlias = tuple[tuple[str, ...] | None, ...]


@dataclass(slots=True)
class _Lane:
    entries: deque[Entry] = field(default_factory=deque[Entry])
    size: int = 0
    """Counted by the batch's sizer."""


class Lanes:
    """Order within a lane is kept; lanes take turns. Under the queue's lock."""

    def __init__(self, settings: QueueSettings, resized: Callable[[int, int], None]) -> None:
        """`resized`: told of the size (by the queue's sizer) and of the bytes that entries gain by being cut."""
        self._settings = settings
        self._batch = settings.batch
        self._resized = resized
        self._lanes: dict[_LaneKey, _Lane] = {}

    def __bool__(self) -> bool:
        return bool(self._lanes)

    @property
    def entries(self) -> list[Entry]:
        """All that wait."""
        return [entry for lane in self._lanes.values() for entry in lane.entries]

    def put(self, entry: Entry) -> None:
        """Let it wait behind those of its partition."""
        lane = self._lanes.setdefault(self._key(entry.batch), _Lane())
        lane.entries.append(entry)
        lane.size += measure(entry.batch, self._settings.batch_sizer)

    def clear(self) -> list[Entry]:
        """Take all out."""
        entries = self.entries
        self._lanes.clear()
        return entries

    def next_parcel(self, now: float, *, at_once: bool) -> Parcel | None:
        """The front of the first lane that is large or old enough; `at_once`: of the first."""
        ready = (key for key, lane in self._lanes.items() if at_once or self._is_ready(lane, now))
        key = next(ready, None)
        return None if key is None else self._pack(key, self._lanes[key])

    def ready_in(self, now: float) -> float:
        """Seconds until there is a parcel, unless something is put before; infinite where nothing waits."""
        if any(self._is_ready(lane, now) for lane in self._lanes.values()):
            return 0
        if not self._lanes or not self._batch:
            return math.inf
        oldest = min(lane.entries[0].since for lane in self._lanes.values())
        return oldest + self._batch.flush_timeout - now

    def _key(self, batch: Batch | StoredBatch) -> _LaneKey:
        if not self._batch:
            return ()
        return ((batch.signal,), *(batch.metadata.get(key.lower()) for key in self._batch.partition.metadata_keys))

    def _is_ready(self, lane: _Lane, now: float) -> bool:
        if not self._batch or lane.size >= self._batch.min_size:
            return True
        return now >= lane.entries[0].since + self._batch.flush_timeout

    def _pack(self, key: _LaneKey, lane: _Lane) -> Parcel:
        """The front of a lane: one entry, or with batching as many as may be joined."""
        most = self._batch.max_size if self._batch else 0
        sizer = self._settings.batch_sizer
        entries: list[Entry] = []
        batches: list[Batch] = []
        defect: UnreadableError | None = None
        size = 0
        while lane.entries and not defect and (not entries or (self._batch and (not most or size < most))):
            try:
                batches.append(loaded(lane.entries[0].batch))
            except UnreadableError as error:
                if entries:
                    break  # it comes by itself
                defect = error
            entries.append(lane.entries.popleft())
            size += measure(entries[-1].batch, sizer)
        lane.size -= size
        batch = entries[0].batch if defect else batches[0] if len(batches) == 1 else self._join(batches, key)
        if most and size > most and isinstance(batch, Batch):
            batch, *rest = batch.split(most) if sizer == "items" else batch.split_bytes(most)
            entries[-1] = self._cut(lane, entries[-1], rest)
        del self._lanes[key]
        if lane.entries:
            self._lanes[key] = lane  # to the end: lanes take turns
        return Parcel(batch, tuple(entries), defect)

    def _join(self, batches: list[Batch], key: _LaneKey) -> Batch:
        """All in one batch, whose metadata is what they have in common by the partition's keys."""
        names = self._batch.partition.metadata_keys if self._batch else ()
        metadata = {name.lower(): values for name, values in zip(names, key[1:], strict=True) if values}
        return Batch.join(batches).with_metadata(metadata)

    def _cut(self, lane: _Lane, last: Entry, rest: list[Batch]) -> Entry:
        """Let the rest of an entry wait at the front of its lane; answers what is left of the entry."""
        sizer = self._settings.sizer
        # A request stays one request, and its first part carries it.
        parts = [
            Entry(part, 0 if sizer == "requests" else measure(part, sizer), part.size_bytes, last.since, last.ticket)
            for part in rest
        ]
        parts_size, parts_bytes = sum(part.size for part in parts), sum(part.size_bytes for part in parts)
        left = replace(last, size=max(last.size - parts_size, 0), size_bytes=max(last.size_bytes - parts_bytes, 0))
        # Parts repeat their resource, so together they may be larger than the whole.
        self._resized(left.size + parts_size - last.size, left.size_bytes + parts_bytes - last.size_bytes)
        lane.entries.extendleft(reversed(parts))
        lane.size += sum(measure(part.batch, self._settings.batch_sizer) for part in parts)
        last.ticket.parts += len(parts)
        return left
