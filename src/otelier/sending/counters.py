"""The exporters' own metrics, with the Collector's names."""

from collections.abc import Callable

from ..component import Context, Counter
from ..telemetry import SIGNALS, Batch, Signal, items_suffix
from .queue import Queue
from .stored import StoredBatch

_ITEM_BOUNDS = (10, 25, 50, 75, 100, 250, 500, 750, *range(1_000, 10_001, 1_000), 20_000, 30_000, 50_000, 100_000)
_BYTE_BOUNDS = tuple(1024 * 4**n for n in range(10))


class SendCounters:
    """What became of each item, and how much is on its way."""

    def __init__(self, ctx: Context) -> None:
        self._meter = ctx.meter
        self._exporter = str(ctx.id)
        self._labels = {"exporter": self._exporter} | ({"data_type": ctx.signal} if ctx.signal else {})
        self._forget: list[Callable[[], None]] = []
        signals = (ctx.signal,) if ctx.signal else SIGNALS
        self._sent = self._counters("sent", "that the backend took", signals)
        self._failed = self._counters("send_failed", "that were given up", signals)
        self._refused = self._counters("enqueue_failed", "not taken into the sending queue", signals)
        for counter in self._sent.values():
            counter.bind(exporter=self._exporter)  # shows 0 before the first
        self._enqueue_size = self._meter.histogram(
            "otelcol_exporter_enqueue_size", "{item}", "Items of each batch put into the sending queue.", _ITEM_BOUNDS
        ).bind(**self._labels)
        self._send_size = self._meter.histogram(
            "otelcol_exporter_queue_batch_send_size", "{item}", "Items of each request sent.", _ITEM_BOUNDS
        ).bind(**self._labels)
        self._send_bytes = self._meter.histogram(
            "otelcol_exporter_queue_batch_send_size_bytes", "By", "Encoded bytes of each request sent.", _BYTE_BOUNDS
        ).bind(**self._labels)

    def restored(self, items: int) -> None:
        """An earlier process has left so many."""
        text = "Items that an earlier process left in the queue on disk."
        self._meter.counter("otelier_exporter_restored_items", "{item}", text).add(items, **self._labels)

    def left(self, items: int) -> None:
        """So many stay for the next process."""
        text = "Items that stay in the queue on disk for the next process."
        self._meter.counter("otelier_exporter_left_items", "{item}", text).add(items, **self._labels)

    def queued(self, batch: Batch) -> None:
        """The queue took a batch."""
        self._enqueue_size.record(batch.items)

    def refused(self, batch: Batch, reason: str) -> None:
        """The queue did not take a batch; its sender was told."""
        self._refused[batch.signal].add(batch.items, exporter=self._exporter, reason=reason)

    def sent(self, batch: Batch | StoredBatch, items: int) -> None:
        """The backend took so many items of the batch."""
        self._send_size.record(batch.items)
        self._send_bytes.record(batch.size_bytes)
        self._sent[batch.signal].add(items, exporter=self._exporter)

    def failed(self, batch: Batch | StoredBatch, items: int, reason: str) -> None:
        """So many items of the batch were given up."""
        self._failed[batch.signal].add(items, exporter=self._exporter, reason=reason)

    def observe(self, under_way: Callable[[], int], queue: Queue | None) -> None:
        """Report gauges from now on."""
        self._gauge(
            "in_flight_requests",
            "{request}",
            "Requests on the wire now; those between two attempts are in the queue.",
            under_way,
        )
        if queue:
            self._gauge("queue_size", "{unit}", "What the queue holds, counted by its sizer.", lambda: queue.size)
            self._gauge("queue_capacity", "{unit}", "Most that the queue holds.", lambda: queue.capacity)

    def forget(self) -> None:
        """Report gauges no longer."""
        while self._forget:
            self._forget.pop()()

    def _counters(self, name: str, what: str, signals: tuple[Signal, ...]) -> dict[Signal, Counter]:
        return {
            signal: self._meter.counter(
                f"otelcol_exporter_{name}_{items_suffix(signal)}", "{item}", f"{items_suffix(signal)} {what}."
            )
            for signal in signals
        }

    def _gauge(self, name: str, unit: str, description: str, read: Callable[[], int]) -> None:
        forget = self._meter.observe(
            f"otelcol_exporter_{name}", "gauge", unit, description, lambda: [(self._labels, read())]
        )
        self._forget.append(forget)
