"""A copy of a data directory's metrics alone, taken while they are written; it is a data directory, too."""

from pathlib import Path

from ..._core import Disk
from ..directory import METRICS
from ..segmented.backup import backup
from .segment import SERIES


def snapshot_metrics(root: Path, target: Path) -> None:
    """Copy them from the data directory `root` to `target`, which is new or empty. Raises DataDirectoryError."""
    backup(root / METRICS, target / METRICS, [("", Disk.real(str(root / METRICS)), SERIES)])
