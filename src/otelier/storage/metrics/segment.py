"""Segments of series, as the manifest names them, and what the store's `Kind` knows of them."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ..._core import Disk, series_files, series_summary, verify_series
from ..segmented.files import SEGMENTS
from ..segmented.kind import Built, Kind
from ..segmented.manifest import Stored
from . import windows

_SEGMENT = re.compile(rf"{SEGMENTS}/([A-Za-z0-9_-]{{1,63}})/[0-9]{{20}}-[0-9a-f]+\.index")
_NEEDED = ("series", "times", "samples")
_MS = 10**6


class SeriesSegment(Stored, frozen=True, kw_only=True, omit_defaults=True):
    """One immutable segment. Times are those of its samples, ms since 1970."""

    samples: int
    series: int
    min_ms: int
    max_ms: int


class SeriesKind(Kind[SeriesSegment]):
    """Of metrics."""

    segment = SeriesSegment
    folders = 1

    def files(self, path: str) -> tuple[str, ...]:
        """Its index, and tables beside it."""
        return tuple(series_files(path))

    def needed(self, path: str) -> tuple[str, ...]:
        """Without the tables of what is rare."""
        return (path, *(f"{path.removesuffix('.index')}.{each}.parquet" for each in _NEEDED))

    def is_segment(self, path: str) -> bool:
        """By its form."""
        return _SEGMENT.fullmatch(path) is not None

    def described(self, disk: Disk, path: str) -> SeriesSegment:
        """Raises OSError, ValueError."""
        return _segment(series_summary(disk, path))

    def verify(self, disk: Disk, path: str) -> str:
        """Every byte is read. Raises OSError, ValueError."""
        return "; ".join(verify_series(disk, path))

    def glance(self, disk: Disk, path: str) -> None:
        """Raises OSError, ValueError."""
        series_summary(disk, path)

    def signal(self, segment: SeriesSegment) -> str:
        """There is only one."""
        return "metrics"

    def items(self, segment: SeriesSegment) -> int:
        """Samples."""
        return segment.samples

    def ages(self, segments: Iterable[SeriesSegment], now_ns: int) -> Iterator[tuple[SeriesSegment, int]]:
        """Since the newest sample: what is imported is as old as it says, and what is too old was not taken at all."""
        for segment in sorted(segments, key=lambda each: (each.max_ms, each.path)):
            yield segment, max(now_ns - segment.max_ms * _MS, 0)

    def choose(self, segments: Iterable[SeriesSegment], now_ns: int) -> list[SeriesSegment]:
        """By windows of time."""
        return windows.choose(segments, now_ns // _MS)


SERIES = SeriesKind()


def built(bodies: Iterable[bytes], generation: int, written_ns: int, **others: Any) -> Built[SeriesSegment]:
    """What a flush or a merge has written, as the manifest names it; `others`: of `Built`."""
    segments = (
        msgspec.structs.replace(_segment(body), generation=generation, written_ns=written_ns) for body in bodies
    )
    return Built(tuple(segments), **others)


_segment = msgspec.json.Decoder(SeriesSegment).decode
