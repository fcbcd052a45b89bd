"""Which segments are merged: those of one tenant's signal that are about equally small, a few at a time.

Sizes grow by a factor with every merge, so that an item is rewritten a few times in its life, and there are few small
segments. Merging makes a trace whole again whose parts lie in the segments merged.
"""

from collections import defaultdict
from collections.abc import Iterable

from .manifest import Segment

FEW = 4
"""So many of a size are merged, and sizes differ by this factor."""
_MOST = 16
"""At most so many at once: what came while merging had to wait."""
_ROWS = 262_144
"""No merged segment has more. A merge takes about 1.1 KiB of memory per row, so this is its bound."""
_BYTES = 128 * 1024 * 1024
"""Nor more bytes on disk: long log lines take ten times that in memory while they are merged."""
_SPAN_NS = 24 * 3600 * 10**9
"""What is merged was written within so long, so that retention stays fine-grained."""


def choose(segments: Iterable[Segment]) -> list[Segment]:
    """The next ones to merge, oldest first: small ones before large ones. Empty if nothing is worth it."""
    sizes: defaultdict[tuple[int, str, str, bool], list[Segment]] = defaultdict(list)
    for segment in segments:
        sizes[_size(segment.rows), segment.tenant, segment.signal, segment.important].append(segment)
    for _, alike in sorted(sizes.items()):
        alike.sort(key=lambda each: (each.generation, each.path))
        for at in range(len(alike) - FEW + 1):
            group = _group(alike[at : at + _MOST])
            if len(group) >= FEW:
                return group
    return []


def _group(alike: list[Segment]) -> list[Segment]:
    """As many from the first one on as may be merged."""
    rows = size = 0
    for at, segment in enumerate(alike):
        rows, size = rows + segment.rows, size + segment.bytes
        if rows > _ROWS or size > _BYTES or abs(segment.written_ns - alike[0].written_ns) > _SPAN_NS:
            return alike[:at]
    return alike


def _size(rows: int) -> int:
    """0, 1, 2 …: each class is `FEW` times the one before, the first goes up to 1 024 rows."""
    size = 0
    while rows > 1024:
        rows //= FEW
        size += 1
    return size
