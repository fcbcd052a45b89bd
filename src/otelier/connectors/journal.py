"""What an aggregation has accepted since its state was saved, and that state, on disk.

An accepted batch is put into a queue, with a number. A saved state names the highest number that it contains, so after
a kill at any moment each batch is either in the state or counted anew, never both: done marks may come late.
Format: docs/spec/aggregation-state.md.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from ..component import Context, NumberedQueue, RecordStore, Storage
from ..telemetry import Batch

_VERSION = 1
_HANDED_ON = b"handed on"


class _Head(msgspec.Struct):
    """The first record of a saved state."""

    version: int
    options: str
    """What the state was made with; another configuration can't use it."""
    instance_id: str
    contains: int
    """All batches up to this number."""
    pending: bool
    """Whether the last record is metrics that may not have been handed on."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A state as an earlier process left it."""

    options: str
    instance_id: str
    contains: int
    state: bytes
    pending: Batch | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: which batches were accepted up to it."""

    contains: int
    keys: tuple[int, ...]


class Journal:
    """Of one aggregation. Safe for threads."""

    def __init__(self, storage: Storage, name: str, ctx: Context) -> None:
        """Raises StartError if the storage can't be used."""
        self._ctx = ctx
        self._queue = NumberedQueue(storage.open_queue(name), ctx.log)
        self._records: RecordStore = storage.open_records(f"{name}/state")
        self._lock = threading.Lock()
        self._keys: list[int] = []
        self.saved = self._read()
        self._queue.begin_behind(self.saved.contains if self.saved else 0)

    def restored(self) -> Iterator[Batch]:
        """What was accepted after the saved state, oldest first. Ask once, before anything is kept."""
        contained = self._queue.last
        for key, _, batch in self._queue.restored(lambda number: number <= contained):
            self._keys.append(key)
            yield batch

    def keep(self, batch: Batch) -> None:
        """A batch was accepted. Raises OSError, and keeps nothing."""
        key, _ = self._queue.put(batch.with_metadata({}), self._ctx.clock.time_ns())
        with self._lock:
            self._keys.append(key)

    def mark(self) -> Mark:
        """Now. Nobody may be keeping a batch meanwhile."""
        keys, self._keys = self._keys, []
        return Mark(self._queue.last, tuple(keys))

    def save(self, mark: Mark, state: bytes, options: str, instance_id: str, pending: Batch | None = None) -> None:
        """Keep a state that contains all up to `mark`. Raises OSError, and changes nothing."""
        head = _Head(_VERSION, options, instance_id, mark.contains, pending is not None)
        records = [msgspec.json.encode(head), state]
        if pending is not None:
            records.append(pending.to_otlp())
        try:
            self._records.rewrite(records)
        except OSError:
            with self._lock:
                self._keys += mark.keys
            raise
        self._queue.done(mark.keys)

    def handed_on(self) -> None:
        """The pending metrics of the saved state have arrived. Raises OSError."""
        self._records.append(_HANDED_ON)

    def close(self) -> None:
        """All stays for the next process."""
        self._queue.close()
        self._records.close()

    def _read(self) -> Saved | None:
        records = list(self._records.records)
        if len(records) < 2:
            return None
        try:
            head = msgspec.json.decode(records[0], type=_Head)
            if head.version != _VERSION:
                raise ValueError(f"version {head.version} is not known")
            waits = head.pending and records[-1] != _HANDED_ON
            pending = Batch.from_otlp("metrics", records[2], 2**40) if waits else None
        except (ValueError, IndexError) as error:
            self._ctx.log.error("can't use the saved state: %s; series begin anew", error)
            return None
        return Saved(head.options, head.instance_id, head.contains, records[1], pending)
