"""What flows through each processor: items in, items out, and its own time.

A stage stands in front of every processor and a last one behind them. Items that pass a stage came out of the
processor before it and go into the one behind it. Own time is the time inside a stage without that inside
later stages on the same thread, so a slow exporter is not blamed on a processor.
"""

import threading
import time
from collections.abc import Sequence

from ..component import ComponentID, Consumer, Meter
from ..component.meter import BoundCounter, BoundHistogram
from ..telemetry import Batch, Signal

_BOUNDS_S = (0.00001, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)


class _Inside(threading.local):
    """Seconds that stages entered from the current one took, on this thread."""

    spent_s: float = 0.0


_inside = _Inside()


class Stage:
    """Counts what passes on its way to `consumer`."""

    __slots__ = ("_consume", "_counters", "_own_time")

    def __init__(
        self, consumer: Consumer, counters: Sequence[BoundCounter], own_time: BoundHistogram | None = None
    ) -> None:
        self._consume = consumer.consume
        self._counters = tuple(counters)
        self._own_time = own_time

    def consume(self, batch: Batch) -> None:
        """Hand on, whatever comes of it."""
        for counter in self._counters:
            counter.add(batch.items)
        before, _inside.spent_s = _inside.spent_s, 0.0
        entered = time.perf_counter()
        try:
            self._consume(batch)
        finally:
            total = time.perf_counter() - entered
            if self._own_time:
                self._own_time.record(total - _inside.spent_s)
            _inside.spent_s = before + total


class Stages:
    """Makes the stages of one pipeline, from the last to the first."""

    def __init__(self, meter: Meter, signal: Signal) -> None:
        self._signal = signal
        self.passed: list[BoundCounter] = []
        """Items that passed each stage, in the order of flow: the metrics are one for all pipelines of a signal."""
        self._incoming = meter.counter("otelcol_processor_incoming_items", "{item}", "Items passed to the processor")
        self._outgoing = meter.counter("otelcol_processor_outgoing_items", "{item}", "Items emitted by the processor")
        self._own_time = meter.histogram(
            "otelcol_processor_internal_duration", "s", "Time a batch spent in the processor itself", _BOUNDS_S
        )

    def between(self, before: ComponentID | None, behind: ComponentID | None, consumer: Consumer) -> Stage:
        """The stage between two processors, or at an end of them (None)."""
        counters = [BoundCounter()]
        self.passed.insert(0, counters[0])
        if before is not None:
            counters.append(self._outgoing.bind(**self._labels(before)))
        if behind is None:
            return Stage(consumer, counters)
        labels = self._labels(behind)
        return Stage(consumer, [*counters, self._incoming.bind(**labels)], self._own_time.bind(**labels))

    def _labels(self, processor: ComponentID) -> dict[str, str]:
        return {"processor": str(processor), "otel.signal": self._signal}
