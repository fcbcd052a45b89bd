"""A window of time in slices, newest first, so that a search can be ended between two of them.

How many there are and where they are cut changes no answer, only how long a search may go on behind its time.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, pairwise

from ..storage.local.manifest import Segment

ROWS = 4_000_000
"""Spans that a slice has before the next begins: a fraction of a second, and so few slices that they cost nothing."""


def slices(segments: Iterable[Segment], start_ns: int, end_ns: int, rows: int = ROWS) -> Iterator[tuple[int, int]]:
    """[start, end] of each slice; together they are the window.

    A slice ends where the next segment begins to have spans, once those before it have `rows`.
    """
    inside = [each for each in segments if each.max_start_ns >= start_ns and each.min_start_ns <= end_ns]
    inside.sort(key=lambda each: each.max_start_ns, reverse=True)
    gathered = 0
    for newer, older in pairwise(inside):
        gathered += newer.rows
        cut = older.max_start_ns + 1
        if gathered >= rows and start_ns < cut <= end_ns:
            yield cut, end_ns
            gathered, end_ns = 0, cut - 1
    yield start_ns, end_ns


def searched(
    parts: Iterable[tuple[int, int]],
    search: Callable[[int, int], Iterable[tuple[bytes, int]]],
    limit: int,
    over: Callable[[], bool],
) -> tuple[dict[bytes, int], bool]:
    """The newest `limit` traces with their newest hits, newest first; and whether time was `over` too early.

    `search` gives as many of a slice. The first slice is searched in any case.
    """
    found: dict[bytes, int] = {}
    for number, part in enumerate(parts):
        if number and over():
            return found, True
        for trace_id, start_ns in search(*part):
            found.setdefault(trace_id, start_ns)  # it stands where its newest hit is
        if len(found) >= limit:
            break
    return dict(islice(found.items(), limit)), False
