"""batch: join what arrives into batches of at least `send_batch_size` items, sent after `timeout` at the latest.

The sender is answered as soon as its data waits here, so an error from further down reaches nobody: it is logged
and the batch is dropped and counted. The thread that fills a batch also sends it, which holds its own sender back
while the rest of the pipeline is slow; other senders go on filling the next. With `timeout: 0` or
`send_batch_size: 0` nothing waits: batches are only split, and errors reach the sender.
With `storage` what waits is on disk, too, until the next component has taken it: a kill loses nothing.
Order is kept between the requests of one sender that waits for its answers. Nothing is copied: see `Batch.join`.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...component import (
    FORWARDS,
    BoundCounter,
    Custody,
    CustodyKind,
    OtelierError,
    Permanent,
    Processor,
    Refused,
    Rejected,
    Retryable,
    Timer,
    find_storage,
    finish_by,
    processor,
)
from ...telemetry import Batch, items_suffix
from .config import BatchConfig
from .keeping import Keeper, Kept

# Clocks are floats: a timer may fire a rounding error before its time.
_SLACK_S = 1e-6

_ITEM_BOUNDS = (
    *(10, 25, 50, 75, 100, 250, 500, 750),
    *range(1_000, 10_001, 1_000),
    *(20_000, 30_000, 50_000, 100_000),
)
_BYTE_BOUNDS = (
    *_ITEM_BOUNDS,
    *range(200_000, 1_000_001, 100_000),
    *range(2_000_000, 9_000_001, 1_000_000),
)


@dataclass(slots=True, eq=False)
class _Lane:
    """What waits for one combination of metadata values."""

    metadata: Mapping[str, tuple[str, ...]]
    waiting: list[Kept] = field(default_factory=list[Kept])
    items: int = 0
    due: float = 0.0
    """Monotonic seconds; of what waits now."""

    def take(self) -> list[Kept]:
        taken, self.waiting, self.items = self.waiting, [], 0
        return taken


@processor("batch", signals={"traces", "metrics", "logs"}, stability="beta")
class BatchProcessor(Processor):
    cfg: BatchConfig

    def setup(self) -> None:
        self._waits = self.cfg.timeout > 0 and self.cfg.send_batch_size > 0
        self._keys = tuple(key.lower() for key in self.cfg.metadata_keys)
        self._lock = threading.Lock()
        self._lanes: dict[tuple[tuple[str, ...], ...], _Lane] = {}
        self._only = None if self._keys else self._lanes.setdefault((), _Lane({}))
        self._timer: Timer | None = None
        self._timer_runs = False
        self._stopping = False
        self._under_way: dict[object, Kept] = {}
        wanted = self.cfg.storage if self._waits else None
        self._storage = find_storage(self.ctx, wanted, "storage") if wanted else None
        self._keeper = Keeper()
        self._make_instruments()

    def start(self) -> None:
        self._forget = self.ctx.meter.observe(
            "otelcol_processor_batch_metadata_cardinality",
            "gauge",
            "{combination}",
            "Combinations of metadata values seen.",
            lambda: [(self._labels, len(self._lanes))],
        )
        self._timer = self.ctx.clock.timer(self._flush_due, f"otelier:{self.ctx.id}:flush")
        if self._storage:
            self._keeper = Keeper(self._storage.open_queue(f"processor/{self.ctx.id}/{self.ctx.pipeline}"))
            self._restore()

    def consume(self, batch: Batch) -> None:
        if not batch:
            return
        if not self._waits:
            self._pass_on(batch)
            return
        lane = self._only or self._lane_of(batch)
        try:
            kept = self._keeper.keep(batch, self.ctx.clock)
        except OSError as error:
            raise Refused(f"{self.ctx.id}: what waits can't be written: {error}", limit="storage") from error
        with self._lock:
            full = self._put(lane, kept)
        while full:
            full = self._send_full(lane, full)

    def stop(self, deadline: float) -> None:
        if self._timer is None:
            return
        clock = self.ctx.clock
        self._stopping = True
        self._timer.cancel()
        finish_by(deadline, self._flush_rest, clock, f"otelier:{self.ctx.id}:stop")
        self._timer.close(max(deadline - clock.monotonic(), 0))
        self._forget()
        self._drop_rest()
        self._keeper.close()

    def custody(self) -> Custody:
        if not self._waits:
            return FORWARDS
        if self._storage:
            return Custody(CustodyKind.BUFFERS, self._storage.loss_window())
        window = f"what arrived in the last {self.cfg.timeout}, at most {self.cfg.send_batch_size} items"
        if self._keys:
            window += f" for each combination of {', '.join(self._keys)}"
        return Custody(CustodyKind.BUFFERS, f"{window}, and batches on their way")

    # -- filling ------------------------------------------------------------------------------

    def _lane_of(self, batch: Batch) -> _Lane:
        metadata = batch.metadata
        values = tuple(metadata.get(key, ()) for key in self._keys)
        if lane := self._lanes.get(values):
            return lane
        limit = self.cfg.metadata_cardinality_limit
        with self._lock:
            if limit and values not in self._lanes and len(self._lanes) >= limit:
                raise Permanent(
                    f"{self.ctx.id}: more than {limit} combinations of {', '.join(self._keys)}: "
                    "raise metadata_cardinality_limit, or choose metadata_keys with fewer values"
                )
            kept = {key: each for key, each in zip(self._keys, values, strict=True) if each}
            return self._lanes.setdefault(values, _Lane(kept))

    def _restore(self) -> None:
        """Let what an earlier process left be sent at once, on the timer's thread."""
        for kept in self._keeper.restored(self.ctx.log):
            try:
                lane = self._only or self._lane_of(kept.batch)
            except Permanent as error:
                self.ctx.log.error("dropped %d items of the last run: %s", kept.batch.items, error)
                self._dropped(kept.batch, kept.batch.items, "refused")
                self._keeper.release(kept)
                continue
            lane.waiting.append(kept)
            lane.items += kept.batch.items
            self._timer_runs = True
        if self._timer and self._timer_runs:
            self._timer.start(0)

    def _put(self, lane: _Lane, kept: Kept, *, first: bool = False) -> list[Kept]:
        """Let a batch wait; answers all that waits if that is enough to send. Under the lock."""
        lane.waiting.insert(0 if first else len(lane.waiting), kept)
        lane.items += kept.batch.items
        if lane.items >= self.cfg.send_batch_size:
            return lane.take()
        if len(lane.waiting) == 1:
            lane.due = self.ctx.clock.monotonic() + self.cfg.timeout
            # A timer that still runs for an earlier batch finds this one and starts anew.
            if not self._timer_runs and self._timer:
                self._timer_runs = True
                self._timer.start(self.cfg.timeout)
        return []

    def _flush_due(self) -> None:
        now = self.ctx.clock.monotonic()
        with self._lock:
            waiting = [lane for lane in self._lanes.values() if lane.items]
            flushed = [(lane, lane.take()) for lane in waiting if lane.due <= now + _SLACK_S]
            left = [lane.due - now for lane in waiting if lane.items]
            self._timer_runs = bool(left)
            if left and self._timer:
                self._timer.start(min(left))
        for lane, taken in flushed:
            for part in self._keeper.parts(taken, self.cfg.send_batch_max_size):
                self._send(lane, part, self._by_timeout)

    def _flush_rest(self) -> bool:
        for lane in list(self._lanes.values()):
            with self._lock:
                taken = lane.take()
            for part in self._keeper.parts(taken, self.cfg.send_batch_max_size) if taken else ():
                self._send(lane, part, self._by_timeout)
        return True

    def _drop_rest(self) -> None:
        """Count what the deadline cut off, even if it should arrive later."""
        rest = [kept for way in list(self._under_way) if (kept := self._under_way.pop(way, None))]
        with self._lock:
            rest += [kept for lane in self._lanes.values() for kept in lane.take()]
        items = sum(kept.batch.items for kept in rest)
        if self._keeper.store and items:
            self.ctx.log.info("stopped before all was sent, %d items stay on disk for the next start", items)
            return
        for kept in rest:
            batch = kept.batch
            self.ctx.log.error("stopped before all was sent, dropping data (shutdown, dropped_items=%d)", batch.items)
            self._dropped(batch, batch.items, "shutdown")

    # -- sending ------------------------------------------------------------------------------

    def _send_full(self, lane: _Lane, taken: list[Kept]) -> list[Kept]:
        """Send all that makes full batches, let the rest wait; answers what the rest filled up meanwhile."""
        parts = self._keeper.parts(taken, self.cfg.send_batch_max_size)
        more: list[Kept] = []
        if parts[-1].batch.items < self.cfg.send_batch_size:
            rest = parts.pop()
            with self._lock:  # before sending, which may take long
                more = self._put(lane, rest, first=True)
        for part in parts:
            self._send(lane, part, self._by_size)
        return more

    def _send(self, lane: _Lane, kept: Kept, trigger: BoundCounter) -> None:
        batch = kept.batch.with_metadata(lane.metadata)
        self._record(batch, trigger)
        way, lost = object(), batch.items
        self._under_way[way] = kept
        try:
            self.next.consume(batch)
        except OtelierError as error:
            reason = "rejected"
            if isinstance(error, Retryable):
                if self._stopping and self._keeper.store:
                    return  # `stop` finds it among what stays on disk
                reason = "shutdown" if self._stopping else "refused"
            if isinstance(error, Rejected):
                lost = error.items  # the rest was taken
            self.ctx.log.warning("dropped %d items, because the next component said: %s", lost, error)
        except Exception:  # the sender was told "accepted", and this thread serves others too
            reason = "error"
            self.ctx.log.exception("dropped %d items, because the next component failed", batch.items)
        else:
            if self._under_way.pop(way, None):
                self._keeper.release(kept)
            return
        if self._under_way.pop(way, None):  # otherwise `stop` has counted it
            self._dropped(batch, lost, reason)
            self._keeper.release(kept)

    def _pass_on(self, batch: Batch) -> None:
        metadata = batch.metadata
        kept = {key: metadata[key] for key in self._keys if key in metadata}
        for part in self._split(batch):
            self._record(part, self._by_size)
            self.next.consume(part.with_metadata(kept))

    def _split(self, batch: Batch) -> list[Batch]:
        most = self.cfg.send_batch_max_size
        return batch.split(most) if 0 < most < batch.items else [batch]

    # -- telemetry ----------------------------------------------------------------------------

    def _make_instruments(self) -> None:
        meter = self.ctx.meter
        self._labels = {"processor": str(self.ctx.id)}
        self._by_size = meter.counter(
            "otelcol_processor_batch_batch_size_trigger_send", "{times}", "Batches sent because they were full."
        ).bind(**self._labels)
        self._by_timeout = meter.counter(
            "otelcol_processor_batch_timeout_trigger_send", "{times}", "Batches sent because their time was over."
        ).bind(**self._labels)
        self._sizes = meter.histogram(
            "otelcol_processor_batch_batch_send_size", "{unit}", "Items of each batch sent.", _ITEM_BOUNDS
        ).bind(**self._labels)
        self._bytes = meter.histogram(
            "otelcol_processor_batch_batch_send_size_bytes", "By", "Encoded bytes of each batch sent.", _BYTE_BOUNDS
        ).bind(**self._labels)

    def _record(self, batch: Batch, trigger: BoundCounter) -> None:
        trigger.add(1)
        self._sizes.record(batch.items)
        self._bytes.record(batch.size_bytes)

    def _dropped(self, batch: Batch, items: int, reason: str) -> None:
        suffix = items_suffix(batch.signal)
        counter = self.ctx.meter.counter(
            f"otelcol_processor_dropped_{suffix}", "{item}", f"{suffix} accepted and then lost, by reason."
        )
        counter.add(items, reason=reason, **self._labels)
