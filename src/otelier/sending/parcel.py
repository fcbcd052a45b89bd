"""What lies in a sending queue and what is taken out of it."""

import threading
from dataclasses import dataclass, field

from ..component import OtelierError
from ..telemetry import Batch
from .settings import Sizer
from .stored import StoredBatch, UnreadableError


def measure(batch: Batch | StoredBatch, sizer: Sizer) -> int:
    """How much of a bound a batch takes up."""
    if sizer == "requests":
        return 1
    return batch.items if sizer == "items" else batch.size_bytes


class Ticket:
    """One accepted batch on its way: settled when all parts of it are."""

    def __init__(self, key: int | None = None) -> None:
        self.parts = 1
        self.key = key
        """Of what the store keeps until all parts are done; None once it must stay there."""
        self._error: OtelierError | None = None
        self._settled = threading.Event()

    def settle(self, error: OtelierError | None) -> None:
        """One part is done; called under the queue's lock."""
        self.parts -= 1
        self._error = self._error or error
        if self.parts == 0:
            self._settled.set()

    def wait(self) -> None:
        """Wait until all parts are settled; raises the first error."""
        self._settled.wait()
        if self._error:
            raise self._error


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A batch in the queue, or a part of one."""

    batch: Batch | StoredBatch
    size: int
    """Counted by the queue's sizer."""
    size_bytes: int
    since: float
    """Monotonic seconds when it was put."""
    ticket: Ticket


@dataclass(slots=True, eq=False)
class Parcel:
    """What is sent at once."""

    batch: Batch | StoredBatch
    """Stored only where it can't be read, or will not be sent."""
    entries: tuple[Entry, ...] = ()
    """What it was joined from; empty where there is no queue."""
    defect: UnreadableError | None = None
    """Why there is nothing to send."""
    partly: bool = False
    """`batch` is only what is left; the rest of it was taken."""
    _claimed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def claim(self) -> bool:
        """Whether the caller is the first to ask, and so the one that counts the parcel's items."""
        with self._lock:
            first, self._claimed = not self._claimed, True
            return first

    def shrink(self, rest: Batch) -> bool:
        """Only the rest is still to be sent; False if somebody has counted the whole."""
        with self._lock:
            if not self._claimed:
                self.batch, self.partly = rest, True
            return not self._claimed
