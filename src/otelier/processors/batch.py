"""batch: join what arrives into batches of at least `send_batch_size` items, sent after `timeout` at the latest.

The sender is answered as soon as its data waits here, so an error from further down reaches nobody: it is logged
and the batch is dropped and counted. The thread that fills a batch also sends it, which holds its own sender back
while the rest of the pipeline is slow; other senders go on filling the next. With `timeout: 0` or
`send_batch_size: 0` nothing waits: batches are only split, and errors reach the sender.
Order is kept between the requests of one sender that waits for its answers. Nothing is copied: see `Batch.join`.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from ..component import (
    FORWARDS,
    BoundCounter,
    Config,
    Custody,
    CustodyKind,
    Duration,
    OtelierError,
    Permanent,
    Processor,
    Retryable,
    Timer,
    processor,
)
from ..telemetry import Batch, items_suffix

# Clocks are floats: a timer may fire a rounding error before its time.
_SLACK_S = 1e-6

# What those downstream take without waiting isn't lost only because others used up the time of the stop.
_LEAST_FLUSH_S = 0.1

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


class BatchConfig(Config):
    timeout: Duration = Duration(0.2)
    """Send what waits after this time, whatever its size; 0 = don't wait."""
    send_batch_size: Annotated[int, Meta(ge=0)] = 8192
    """Send as soon as this many spans, data points or log records wait; 0 = don't wait."""
    send_batch_max_size: Annotated[int, Meta(ge=0)] = 0
    """Split so that no batch has more items than this; 0 = send all that waits at once."""
    metadata_keys: tuple[str, ...] = ()
    """Client metadata (keys in any case) whose values must be equal within a batch; only these go on with it.
    One thread sends what is due, so while the next component blocks for one combination, the others' data waits
    beyond `timeout`, unless it fills a batch."""
    metadata_cardinality_limit: Annotated[int, Meta(ge=0)] = 1000
    """Most combinations of those values ever seen; data with further ones is refused. 0 = no limit."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """The order of sizes, the sign of the time, keys given twice."""
        if self.timeout < 0:
            yield "timeout", "must not be negative"
        if 0 < self.send_batch_max_size < self.send_batch_size:
            yield "send_batch_max_size", f"must be 0 or at least send_batch_size ({self.send_batch_size})"
        if len({key.lower() for key in self.metadata_keys}) < len(self.metadata_keys):
            yield "metadata_keys", "names a key twice (upper and lower case are the same)"


@dataclass(slots=True, eq=False)
class _Lane:
    """What waits for one combination of metadata values."""

    metadata: Mapping[str, tuple[str, ...]]
    batches: list[Batch] = field(default_factory=list[Batch])
    items: int = 0
    due: float = 0.0
    """Monotonic seconds; of what waits now."""

    def take(self) -> list[Batch]:
        taken, self.batches, self.items = self.batches, [], 0
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
        self._under_way: dict[object, Batch] = {}
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

    def consume(self, batch: Batch) -> None:
        if not batch:
            return
        if not self._waits:
            self._pass_on(batch)
            return
        lane = self._only or self._lane_of(batch)
        with self._lock:
            full = self._put(lane, batch)
        while full:
            full = self._send_full(lane, full)

    def stop(self, deadline: float) -> None:
        if self._timer is None:
            return
        clock = self.ctx.clock
        self._stopping = True
        self._timer.cancel()
        # On a thread that can be left behind: not everything downstream may give up in time.
        flushed = threading.Event()
        flush = threading.Thread(
            target=self._flush_rest, args=(flushed,), name=f"otelier:{self.ctx.id}:stop", daemon=True
        )
        flush.start()
        if clock.wait(flushed, max(deadline - clock.monotonic(), _LEAST_FLUSH_S)):
            flush.join()
        self._timer.close(max(deadline - clock.monotonic(), 0))
        self._forget()
        self._drop_rest()

    def custody(self) -> Custody:
        if not self._waits:
            return FORWARDS
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

    def _put(self, lane: _Lane, batch: Batch, *, first: bool = False) -> list[Batch]:
        """Let a batch wait; answers all that waits if that is enough to send. Under the lock."""
        lane.batches.insert(0 if first else len(lane.batches), batch)
        lane.items += batch.items
        if lane.items >= self.cfg.send_batch_size:
            return lane.take()
        if len(lane.batches) == 1:
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
        for lane, batches in flushed:
            self._send(lane, _join(batches), self._by_timeout)

    def _flush_rest(self, flushed: threading.Event) -> None:
        for lane in list(self._lanes.values()):
            with self._lock:
                batches = lane.take()
            if batches:
                self._send(lane, _join(batches), self._by_timeout)
        flushed.set()

    def _drop_rest(self) -> None:
        """Count what the deadline cut off, even if it should arrive later."""
        rest = [batch for way in list(self._under_way) if (batch := self._under_way.pop(way, None))]
        with self._lock:
            rest += [batch for lane in self._lanes.values() for batch in lane.take()]
        for batch in rest:
            self.ctx.log.error("stopped before all was sent, dropping data (shutdown, dropped_items=%d)", batch.items)
            self._dropped(batch, "shutdown")

    # -- sending ------------------------------------------------------------------------------

    def _send_full(self, lane: _Lane, batches: list[Batch]) -> list[Batch]:
        """Send all that makes full batches, let the rest wait; answers what the rest filled up meanwhile."""
        parts = self._split(_join(batches))
        more: list[Batch] = []
        if parts[-1].items < self.cfg.send_batch_size:
            rest = parts.pop()
            with self._lock:  # before sending, which may take long
                more = self._put(lane, rest, first=True)
        for part in parts:
            self._send(lane, part, self._by_size)
        return more

    def _send(self, lane: _Lane, batch: Batch, trigger: BoundCounter) -> None:
        batch = batch.with_metadata(lane.metadata)
        self._record(batch, trigger)
        way = object()
        self._under_way[way] = batch
        try:
            self.next.consume(batch)
        except OtelierError as error:
            reason = "rejected"
            if isinstance(error, Retryable):
                reason = "shutdown" if self._stopping else "refused"
            self.ctx.log.warning("dropped %d items, because the next component said: %s", batch.items, error)
        except Exception:  # the sender was told "accepted", and this thread serves others too
            reason = "error"
            self.ctx.log.exception("dropped %d items, because the next component failed", batch.items)
        else:
            self._under_way.pop(way, None)
            return
        if self._under_way.pop(way, None):  # otherwise `stop` has counted it
            self._dropped(batch, reason)

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

    def _dropped(self, batch: Batch, reason: str) -> None:
        suffix = items_suffix(batch.signal)
        counter = self.ctx.meter.counter(
            f"otelcol_processor_dropped_{suffix}", "{item}", f"{suffix} accepted and then lost, by reason."
        )
        counter.add(batch.items, reason=reason, **self._labels)


def _join(batches: list[Batch]) -> Batch:
    return batches[0] if len(batches) == 1 else Batch.join(batches)
