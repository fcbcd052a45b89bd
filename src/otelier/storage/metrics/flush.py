"""Samples from the log to segments."""

from ..._core import Disk, SeriesLog, flush_series
from ...component import Clock
from ..segmented import flush as segmented
from ..segmented.counters import Counters
from ..segmented.files import SEGMENTS
from ..segmented.kind import Built
from ..segmented.manifest import Manifest
from ..settings import FlushLimits
from .segment import SeriesSegment, built


class Flusher(segmented.Flusher[SeriesSegment]):
    """Of metrics: nothing waits."""

    def __init__(
        self,
        disk: Disk,
        log: SeriesLog,
        manifest: Manifest[SeriesSegment],
        clock: Clock,
        limits: FlushLimits,
        counters: Counters,
    ) -> None:
        super().__init__(disk, log, manifest, clock, limits, counters)
        self._series = log

    def build(self, generations: list[int], now_ns: int, *, everything: bool) -> Built[SeriesSegment]:
        """Raises OSError."""
        done = flush_series(self._disk, self._series, generations, SEGMENTS, now_ns)
        return built(
            done.segments,
            generations[-1],
            now_ns,
            damaged_bytes=done.damaged_bytes,
            torn_bytes=done.torn_bytes,
            items=(("metrics", done.samples),),
        )
