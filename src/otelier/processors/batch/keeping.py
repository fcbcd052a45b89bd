"""What waits in a batch processor, and what of it is on disk until it has been handed on."""

import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ...component import Clock, QueueStore
from ...telemetry import Batch


@dataclass(slots=True, eq=False)
class Ticket:
    """One accepted batch in the store: done when all parts of it are handed on."""

    key: int
    parts: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A batch that waits, or is under way."""

    batch: Batch
    shares: tuple[tuple[Ticket, int], ...] = ()
    """Of what was accepted it consists, in order: tickets, and how many items of each. Empty without a store."""


class Keeper:
    """Joins and cuts what waits, and tells the store when a batch is done. Safe for threads."""

    def __init__(self, store: QueueStore | None = None) -> None:
        self.store = store
        self._lock = threading.Lock()

    def keep(self, batch: Batch, clock: Clock) -> Kept:
        """A batch that was accepted. Raises OSError."""
        if self.store is None:
            return Kept(batch)
        return Kept(batch, ((Ticket(self.store.put(batch, clock.time_ns())), batch.items),))

    def restored(self, log: "logging.LoggerAdapter[logging.Logger]") -> Iterator[Kept]:
        """What an earlier process left, oldest first."""
        for key, _, items, *_ in self.store.restored() if self.store else ():
            try:
                batch = self.store.load(key) if self.store else None
            except OSError as error:
                log.error("can't read %d items of the last run: %s; they stay on disk", items, error)
                continue
            if batch is not None:
                yield Kept(batch, ((Ticket(key), batch.items),))

    def parts(self, waiting: list[Kept], most: int) -> list[Kept]:
        """All of it joined, and cut so that no part has more than `most` items (0: in one)."""
        batches = [kept.batch for kept in waiting]
        joined = batches[0] if len(batches) == 1 else Batch.join(batches)
        shares = [share for kept in waiting for share in kept.shares]
        if not 0 < most < joined.items:
            return [Kept(joined, tuple(shares))]
        cut = joined.split(most)
        if not shares:
            return [Kept(part) for part in cut]
        left = deque(shares)
        with self._lock:
            return [Kept(part, tuple(_taken(left, part.items))) for part in cut]

    def release(self, kept: Kept) -> None:
        """It was handed on, or given up and counted."""
        if self.store is None:
            return
        with self._lock:
            for ticket, _ in kept.shares:
                ticket.parts -= 1
            done = [ticket.key for ticket, _ in kept.shares if ticket.parts == 0]
        if done:
            self.store.done(done)

    def close(self) -> None:
        """What is not done stays for the next process."""
        if self.store:
            self.store.close()


def _taken(left: deque[tuple[Ticket, int]], items: int) -> Iterator[tuple[Ticket, int]]:
    """The shares of the next part, taken away from the front; a ticket that is cut has one part more."""
    while items:
        ticket, share = left.popleft()
        if share > items:
            left.appendleft((ticket, share - items))
            ticket.parts += 1
            share = items
        items -= share
        yield ticket, share
