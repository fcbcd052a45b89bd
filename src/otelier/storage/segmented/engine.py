"""One open store: a log for what comes, segments for what stays, a manifest that says which.

An append is durable when it returns. One thread turns the log into segments (`flush`), another does the rest
(`upkeep`). Nothing is kept in memory: a start after a kill replays nothing, the next append begins a new file.
"""

import errno
import logging
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Generic, TypeVar

from ...component import Clock, Refused, Retryable
from .counters import Counters
from .flush import Flusher, Sealable
from .kind import Kind
from .manifest import Manifest, State, Stored
from .upkeep import EVERY_S, Upkeep

_log = logging.getLogger("otelier.store")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SPACE_S = 5.0
"""Senders come back after so long when the disk is full."""

S = TypeVar("S", bound=Stored)


class SegmentedStore(Generic[S]):
    """What the engines of both kinds of stores do. Any number of threads."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        kind: Kind[S],
        log: Sealable,
        manifest: Manifest[S],
        flusher: Flusher[S],
        upkeep: Upkeep[S],
        counters: Counters,
        building: threading.Lock,
        max_unflushed_bytes: int,
        max_flush_bytes: int,
    ) -> None:
        """`name`: of the threads. `building` is shared with the upkeep."""
        self._clock = clock
        self._log = log
        self._manifest = manifest
        self._flusher = flusher
        self._upkeep = upkeep
        self._building = building
        self._max_unflushed_bytes = max_unflushed_bytes
        self._max_flush_bytes = max_flush_bytes
        self._now_ns = 0
        self._full_at: float | None = None
        """When an append last met a full disk; None once that is over."""
        self._forget = counters.observe(kind, lambda: self._manifest.state, lambda: self._log.unflushed_bytes)
        self._flush_timer = clock.timer(self._flush_tick, f"{name}:flush")
        self._upkeep_timer = clock.timer(self._upkeep_tick, f"{name}:upkeep")
        self._flush_timer.start(EVERY_S)
        self._upkeep_timer.start(0)

    @property
    def state(self) -> State[S]:
        """What the manifest says now."""
        return self._manifest.state

    @property
    def unflushed_bytes(self) -> int:
        """Bytes of the log that no segment holds yet."""
        return self._log.unflushed_bytes

    @contextmanager
    def taking(self) -> Generator[int]:
        """Around an append to the log; gives the moment of arrival, ns since 1970.

        Raises Refused while the log is full, Retryable while the disk fails.
        """
        try:
            yield self.stamp()
        except OSError as error:
            if error.errno in _FULL:
                self._say_full()
            raise _refusal(error) from error
        if self._full_at is not None:
            self._say_room()
        if self._log.unflushed_bytes >= self._max_flush_bytes and self._flusher.due_in() <= 0:
            self._flush_timer.start(0)

    def flush(self, *, everything: bool = False, then: Callable[[State[S]], None] = lambda _: None) -> State[S]:
        """Turn the log into segments now, what should wait only with `everything`. Raises OSError.

        `then` is called before anything that came later becomes a segment.
        """
        with self._building:
            state = self._flusher.flush(self.stamp(), everything=everything)
            then(state)
        self._upkeep.follow(state)
        return state

    def compact(self) -> bool:
        """Merge one group of segments, if there is one; whether there was. Raises OSError."""
        return self._upkeep.merge_some()

    def upkeep_now(self) -> None:
        """Begin what upkeep there is, without waiting for it."""
        self._upkeep_timer.start(0)

    def close(self, timeout_s: float | None = None, then: Callable[[], None] = lambda: None) -> None:
        """Write all that is in the log into segments, within about `timeout_s`, and let go of everything.

        `then` lets go of what else there is; the manifest is open until it has returned.
        """
        # Real time, as locks and threads are waited for.
        until = None if timeout_s is None else time.monotonic() + timeout_s
        self._flush_timer.close(timeout_s)
        self._upkeep_timer.close(_left(until))
        for forget in self._forget:
            forget()
        self._flush_last(_left(until))
        self._upkeep.close()
        try:
            self._log.close()
        except OSError as error:
            _log.error("can't close the log: %s", error)
        then()
        self._manifest.close()

    def stamp(self) -> int:
        """Wall clock, ns, but never back: a flush compares arrivals."""
        self._now_ns = max(self._now_ns, self._clock.time_ns())
        return self._now_ns

    def _flush_last(self, timeout_s: float | None) -> None:
        if not self._log.unflushed_bytes:
            return
        if not self._building.acquire(timeout=-1 if timeout_s is None else timeout_s):
            _log.warning("stopping in the middle of a flush; what was acknowledged is in the log")
            return
        try:
            self._upkeep.follow(self._flusher.flush(self.stamp(), everything=True))
        except BaseException as error:  # noqa: BLE001 (a panic, too: it stays in the log)
            _log.error("can't write segments at the stop: %s; what was acknowledged is in the log", error)
        finally:
            self._building.release()

    def _say_full(self) -> None:
        first, self._full_at = self._full_at is None, self._clock.monotonic()
        if first:
            _log.error("disk full: refusing writes; senders are told to come back")

    def _say_room(self) -> None:
        """Not at the first append that fits: small ones may while large ones don't."""
        if self._full_at is not None and self._clock.monotonic() - self._full_at >= _SPACE_S:
            self._full_at = None
            _log.warning("the disk has room again: writes are taken")

    def _flush_tick(self) -> None:
        with self._building:
            before = self._manifest.state
            wait_s = self._flusher.attempt(self.stamp())
        if self._manifest.state is not before:
            self._upkeep.follow(self._manifest.state)
        self._flush_timer.start(wait_s)

    def _upkeep_tick(self) -> None:
        self._upkeep.attempt(calm=2 * self._log.unflushed_bytes < self._max_unflushed_bytes)
        self._upkeep_timer.start(EVERY_S)


def _left(until: float | None) -> float | None:
    return None if until is None else max(until - time.monotonic(), 0.0)


def _refusal(error: OSError) -> Retryable:
    """What a sender is told who could not be served."""
    if error.errno == errno.EAGAIN:
        return Refused("the store can't keep up: its log is full", limit="max_unflushed_bytes", after_s=1.0)
    if error.errno in _FULL:
        return Retryable("the disk of the store is full", after_s=_SPACE_S)
    return Retryable(f"the disk of the store fails: {error}", after_s=_SPACE_S)
