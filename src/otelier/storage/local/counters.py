"""The store's own metrics, `otelier_store_*`."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from ...component import Meter, Reading
from .manifest import State

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class StoreCounters:
    """What became of what was kept, how long it took, and what went wrong."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.flushed = meter.counter("otelier_store_flushed_items", "{item}", "Items written into segments.")
        self.duplicates = meter.counter(
            "otelier_store_duplicate_items", "{item}", "Spans that were there already (same ids, start, kind)."
        )
        self.damaged_bytes = meter.counter(
            "otelier_store_damaged_bytes", "By", "Bytes on disk that could not be read; set aside in quarantine."
        )
        self.retries = meter.counter(
            "otelier_store_retries", "{try}", "Work that failed and is tried again, by operation and reason."
        )
        self.deleted = meter.counter("otelier_store_deleted_segments", "{segment}", "Segments deleted, by reason.")
        self.deleted_items = meter.counter(
            "otelier_store_deleted_items",
            "{item}",
            "Items deleted before or with their segments, by signal and reason.",
        )
        self.flush_seconds = meter.histogram(
            "otelier_store_flush_seconds", "s", "Time to turn a part of the log into segments.", _SECONDS
        ).bind()
        self.merge_seconds = meter.histogram(
            "otelier_store_merge_seconds", "s", "Time to merge segments.", _SECONDS
        ).bind()

    def observe(self, state: Callable[[], State], unflushed: Callable[[], int]) -> list[Callable[[], None]]:
        """Report what there is now; what is returned stops that."""

        def sums(of: Literal["rows", "bytes", "segments"]) -> Iterator[Reading]:
            for segment in state().segments.values():
                yield {"signal": segment.signal}, 1 if of == "segments" else getattr(segment, of)

        def gauge(name: str, unit: str, description: str, read: Callable[[], Iterable[Reading]]) -> Callable[[], None]:
            return self._meter.observe(f"otelier_store_{name}", "gauge", unit, description, read)

        return [
            gauge("unflushed_bytes", "By", "Bytes of the log that no segment holds yet.", lambda: [({}, unflushed())]),
            gauge("segments", "{segment}", "Segments, by signal.", lambda: sums("segments")),
            gauge("segment_bytes", "By", "Bytes of all segments, by signal.", lambda: sums("bytes")),
            gauge("segment_items", "{item}", "Items in all segments, by signal.", lambda: sums("rows")),
        ]
