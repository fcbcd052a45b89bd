"""A batch that waits on disk: what the queue must know of it without reading it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..component import Permanent, QueueStore
from ..telemetry import Batch, Signal


@dataclass(frozen=True, slots=True, eq=False)
class StoredBatch:
    """Measures like the batch that it stands for."""

    store: QueueStore
    key: int
    signal: Signal
    items: int
    size_bytes: int
    metadata: Mapping[str, tuple[str, ...]]


class UnreadableError(Permanent):
    """What was kept on disk can't be read any more."""


def put(store: QueueStore, batch: Batch, now_ns: int) -> StoredBatch:
    """Keep a batch on disk. Raises OSError."""
    key = store.put(batch, now_ns)
    return StoredBatch(store, key, batch.signal, batch.items, batch.size_bytes, batch.metadata)


def restored(store: QueueStore) -> Iterator[StoredBatch]:
    """What an earlier process left, oldest first."""
    for key, signal, items, size_bytes, metadata in store.restored():
        yield StoredBatch(store, key, signal, items, size_bytes, metadata)


def key_of(batch: Batch | StoredBatch) -> int | None:
    """Its key in the store, if it is stored."""
    return batch.key if isinstance(batch, StoredBatch) else None


def loaded(batch: Batch | StoredBatch) -> Batch:
    """The batch itself. Raises UnreadableError."""
    if isinstance(batch, Batch):
        return batch
    try:
        return batch.store.load(batch.key)
    except OSError as error:
        raise UnreadableError(f"can't read what was queued: {error}") from error
