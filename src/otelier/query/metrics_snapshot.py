"""The store of metrics as a reader sees it."""

from pathlib import Path

from .._core import Disk, SeriesView
from ..storage.directory import METRICS
from ..storage.metrics import SeriesSegment
from ..storage.segmented.files import LOG
from ..storage.segmented.manifest import State
from .following import Following


class MetricsSnapshot(Following[SeriesView, SeriesSegment]):
    """Of a data directory that has metrics."""

    def __init__(self, directory: Path) -> None:
        root = directory / METRICS
        disk = Disk.real(str(root))
        super().__init__(root, disk, SeriesView(disk, LOG), SeriesSegment)

    def bring_up(self, state: State[SeriesSegment]) -> None:
        """Oldest first: what was written later counts. Raises StaleView, DamagedFile, OSError."""
        ordered = sorted(state.segments.values(), key=lambda each: (each.generation, each.path))
        self._view.refresh([(each.path, each.min_ms, each.max_ms, each.tenant) for each in ordered], state.retired)
