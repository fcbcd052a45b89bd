"""The sending queue: what was accepted and the backend has not taken yet, bounded in size and in bytes.

What is under way counts until it is settled, so the bounds hold for all that the exporter keeps alive.
With batching, what waits lies in one lane per partition, and `take` joins the front of a lane as soon
as that is large or old enough. Order within a lane is kept; lanes take turns.

With a store everything is kept there, too, from `put` until all parts of it are done. What an earlier process left
comes first, even if it is more than the bounds allow; then nothing is taken in until there is room.
"""

import math
import threading
from contextlib import suppress

from ..component import Clock, OtelierError, Permanent, QueueStore, Refused
from ..telemetry import Batch
from .lanes import Lanes
from .parcel import Entry, Parcel, Ticket, measure
from .settings import QueueSettings
from .stored import StoredBatch, key_of, put, restored


class Queue:
    """First in, first out; safe for any number of threads on both sides."""

    def __init__(
        self, settings: QueueSettings, clock: Clock, name: str, store: QueueStore | None = None, *, restore: bool = True
    ) -> None:
        """`restore`: begin with what an earlier process left in the store."""
        self._settings = settings
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._freed = threading.Condition(self._lock)
        self._timer = clock.timer(self._wake, f"{name}:flush") if settings.batch else None
        self._lanes = Lanes(settings, self._resized)
        self._size = 0
        self._bytes = 0
        self._under_way: set[Parcel] = set()
        self._ending = 0
        """Threads that tell the store what is done."""
        self._idle = 0
        self._closed = False
        self._put_until = math.inf
        self.drained = threading.Event()
        """Set when the queue is closed, empty, and nothing is under way."""
        if store and restore:
            self._restore(store)

    @property
    def size(self) -> int:
        """What waits or is under way, counted by the sizer."""
        return self._size

    @property
    def items(self) -> int:
        """Items that wait."""
        with self._lock:
            return self._waiting_items()

    @property
    def capacity(self) -> int:
        """Bound of `size`."""
        return self._settings.queue_size

    @property
    def idle(self) -> int:
        """Threads that wait in `take`."""
        return self._idle

    def put(self, batch: Batch) -> Ticket:
        """Take a batch in. Raises Refused if full (or stopping, or not storable), Permanent if it can never fit."""
        self.admit(batch)
        return self.keep(batch)

    def admit(self, batch: Batch) -> None:
        """Set room apart, for `keep` or `dismiss` to follow. Raises as `put`."""
        settings = self._settings
        size, size_bytes = measure(batch, settings.sizer), batch.size_bytes
        if size > settings.queue_size or size_bytes > settings.queue_size_bytes:
            raise Permanent(
                f"a batch of {batch.items} items and {size_bytes} bytes is larger than the whole sending queue: "
                "raise sending_queue.queue_size or queue_size_bytes, or send smaller batches"
            )
        with self._lock:
            while not self._closed and not self._fits(size, size_bytes):
                if not settings.block_on_overflow:
                    raise Refused(self._why_full(size), limit="queue")
                left_s = self._put_until - self._clock.monotonic()
                if left_s <= 0:
                    raise Refused("the exporter is stopping, and its queue is full", limit="stopping")
                self._freed.wait(None if math.isinf(left_s) else left_s)
            if self._closed:
                raise Refused("the exporter is stopping", limit="stopping")
            self._size += size
            self._bytes += size_bytes

    def dismiss(self, batch: Batch) -> None:
        """Give up the room of an admitted batch."""
        with self._lock:
            self._size -= measure(batch, self._settings.sizer)
            self._bytes -= batch.size_bytes
            self._freed.notify_all()

    def keep(self, batch: Batch) -> Ticket:
        """Take an admitted batch in. Raises Refused, having dismissed it, if it can't be stored or all is closed."""
        kept: Batch | StoredBatch = batch
        try:
            if self._store:
                kept = put(self._store, batch, self._clock.time_ns())
        except OSError as error:
            self.dismiss(batch)
            raise Refused(f"the sending queue can't be written: {error}", limit="storage") from error
        with self._lock:
            if not self._closed:
                return self._append(kept, Ticket(key_of(kept)))
        if self._store and isinstance(kept, StoredBatch):
            self._store.done([kept.key])
        self.dismiss(batch)
        raise Refused("the exporter is stopping", limit="stopping")

    def adopt(self, batch: Batch | StoredBatch) -> bool:
        """Take in what was accepted before, even beyond the bounds; False if the queue is closed.

        A batch that is not stored yet is, if the queue has a store; where that fails it waits in memory only.
        """
        kept = batch
        if self._store and isinstance(batch, Batch):
            with suppress(OSError):
                kept = put(self._store, batch, self._clock.time_ns())
        with self._lock:
            if not self._closed:
                self._size += measure(kept, self._settings.sizer)
                self._bytes += kept.size_bytes
                self._append(kept, Ticket(key_of(kept)))
                return True
        if self._store and isinstance(kept, StoredBatch) and kept is not batch:
            self._store.done([kept.key])
        return False

    def calm(self, most_bytes: int, within_s: float) -> None:
        """Wait, in real time, while more than that waits or is under way."""
        with self._lock:
            self._freed.wait_for(lambda: self._closed or self._bytes <= most_bytes, within_s)

    def release_by(self, deadline: float) -> None:
        """Let nobody wait for room longer than until `deadline`."""
        with self._lock:
            self._put_until = deadline
            self._freed.notify_all()

    def take(self) -> Parcel | None:
        """Wait for the next parcel, oldest first; None when the queue is closed and nothing waits."""
        with self._lock:
            while True:
                now = self._clock.monotonic()
                if parcel := self._lanes.next_parcel(now, at_once=self._closed):
                    self._under_way.add(parcel)
                    self._call_next(now)
                    return parcel
                if self._closed:
                    return None
                self._call_next(now)
                self._idle += 1
                self._filled.wait()
                self._idle -= 1

    def done(self, parcel: Parcel, error: OtelierError | None = None, *, stays: bool = False) -> None:
        """A parcel is settled, well or not: its room is free and who waits for it is told. Again does nothing.

        If it `stays`, the store goes on keeping it, for the next process.
        """
        ended: list[int] = []
        with self._lock:
            if parcel not in self._under_way:
                return
            self._under_way.remove(parcel)
            for entry in parcel.entries:
                ticket = entry.ticket
                self._size -= entry.size
                self._bytes -= entry.size_bytes
                if stays:
                    ticket.key = None
                ticket.settle(error)
                if ticket.parts == 0 and ticket.key is not None:
                    ended.append(ticket.key)
            self._freed.notify_all()
            self._ending += 1
        if self._store and ended:
            self._store.done(ended)
        with self._lock:
            self._ending -= 1
            self._check_drained()

    def leave_rest(self) -> int:
        """Let what waits stay in the store, for the next process; answers how many items. `take` finds none of it."""
        with self._lock:
            items = self._waiting_items()
            self._lanes.clear()
            self._check_drained()
            return items

    def close(self) -> None:
        """Refuse what comes from now on; what waits is handed out at once, then `take` answers None."""
        with self._lock:
            self._closed = True
            self._filled.notify_all()
            self._freed.notify_all()
            self._check_drained()
        if self._timer:
            self._timer.close()

    def abandon(self) -> list[Parcel]:
        """All that waits or is under way, to be claimed and settled by the caller; `take` finds nothing any more."""
        with self._lock:
            self._withdraw()
            return list(self._under_way)

    def withdraw(self) -> list[Parcel]:
        """All that waits, each batch a parcel, to be put elsewhere and then settled by the caller."""
        with self._lock:
            return self._withdraw()

    def _restore(self, store: QueueStore) -> None:
        with self._lock:
            for batch in restored(store):
                self._size += measure(batch, self._settings.sizer)
                self._bytes += batch.size_bytes
                self._append(batch, Ticket(batch.key))

    # -- under the lock -----------------------------------------------------------------------

    def _withdraw(self) -> list[Parcel]:
        waiting = [Parcel(entry.batch, (entry,)) for entry in self._lanes.clear()]
        self._under_way.update(waiting)
        return waiting

    def _waiting_items(self) -> int:
        return sum(entry.batch.items for entry in self._lanes.entries)

    def _append(self, batch: Batch | StoredBatch, ticket: Ticket) -> Ticket:
        size = measure(batch, self._settings.sizer)
        self._lanes.put(Entry(batch, size, batch.size_bytes, self._clock.monotonic(), ticket))
        self._filled.notify()
        return ticket

    def _resized(self, size: int, size_bytes: int) -> None:
        self._size += size
        self._bytes += size_bytes

    def _fits(self, size: int, size_bytes: int) -> bool:
        settings = self._settings
        return self._size + size <= settings.queue_size and self._bytes + size_bytes <= settings.queue_size_bytes

    def _why_full(self, size: int) -> str:
        settings = self._settings
        if self._size + size > settings.queue_size:
            return f"the sending queue is full ({self._size} of {settings.queue_size} {settings.sizer})"
        return f"the sending queue is full ({self._bytes} of {settings.queue_size_bytes} bytes)"

    def _call_next(self, now: float) -> None:
        """Look after what waits, since whoever took a parcel may be busy for long."""
        left_s = 0 if self._closed and self._lanes else self._lanes.ready_in(now)
        if left_s <= 0:
            self._filled.notify()
        elif self._timer and left_s < math.inf:
            self._timer.start(left_s)

    def _check_drained(self) -> None:
        if self._closed and not self._lanes and not self._under_way and not self._ending:
            self.drained.set()

    def _wake(self) -> None:
        with self._lock:
            self._filled.notify()
