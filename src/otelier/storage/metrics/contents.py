"""What there is of metrics, read without the directory's lock: also while another process writes it."""

from ..._core import Disk, SeriesView
from ..segmented import contents as segmented
from ..segmented.contents import Contents, Part
from ..segmented.files import LOG
from ..segmented.manifest import State
from .segment import SeriesSegment

_SIGNAL = "metrics"
_NS = 10**6


def contents(disk: Disk) -> Contents:
    """Raises DataDirectoryError, OSError."""
    return segmented.contents(disk, SeriesSegment, _part, _logged)


def _logged(disk: Disk, state: State[SeriesSegment]) -> dict[tuple[str, str], int]:
    view = SeriesView(disk, LOG)
    view.refresh([], state.retired)
    return {(tenant, _SIGNAL): samples for tenant, samples in view.hot_samples().items()}


def _part(segment: SeriesSegment) -> Part:
    return Part(_SIGNAL, segment.samples, segment.min_ms * _NS, segment.max_ms * _NS)
