"""Connectors that aggregate: count what comes, hand metrics on at an interval, lose nothing when stopped.

With a storage, what was accepted is journalled until the state that contains it is saved, which happens at each flush
before the metrics are handed on. Cumulative metrics that nobody takes come again with the next flush. Delta metrics
that are refused for now are added to the next ones; those of a saved state are offered again after a restart, equal
to the byte.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..component import (
    ComponentID,
    Consumer,
    Context,
    Custody,
    CustodyKind,
    Duration,
    OtelierError,
    Reading,
    Refused,
    Rejected,
    Retryable,
    Timer,
    find_storage,
    finish_by,
)
from ..telemetry import Batch
from .gate import Gate
from .journal import Journal, Mark

_RETRY_S = 0.5

# Backends tell points apart by milliseconds.
_TICK_NS = 10**6


class Counting(Protocol):
    """What the core counts with: `SpanMetrics`, `ServiceGraph`."""

    def consume(self, batch: Batch, now_ns: int) -> None:
        """Count a batch."""
        ...

    def flush(self, now_ns: int) -> Batch:
        """The metrics of now."""
        ...

    def confirm(self, arrived: bool) -> None:
        """Delta: what became of the last flush."""
        ...

    def snapshot(self) -> bytes:
        """The state."""
        ...

    def restore(self, snapshot: bytes) -> bool:
        """Take a state over; false if it isn't one."""
        ...

    def has_unwritten(self) -> bool:
        """Whether there are series whose counts no flush has given yet."""
        ...

    def stats(self) -> Mapping[str, int]:
        """Counters since the beginning, and sizes."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """How to aggregate."""

    kind: str
    """Part of the names of own metrics: `otelier_<kind>_…`."""
    interval: Duration
    """0 = hand metrics on with every batch."""
    delta: bool
    storage: ComponentID | None
    options: str
    """What a saved state depends on."""
    counters: Mapping[str, tuple[str, str]]
    """Counters of the core's `stats`: the own metric's name, and what it counts."""


class Aggregation:
    """The life of one connector's counts. Safe for threads."""

    def __init__(self, ctx: Context, terms: Terms, make: Callable[[str], Counting]) -> None:
        """`make`: the core's object, given an instance id. Raises OtelierError for an unknown storage."""
        self._ctx = ctx
        self._terms = terms
        self._make = make
        self._storage = find_storage(ctx, terms.storage, "storage") if terms.storage else None
        self._journal: Journal | None = None
        self._instance_id = ctx.instance_id
        self._pending: Batch | None = None
        self._under_way: Batch | None = None
        self._gate = Gate()
        self._taken_ns = 0
        self._flushing = threading.Lock()
        self._timer: Timer | None = None
        self._forget: list[Callable[[], None]] = []
        labels = {"connector": str(ctx.id)}
        self._labels = labels
        self._dropped = ctx.meter.counter(
            f"otelier_{terms.kind}_dropped_metric_points", "{point}", "Points that no next component took, by reason"
        )
        self._failed = ctx.meter.counter(
            f"otelier_{terms.kind}_failed_flushes", "{flush}", "Flushes that the next component did not take"
        ).bind(**labels)

    def start(self, next_: Consumer) -> None:
        """Take over what an earlier process left. Raises StartError."""
        self._next = next_
        clock = self._ctx.clock
        if self._storage:
            name = f"connector/{self._ctx.id}/{self._ctx.signal}/{self._ctx.output_signal}"
            self._journal = Journal(self._storage, name, self._ctx)
        self._core = self._restored()
        self._flushed_s = clock.monotonic()
        self._observe()
        if self._terms.interval > 0:
            self._timer = clock.timer(self._flush_due, f"otelier:{self._ctx.id}:flush")
            self._due = clock.monotonic() + self._terms.interval
            self._timer.start(0 if self._pending else self._terms.interval)

    def consume(self, batch: Batch) -> None:
        """Count a batch. Raises Refused if it can't be journalled."""
        now_ns = self._ctx.clock.time_ns()
        if self._journal is None:
            self._core.consume(batch, now_ns)
        else:
            with self._gate.entered():
                try:
                    self._journal.keep(batch)
                except OSError as error:
                    message = f"{self._ctx.id}: what is counted can't be written: {error}"
                    raise Refused(message, limit="storage") from error
                self._core.consume(batch, now_ns)
        if not self._terms.interval:
            self._flush()

    def stop(self, deadline: float) -> None:
        """Hand on all that was counted. Does nothing before `start`."""
        if not self._forget:
            return
        clock = self._ctx.clock
        if self._timer:
            self._timer.cancel()
        if not finish_by(deadline, lambda: self._flush_last(deadline), clock, f"otelier:{self._ctx.id}:stop"):
            self._leave()
        if self._timer:
            self._timer.close(max(deadline - clock.monotonic(), 0))
        while self._forget:
            self._forget.pop()()
        if self._journal:
            self._journal.close()

    def custody(self) -> Custody:
        """What a kill loses."""
        if self._storage:
            return Custody(CustodyKind.BUFFERS, self._storage.loss_window())
        window = f"the counts of the last {self._terms.interval}" if self._terms.interval else "no counts"
        return Custody(CustodyKind.BUFFERS, f"{window}; series begin anew (no storage is set)")

    # -- over a restart -----------------------------------------------------------------------

    def _restored(self) -> Counting:
        journal, log = self._journal, self._ctx.log
        saved = journal.saved if journal else None
        if saved:
            self._instance_id = saved.instance_id
            self._pending = saved.pending
        core = self._make(self._instance_id)
        if saved and saved.options != self._terms.options:
            log.warning("the configuration is another than before: series begin anew")
        elif saved and not core.restore(saved.state):
            log.error("the saved state is not readable: series begin anew")
        now_ns = self._ctx.clock.time_ns()
        for batch in journal.restored() if journal else ():
            core.consume(batch, now_ns)
        return core

    # -- handing on ---------------------------------------------------------------------------

    def _flush_due(self) -> None:
        try:
            self._flush()
        except Exception:  # the next flush must come
            self._ctx.log.exception("a flush failed; what was counted waits for the next one")
        now = self._ctx.clock.monotonic()
        while self._due <= now:
            self._due += self._terms.interval
        if self._timer:
            self._timer.start(self._due - now)

    def _flush(self) -> bool:
        """Hand on what there is; says whether all of it was taken, or given up and counted."""
        with self._flushing:
            if self._pending and not self._offer(self._pending):
                return False
            self._pending = None
            metrics, mark, state = self._taken()
            if self._journal and mark:
                self._save(self._journal, mark, state, metrics if self._terms.delta and metrics else None)
            taken = not metrics or self._offer(metrics)
            if self._terms.delta:
                self._core.confirm(taken)
            return taken

    def _taken(self) -> tuple[Batch, Mark | None, bytes]:
        """The metrics of one moment, which batches they contain, and the state behind them."""
        with self._gate.alone():
            self._taken_ns = max(self._ctx.clock.time_ns(), self._taken_ns + _TICK_NS)
            metrics = self._core.flush(self._taken_ns)
            if self._journal is None:
                return metrics, None, b""
            return metrics, self._journal.mark(), self._core.snapshot()

    def _save(self, journal: Journal, mark: Mark, state: bytes, pending: Batch | None) -> None:
        try:
            journal.save(mark, state, self._terms.options, self._instance_id, pending)
        except OSError as error:
            self._ctx.log.error("can't save the state: %s; what came since the last one stays journalled", error)

    def _offer(self, metrics: Batch) -> bool:
        self._under_way = metrics
        try:
            self._next.consume(metrics)
        except OtelierError as error:
            self._failed.add(1)
            if isinstance(error, Retryable):
                self._ctx.log.warning("the next component refused %d points: %s", metrics.items, error)
                self._under_way = None
                return False
            lost = error.items if isinstance(error, Rejected) else metrics.items
            self._give_up(lost, "rejected", str(error))
        except Exception:  # this thread and others go on counting
            self._failed.add(1)
            self._ctx.log.exception("the next component failed with %d points", metrics.items)
            self._dropped.add(metrics.items, reason="error", **self._labels)
        else:
            self._flushed_s = self._ctx.clock.monotonic()
        self._under_way = None
        if self._journal and self._terms.delta:
            try:
                self._journal.handed_on()
            except OSError as error:
                self._ctx.log.warning("can't note that metrics arrived: %s; a kill now sends them twice", error)
        return True

    def _give_up(self, points: int, reason: str, why: str) -> None:
        self._ctx.log.error("dropped %d points: %s", points, why)
        self._dropped.add(points, reason=reason, **self._labels)

    def _flush_last(self, deadline: float) -> bool:
        """Hand on all, and again what new series have counted: their first point says 0. False if time is over."""
        clock = self._ctx.clock
        never = threading.Event()
        rounds = 2 if not self._terms.delta and self._core.has_unwritten() else 1
        while rounds:
            if self._flush():
                rounds -= 1
                continue
            left = deadline - clock.monotonic()
            if left <= 0:
                return False
            clock.wait(never, min(_RETRY_S, left))
        return True

    def _leave(self) -> None:
        """The time of the stop is over."""
        if self._journal:
            self._ctx.log.info("stopped before the metrics were taken, their state stays on disk for the next start")
            return
        rest = self._under_way or self._core.flush(self._ctx.clock.time_ns())
        self._give_up(rest.items, "shutdown", "stopped before the next component took them")

    # -- telemetry ----------------------------------------------------------------------------

    def _observe(self) -> None:
        prefix = f"otelier_{self._terms.kind}"
        meter = self._ctx.meter

        def read(key: str) -> Callable[[], list[Reading]]:
            return lambda: [(self._labels, self._core.stats()[key])]

        for key, (name, description) in self._terms.counters.items():
            self._forget.append(meter.observe(name, "counter", "1", description, read(key)))
        series = meter.observe(f"{prefix}_series", "gauge", "{series}", "Series that are kept", read("series"))
        age = meter.observe(
            f"{prefix}_flush_age",
            "gauge",
            "s",
            "Time since metrics were last taken by the next component",
            lambda: [(self._labels, self._ctx.clock.monotonic() - self._flushed_s)],
        )
        self._forget += [series, age]
