"""Which segments of series are merged: those of a window of two hours, then those of a day, when it is over.

Before, only small ones are put together, so that there are few. What comes late for a window that is merged already
waits until rewriting pays. Where two segments have a sample of the same series and moment, the one that was written
later counts; so only neighbours in the order of writing are merged, among those of the same window.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .segment import SeriesSegment

WINDOW_MS = 2 * 3_600_000
DAY_MS = 24 * 3_600_000
LATE_MS = 15 * 60_000
"""A window is over so long after its end."""
FEW = 4
"""So many small ones are put together while their window goes on."""
_WORTH = 8
"""Large ones are written anew when what is added is at least this part of them."""
MOST_SAMPLES = 32_000_000
"""No merge has more: it bounds the memory."""


def choose(segments: Iterable["SeriesSegment"], now_ms: int) -> list["SeriesSegment"]:
    """The next ones to merge, in the order in which they were written; empty if nothing is worth it."""
    tenants: defaultdict[str, list[SeriesSegment]] = defaultdict(list)
    for segment in sorted(segments, key=lambda each: (each.generation, each.path)):
        tenants[segment.tenant].append(segment)
    for mine in tenants.values():
        for group in _groups(mine, now_ms):
            if len(group) > 1:
                return group
    return []


def _groups(segments: Sequence["SeriesSegment"], now_ms: int) -> Iterator[list["SeriesSegment"]]:
    windows, days = _within(segments, WINDOW_MS), _within(segments, DAY_MS)
    for window, those in sorted(windows.items()):
        if now_ms >= (window + 1) * WINDOW_MS + LATE_MS:
            yield _all_that_fit(those)
        yield _newest(those)
    for day, those in sorted(days.items()):
        if now_ms >= (day + 1) * DAY_MS + LATE_MS:
            yield _all_that_fit(sorted(those, key=lambda each: (each.min_ms // WINDOW_MS, each.generation, each.path)))
    wide = [each for each in segments if each.min_ms // DAY_MS != each.max_ms // DAY_MS]
    yield _newest(wide)


def _within(segments: Sequence["SeriesSegment"], length_ms: int) -> dict[int, list["SeriesSegment"]]:
    """Those that lie within one window of that length, by its number."""
    found: defaultdict[int, list[SeriesSegment]] = defaultdict(list)
    for segment in segments:
        if segment.min_ms // length_ms == segment.max_ms // length_ms:
            found[segment.min_ms // length_ms].append(segment)
    return found


def _all_that_fit(segments: Sequence["SeriesSegment"]) -> list["SeriesSegment"]:
    """All of them, or as many neighbours as one merge may have; empty if rewriting does not pay."""
    run, total = list["SeriesSegment"](), 0
    for segment in (*segments, None):
        if segment is None or total + segment.samples > MOST_SAMPLES:
            largest = max((each.samples for each in run), default=0)
            if len(run) > 1 and (total - largest) * _WORTH >= largest:
                return run
            run, total = [], 0
        if segment:
            run.append(segment)
            total += segment.samples
    return []


def _newest(segments: Sequence["SeriesSegment"]) -> list["SeriesSegment"]:
    """The newest ones, and older ones as long as each is no larger than all after it; empty if that are only few."""
    run, total = list["SeriesSegment"](), 0
    for segment in reversed(segments):
        if run and (segment.samples > total or total + segment.samples > MOST_SAMPLES):
            break
        run.insert(0, segment)
        total += segment.samples
    return run if len(run) >= FEW else []
