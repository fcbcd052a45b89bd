"""A store's own metrics: `otelier_store_*` of traces and logs, `otelier_metrics_store_*` of metrics."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from ...component import Meter, Reading
from .kind import Built, Kind
from .manifest import State

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Counters:
    """What became of what was kept, how long it took, and what went wrong."""

    def __init__(self, meter: Meter, prefix: str) -> None:
        """`prefix` begins all names."""
        self._meter = meter
        self._prefix = prefix
        self.flushed = meter.counter(f"{prefix}_flushed_items", "{item}", "Items written into segments.")
        self.duplicates = meter.counter(
            f"{prefix}_duplicate_items", "{item}", "Items that were there already and are kept once."
        )
        self.damaged_bytes = meter.counter(
            f"{prefix}_damaged_bytes", "By", "Bytes on disk that could not be read; set aside in quarantine."
        )
        self.retries = meter.counter(
            f"{prefix}_retries", "{try}", "Work that failed and is tried again, by operation and reason."
        )
        self.deleted = meter.counter(f"{prefix}_deleted_segments", "{segment}", "Segments deleted, by reason.")
        self.deleted_items = meter.counter(
            f"{prefix}_deleted_items",
            "{item}",
            "Items deleted with their segments or out of them, by signal and reason.",
        )
        self.flush_seconds = meter.histogram(
            f"{prefix}_flush_seconds", "s", "Time to turn a part of the log into segments.", _SECONDS
        ).bind()
        self.merge_seconds = meter.histogram(f"{prefix}_merge_seconds", "s", "Time to merge segments.", _SECONDS).bind()

    def took(self, flushed: Built[Any]) -> None:
        """A flush has succeeded."""
        for signal, items in flushed.items:
            self.flushed.add(items, signal=signal)
        self.duplicates.add(flushed.duplicates)

    def observe(
        self, kind: Kind[Any], state: Callable[[], State[Any]], unflushed: Callable[[], int]
    ) -> list[Callable[[], None]]:
        """Report what there is now; what is returned stops that."""

        def sums(of: Literal["items", "bytes", "segments"]) -> Iterator[Reading]:
            for segment in state().segments.values():
                value = 1 if of == "segments" else segment.bytes if of == "bytes" else kind.items(segment)
                yield {"signal": kind.signal(segment)}, value

        def gauge(name: str, unit: str, description: str, read: Callable[[], Iterable[Reading]]) -> Callable[[], None]:
            return self._meter.observe(f"{self._prefix}_{name}", "gauge", unit, description, read)

        return [
            gauge("unflushed_bytes", "By", "Bytes of the log that no segment holds yet.", lambda: [({}, unflushed())]),
            gauge("segments", "{segment}", "Segments, by signal.", lambda: sums("segments")),
            gauge("segment_bytes", "By", "Bytes of all segments, by signal.", lambda: sums("bytes")),
            gauge("segment_items", "{item}", "Items in all segments, by signal.", lambda: sums("items")),
        ]
