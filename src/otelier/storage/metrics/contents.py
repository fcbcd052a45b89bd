"""What the store of metrics holds, read without the directory's lock: also while another process writes it."""

from ..._core import Disk, SeriesView
from ..local.contents import Contents, Holding
from ..segmented.files import LOG
from ..segmented.inspect import unflushed
from ..segmented.manifest import State, read_state
from .segment import SeriesSegment

_NS = 10**6
_ROUNDS = 5


def contents(disk: Disk) -> Contents:
    """Raises DataDirectoryError, OSError."""
    state, rounds = read_state(disk, SeriesSegment), 0
    size, logged = sum(size for _, size in unflushed(disk, state)), _logged(disk, state)
    while (after := read_state(disk, SeriesSegment)).retired != state.retired and rounds < _ROUNDS:
        # A flush came in between.
        state, rounds = after, rounds + 1
        size, logged = sum(size for _, size in unflushed(disk, state)), _logged(disk, state)
    groups = {tenant: list[SeriesSegment]() for tenant in logged}
    for segment in state.segments.values():
        groups.setdefault(segment.tenant, []).append(segment)
    return Contents(
        tuple(_holding(tenant, each, logged.get(tenant, 0)) for tenant, each in sorted(groups.items())), size
    )


def _logged(disk: Disk, state: State[SeriesSegment]) -> dict[str, int]:
    """Samples by tenant that are in the log alone."""
    view = SeriesView(disk, LOG)
    view.refresh([], state.retired)
    return view.hot_samples()


def _holding(tenant: str, group: list[SeriesSegment], unflushed_items: int) -> Holding:
    return Holding(
        tenant,
        "metrics",
        segments=len(group),
        items=sum(each.samples for each in group),
        bytes=sum(each.bytes for each in group),
        min_start_ns=min((each.min_ms for each in group), default=0) * _NS,
        max_start_ns=max((each.max_ms for each in group), default=0) * _NS,
        unflushed_items=unflushed_items,
    )
