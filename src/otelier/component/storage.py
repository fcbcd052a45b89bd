"""Storage: what components keep on disk across restarts, by an extension that the user names under `storage`."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from ..telemetry import Batch, Signal
from .context import Context
from .contracts import Extension
from .errors import OtelierError
from .id import ComponentID


class QueueStore(Protocol):
    """A queue's items, each kept until it is done. Safe for threads."""

    def restored(self) -> Sequence[tuple[int, Signal, int, int, Mapping[str, tuple[str, ...]]]]:
        """What an earlier process left, oldest first: (key, signal, items, bytes, metadata)."""
        ...

    def put(self, batch: Batch, now_ns: int) -> int:
        """Keep a batch; answers its key. Raises OSError, and keeps nothing."""
        ...

    def load(self, key: int) -> Batch:
        """The batch of a key. Raises OSError where it can't be read."""
        ...

    def done(self, keys: Sequence[int]) -> None:
        """These need not be kept any longer."""
        ...

    def close(self) -> None:
        """What isn't done stays for the next process."""
        ...


class RecordStore(Protocol):
    """A component's memory over restarts: few small records, such as decisions or a state. Safe for threads."""

    @property
    def records(self) -> Sequence[bytes]:
        """As an earlier process left them."""
        ...

    @property
    def size_bytes(self) -> int:
        """On disk now; `rewrite` makes it small again."""
        ...

    def append(self, body: bytes) -> None:
        """Add a record, durable on return. Raises OSError, and keeps nothing."""
        ...

    def rewrite(self, bodies: Sequence[bytes]) -> None:
        """Put these records in the place of all, in one durable step. Raises OSError, and changes nothing."""
        ...

    def close(self) -> None:
        """All stays for the next process."""
        ...


class Storage(Extension):
    """An extension that keeps queues and records."""

    @abstractmethod
    def open_queue(self, name: str) -> QueueStore:
        """The queue of that name (`exporter/otlp/b/traces`). Raises StartError if it is in use or can't be kept."""

    @abstractmethod
    def open_records(self, name: str) -> RecordStore:
        """The records of that name (`processor/tail_sampling/traces`). Raises as `open_queue`."""

    @abstractmethod
    def loss_window(self) -> str:
        """What can be lost of what a queue has taken, in a sentence for people; empty: nothing."""


def find_storage(ctx: Context, id_: ComponentID, key: str) -> Storage:
    """The extension that the user names under `key`. Raises OtelierError if it keeps no queues or isn't started."""
    found = (ctx.extensions or {}).get(id_)
    if found is None:
        raise OtelierError(f"{key}: `{id_}` is not one of service::extensions: add it there")
    if not isinstance(found, Storage):
        raise OtelierError(f"{key}: `{id_}` keeps no queues: name an extension such as file_storage")
    return found
