"""The store on this machine's disk: a log for what comes, segments for what stays, a manifest that says which.

An append is durable when it returns. One thread turns the log into segments (`flush`), another does the rest
(`upkeep`). Nothing is kept in memory: a start after a kill replays nothing, the next append begins a new file.
"""

import errno
import logging
import threading
import time
from collections.abc import Callable, Collection

from ..._core import Disk, Log
from ...component import Clock, Meter, Refused, Retryable
from ...telemetry import Batch
from .bucket.attach import Attached
from .bucket.publisher import EVERY_S as PUBLISH_EVERY_S
from .catalogue import Catalogue
from .counters import StoreCounters
from .deletion import Deleted
from .flush import Flusher
from .layout import LOG
from .manifest import State
from .recovery import open_manifest
from .settings import StoreSettings
from .upkeep import EVERY_S, Upkeep

_log = logging.getLogger("otelier.store")
_FULL = (errno.ENOSPC, errno.EDQUOT)
Attach = Callable[[StoreCounters], Attached | None]
_SPACE_S = 5.0
"""Senders come back after so long when the disk is full."""


class Engine:
    """One open data directory. `contract.Store` for any number of threads."""

    def __init__(
        self,
        disk: Disk,
        clock: Clock,
        settings: StoreSettings,
        meter: Meter,
        catalogue: Catalogue | None = None,
        attach: Attach | None = None,
    ) -> None:
        """Open it, in whatever state it was left. `attach`: finds the bucket that segments go to, if there is one.

        Raises DataDirectoryError, OSError.
        """
        self._clock = clock
        self._settings = settings
        self._now_ns = 0
        self._full_at: float | None = None
        """When an append last met a full disk; None once that is over."""
        self._counters = StoreCounters(meter)
        attached = attach(self._counters) if attach else None
        self._publisher = attached.publisher if attached else None
        disk, elsewhere = (attached.disk, attached.elsewhere) if attached else (disk, frozenset[str]())
        self._manifest = open_manifest(disk, self._counters, clock.time_ns(), elsewhere)
        self._log = Log(
            disk,
            LOG,
            sync=settings.durability,
            interval_s=settings.interval,
            max_unflushed_bytes=settings.max_unflushed_bytes,
            retired=self._manifest.state.retired,
        )
        self._log.retire(self._manifest.state.retired)
        self._catalogue = catalogue or Catalogue(disk, None)
        self._building = threading.Lock()
        self._flusher = Flusher(disk, self._log, self._manifest, clock, settings, self._counters)
        self._upkeep = Upkeep(
            disk,
            self._manifest,
            self._catalogue,
            self._flusher,
            clock,
            settings,
            self._counters,
            self._building,
            self._publisher.has if self._publisher else _nothing,
        )
        self._forget = self._counters.observe(lambda: self._manifest.state, lambda: self._log.unflushed_bytes)
        self._flush_timer = clock.timer(self._flush_tick, "otelier:store:flush")
        self._upkeep_timer = clock.timer(self._upkeep_tick, "otelier:store:upkeep")
        self._publish_timer = clock.timer(self._publish_tick, "otelier:store:bucket")
        self._flush_timer.start(EVERY_S)
        self._upkeep_timer.start(0)
        if self._publisher:
            self._publish_timer.start(PUBLISH_EVERY_S)

    @property
    def state(self) -> State:
        """What the manifest says now."""
        return self._manifest.state

    @property
    def unflushed_bytes(self) -> int:
        """Bytes of the log that no segment holds yet."""
        return self._log.unflushed_bytes

    def append(self, tenant: str, batch: Batch) -> None:
        """Keep a batch. Raises Refused while the log is full, Retryable while the disk fails."""
        try:
            self._log.append(tenant, batch, self._stamp())
        except OSError as error:
            if error.errno in _FULL:
                self._say_full()
            raise _refusal(error) from error
        if self._full_at is not None:
            self._say_room()
        if self._log.unflushed_bytes >= self._settings.flush.max_bytes and self._flusher.due_in() <= 0:
            self._flush_timer.start(0)

    def flush(self, *, everything: bool = False) -> State:
        """Turn the log into segments now, traces that go on only with `everything`. Raises OSError."""
        with self._building:
            state = self._flusher.flush(self._stamp(), everything=everything)
        self._catalogue.follow(state)
        return state

    def delete(self, tenant: str, trace_ids: Collection[bytes], *, logs: bool = False) -> Deleted:
        """Take traces out, with `logs` their log records, too; what is acknowledged later stays.

        Raises OSError; ValueError for a damaged segment.
        """
        return self._upkeep.delete(tenant, trace_ids, logs=logs)

    def compact(self) -> bool:
        """Merge one group of small segments, if there is one; whether there was. Raises OSError."""
        return self._upkeep.merge_some()

    def close(self, timeout_s: float | None = None) -> None:
        """Write all that is in the log into segments, within about `timeout_s`, and let go of everything."""
        # Real time, as locks and threads are waited for.
        until = None if timeout_s is None else time.monotonic() + timeout_s
        self._flush_timer.close(timeout_s)
        self._upkeep_timer.close(_left(until))
        self._publish_timer.close(_left(until))
        for forget in self._forget:
            forget()
        self._flush_last(_left(until))
        if self._publisher and _left(until) != 0:
            self._publisher.attempt(self._manifest.state)
        self._upkeep.close()
        try:
            self._log.close()
        except OSError as error:
            _log.error("can't close the log: %s", error)
        self._catalogue.close()
        self._manifest.close()

    def _flush_last(self, timeout_s: float | None) -> None:
        if not self._log.unflushed_bytes:
            return
        if not self._building.acquire(timeout=-1 if timeout_s is None else timeout_s):
            _log.warning("stopping in the middle of a flush; what was acknowledged is in the log")
            return
        try:
            self._catalogue.follow(self._flusher.flush(self._stamp(), everything=True))
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

    def _stamp(self) -> int:
        """Wall clock, but never back: a flush compares arrivals."""
        self._now_ns = max(self._now_ns, self._clock.time_ns())
        return self._now_ns

    def _flush_tick(self) -> None:
        with self._building:
            before = self._manifest.state
            wait_s = self._flusher.attempt(self._stamp())
        if self._manifest.state is not before:
            self._catalogue.follow(self._manifest.state)
        self._flush_timer.start(wait_s)

    def _publish_tick(self) -> None:
        assert self._publisher
        self._publisher.attempt(self._manifest.state)
        self._publish_timer.start(PUBLISH_EVERY_S)

    def _upkeep_tick(self) -> None:
        self._upkeep.attempt(calm=2 * self._log.unflushed_bytes < self._settings.max_unflushed_bytes)
        self._upkeep_timer.start(EVERY_S)


def _nothing(_path: str) -> bool:
    return False


def _left(until: float | None) -> float | None:
    return None if until is None else max(until - time.monotonic(), 0.0)


def _refusal(error: OSError) -> Retryable:
    """What a sender is told who could not be served."""
    if error.errno == errno.EAGAIN:
        return Refused("the store can't keep up: its log is full", limit="max_unflushed_bytes", after_s=1.0)
    if error.errno in _FULL:
        return Retryable("the disk of the store is full", after_s=_SPACE_S)
    return Retryable(f"the disk of the store fails: {error}", after_s=_SPACE_S)
