"""What segments of traces and logs are: a Parquet file and its index, of one tenant's signal (docs/spec/segment.md)."""

from collections.abc import Iterable, Iterator

import msgspec

from ..._core import Disk, Flushed, verify_segment
from ..segmented.kind import Built, Kind
from . import compaction
from .layout import index_of, parse_segment
from .manifest import Segment
from .summary import read_summary


class Telemetry(Kind[Segment]):
    """Of traces and logs."""

    segment = Segment
    folders = 2

    def files(self, path: str) -> tuple[str, ...]:
        """Segment and index."""
        return path, index_of(path)

    def is_segment(self, path: str) -> bool:
        """By its form."""
        return parse_segment(path) is not None

    def described(self, disk: Disk, path: str) -> Segment:
        """From its index. Raises OSError, ValueError."""
        place = parse_segment(path)
        assert place, path
        summary = read_summary(disk, path)
        return msgspec.convert(
            {
                "path": path,
                "tenant": place[0],
                "signal": place[1],
                "rows": summary.rows,
                "bytes": sum(disk.size(each) for each in self.files(path)),
                "min_start_ns": summary.min_start_ns,
                "max_start_ns": summary.max_start_ns,
            },
            Segment,
        )

    def verify(self, disk: Disk, path: str) -> str:
        """Every byte is read. Raises OSError, ValueError."""
        return verify_segment(disk, path)

    def glance(self, disk: Disk, path: str) -> None:
        """At its index. Raises OSError, ValueError."""
        read_summary(disk, path)

    def signal(self, segment: Segment) -> str:
        """`traces` or `logs`."""
        return segment.signal

    def items(self, segment: Segment) -> int:
        """Spans or records."""
        return segment.rows

    def ages(self, segments: Iterable[Segment], now_ns: int) -> Iterator[tuple[Segment, int]]:
        """Since each was written. What spans say of themselves may be years off in either direction.

        One from the future (the clock was ahead) is as old as the oldest that was written after it.
        """
        oldest_after = 0
        found: list[tuple[Segment, int]] = []
        for segment in sorted(segments, key=lambda each: (each.generation, each.path), reverse=True):
            age = now_ns - segment.written_ns
            if age < 0:
                age = oldest_after
            oldest_after = max(oldest_after, age)
            found.append((segment, age))
        yield from reversed(found)

    def choose(self, segments: Iterable[Segment], now_ns: int) -> list[Segment]:
        """By size."""
        return compaction.choose(segments)


TELEMETRY = Telemetry()


def built(done: Flushed, generation: int, written_ns: int, *, important: bool = False) -> Built[Segment]:
    """What a flush or a merge has written, as the manifest names it."""
    return Built(
        tuple(written(body, generation, written_ns, important=important) for body in done.segments),
        done.damaged_bytes,
        done.torn_bytes,
        tuple(done.items.items()),
        done.duplicates,
    )


def written(body: bytes, generation: int, written_ns: int, *, important: bool = False) -> Segment:
    """A new segment as the manifest names it."""
    new = _segment(body)
    return msgspec.structs.replace(new, generation=generation, written_ns=written_ns, important=important)


_segment = msgspec.json.Decoder(Segment).decode
