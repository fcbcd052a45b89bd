"""The summary of a segment, as its index has it (docs/spec/segment.md), as far as it is read here."""

import msgspec

from ..._core import Disk, segment_summary


class Summary(msgspec.Struct, frozen=True):
    """What the catalogue and recovery want to know."""

    rows: int
    min_start_ns: int
    max_start_ns: int
    services: tuple[str, ...] = ()
    operations: tuple[tuple[str, str, int, int], ...] = ()
    """Service, name, kind, spans."""
    keys: tuple[tuple[str, str, int, bool], ...] = ()
    """Attribute key, type, items, whether it has a column."""


def read_summary(disk: Disk, segment: str) -> Summary:
    """Of the segment with this path. Raises OSError, ValueError."""
    return _decode(segment_summary(disk, segment))


_decode = msgspec.json.Decoder(Summary).decode
