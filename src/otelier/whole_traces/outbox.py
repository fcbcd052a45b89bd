"""What was decided and not yet taken by the next component: handed on in order, tried again, bounded in bytes."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ..component import Consumer, OtelierError, Rejected, Retryable
from ..telemetry import Batch


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """A batch, or only the news that what stood before it was taken."""

    batch: Batch | None
    taken: Callable[[], None]
    """Called when the next component has the batch, or when it is given up and counted."""


class Outbox:
    """In order, one at a time: what the next component refuses for now holds back what was decided later."""

    def __init__(
        self, log: "logging.LoggerAdapter[logging.Logger]", dropped: Callable[[int, str], None], max_bytes: int
    ) -> None:
        self._log = log
        self._dropped = dropped
        self._max_bytes = max_bytes
        self._parcels: deque[Parcel] = deque()
        self._lock = threading.Lock()
        self._handing_on = threading.Lock()
        self._under_way: Parcel | None = None
        self._closed: str | None = None
        """What `give_up` was told."""
        self.size_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether so much waits for the next component that nothing more should be taken."""
        return self.size_bytes * 2 > self._max_bytes

    def put(self, parcel: Parcel) -> None:
        """The oldest are dropped and counted where there is no room; what comes after `give_up` shares its fate."""
        given_up: list[Parcel] = []
        with self._lock:
            self._parcels.append(parcel)
            self.size_bytes += _size(parcel)
            while self.size_bytes > self._max_bytes and len(self._parcels) > 1:
                given_up.append(oldest := self._parcels.popleft())
                self.size_bytes -= _size(oldest)
            closed = self._closed
        for each in given_up:
            self._give_up(each, "refused", "the next component refuses them and too much waits behind them")
        if closed is not None:
            self.give_up(closed)

    def hand_on(self, consumer: Consumer, *, wait: bool = False) -> bool:
        """Hand on what waits; False if the next component refuses it for now.

        If another thread is at it, that one does it, and this one returns at once, or with `wait` when that has ended.
        """
        while (wait or self._parcels) and self._handing_on.acquire(blocking=wait):
            wait = False
            try:
                while parcel := self._next():
                    if not self._give(parcel, consumer):
                        return False
            finally:
                self._handing_on.release()
        return True

    def give_up(self, reason: str) -> int:
        """Forget what waits or is under way, uncounted where the reason is empty; answers how many spans it was.

        This is the end: nothing is handed on any more.
        """
        with self._lock:
            self._closed = reason
            left = [*self._parcels] if self._under_way is None else [self._under_way, *self._parcels]
            self._under_way, self.size_bytes = None, 0
            self._parcels.clear()
        for parcel in left if reason else ():
            self._give_up(parcel, reason, "stopped before the next component had taken them")
        return sum(parcel.batch.items for parcel in left if parcel.batch)

    def _next(self) -> Parcel | None:
        """The oldest, which is under way from now on."""
        with self._lock:
            if self._closed is not None or not self._parcels:
                return None
            self._under_way = parcel = self._parcels.popleft()
            self.size_bytes -= _size(parcel)
            return parcel

    def _give(self, parcel: Parcel, consumer: Consumer) -> bool:
        if parcel.batch is None:
            if self._is_mine(parcel):
                parcel.taken()
            return True
        spans, reason, why = parcel.batch.items, "", ""
        try:
            consumer.consume(parcel.batch)
        except Retryable as error:
            self._log.debug("%d spans are refused for now: %s", parcel.batch.items, error)
            if self._is_mine(parcel):
                with self._lock:
                    self._parcels.appendleft(parcel)
                    self.size_bytes += _size(parcel)
            return False
        except Rejected as error:  # the rest was taken
            spans, reason, why = error.items, "rejected", str(error)
        except OtelierError as error:
            reason, why = "rejected", str(error)
        except Exception as error:  # noqa: BLE001 - their senders were told "accepted", and others wait behind them
            self._log.exception("the next component failed")
            reason, why = "error", str(error)
        if not self._is_mine(parcel):
            return False
        if reason:
            self._lost(spans, reason, why)
        parcel.taken()
        return True

    def _is_mine(self, parcel: Parcel) -> bool:
        """Whether nobody has given it up meanwhile."""
        with self._lock:
            mine, self._under_way = self._under_way is parcel, None
            return mine

    def _give_up(self, parcel: Parcel, reason: str, why: str) -> None:
        if parcel.batch:
            self._lost(parcel.batch.items, reason, why)
        parcel.taken()

    def _lost(self, spans: int, reason: str, why: str) -> None:
        self._log.warning("dropped %d spans: %s", spans, why)
        self._dropped(spans, reason)


def _size(parcel: Parcel) -> int:
    return parcel.batch.size_bytes if parcel.batch else 0
