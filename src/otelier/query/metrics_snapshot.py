"""The store of metrics as a reader sees it."""

from pathlib import Path

from .._core import SeriesView
from ..component import SystemClock
from ..storage.directory import METRICS
from ..storage.metrics import SeriesSegment
from ..storage.metrics.segment import SERIES
from ..storage.segmented.bucket.attach import open_disk
from ..storage.segmented.bucket.cache import Cache
from ..storage.segmented.bucket.follow import Follower
from ..storage.segmented.files import LOG
from ..storage.segmented.manifest import State
from .following import Following


class MetricsSnapshot(Following[SeriesView, SeriesSegment]):
    """Of a data directory that has metrics."""

    def __init__(self, directory: Path) -> None:
        root = directory / METRICS
        cache = Cache(root, SERIES)
        self._follower = Follower(root, SERIES, cache, SystemClock())
        disk = open_disk(root, SERIES, cache)
        super().__init__(root, disk, SeriesView(disk, LOG), SeriesSegment)

    def look_elsewhere(self) -> None:
        """Where the directory is a reader's cache of a bucket. Raises OSError, StartError."""
        self._follower.pull()

    def bring_up(self, state: State[SeriesSegment]) -> None:
        """Oldest first: what was written later counts. Raises StaleView, DamagedFile, OSError."""
        ordered = sorted(state.segments.values(), key=lambda each: (each.generation, each.path))
        self._view.refresh([(each.path, each.min_ms, each.max_ms, each.tenant) for each in ordered], state.retired)
