"""A send path among several, such as one for each backend: what waits in one can move to another."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from ..component import Context, Permanent, QueueStore
from ..telemetry import Batch
from .outcome import Send
from .parcel import Parcel
from .path import SendPath
from .queue import Queue
from .settings import SendSettings
from .stored import StoredBatch, UnreadableError

Move: TypeAlias = Callable[[Parcel], bool]
"""Called where a parcel could not be sent: put it elsewhere if it no longer belongs here, and say whether that is so.
Who does that claims the parcel first."""


class MovablePath(SendPath):
    """Methods but `drained` need a queue, and that the path is started."""

    def __init__(
        self, ctx: Context, settings: SendSettings, send: Send, *, store: QueueStore | None, move: Move
    ) -> None:
        """`store` keeps the queues of all paths; what an earlier process left there is its owner's to `adopt`."""
        super().__init__(ctx, settings, send)
        self._store = store
        self._move = move

    @property
    def drained(self) -> bool:
        """Closed, and nothing is left."""
        return self._queue is None or self._queue.drained.is_set()

    # -- in two steps, so that a batch for several paths is taken by all or by none ------------

    def admit(self, batch: Batch) -> None:
        """Set room apart in the queue, for `keep` or `dismiss` to follow. Raises Refused or Permanent."""
        self._own_queue.admit(batch)

    def dismiss(self, batch: Batch) -> None:
        """Give up the room of an admitted batch."""
        self._own_queue.dismiss(batch)

    def keep(self, batch: Batch) -> None:
        """Queue an admitted batch. Raises Refused, having dismissed it, if it can't be stored or the path is closed."""
        self._own_queue.keep(batch)
        self._counters.queued(batch)
        self._hire()

    def calm(self, most_bytes: int, within_s: float) -> None:
        """Wait a little while the queue holds more than that."""
        self._own_queue.calm(most_bytes, within_s)

    # -- from path to path --------------------------------------------------------------------

    def adopt(self, batch: Batch | StoredBatch, *, restored: bool = False) -> bool:
        """Queue what another path (or process: `restored`) had accepted, beyond all bounds; False if closed."""
        adopted = self._own_queue.adopt(batch)
        if restored:
            self._counters.restored(batch.items)
        self._hire()
        return adopted

    def withdraw(self, *, close: bool) -> list[Parcel]:
        """Take out what waits, to be settled by `withdrawn`; what waits between attempts is offered to `move` at once.

        `close`: nothing comes in any more, and consumers end when they have nothing under way.
        """
        self._end_waits(for_good=close)
        if close:
            self._own_queue.close()
        return self._own_queue.withdraw()

    def withdrawn(self, parcel: Parcel, *, stored_elsewhere: bool) -> None:
        """A withdrawn parcel has its new place; `stored_elsewhere`: what the store keeps of it lives on there."""
        self._own_queue.done(parcel, stays=stored_elsewhere)

    def unreadable(self, parcel: Parcel, error: UnreadableError) -> None:
        """A withdrawn parcel can't be read from the store: it is lost, and counted."""
        with suppress(Permanent):
            self._give_up(parcel, error, "unreadable")
        self._own_queue.done(parcel)

    @property
    def _own_queue(self) -> Queue:
        assert self._queue, "has a queue and is started"
        return self._queue

    def _open_queue(self, *, restore: bool = False) -> Queue:
        return super()._open_queue(restore=restore)

    def _close_store(self) -> None:
        """It is the others', too."""

    def _moved(self, parcel: Parcel) -> bool:
        return not self._stopping.is_set() and self._move(parcel)
