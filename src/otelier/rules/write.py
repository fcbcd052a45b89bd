"""Samples as a remote write request (1.0, not compressed): what rules send to the process that takes metrics in.

Histograms are written as native ones with float counts. Field numbers: Prometheus's prompb/types.proto.
"""

import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ..query.promql.histograms import Hint, Histogram
from ..query.promql.labels import Labels
from .group import Sample

_HINTS: Mapping[Hint, int] = {"unknown": 0, "reset": 1, "not_reset": 2, "gauge": 3}


def write_request(samples: Sequence[Sample]) -> bytes:
    """One series for each sample."""
    return b"".join(_bytes(1, _series(*each)) for each in samples)


def _series(labels: Labels, time_ms: int, value: float | Histogram) -> bytes:
    named = b"".join(_bytes(1, _text(1, name) + _text(2, text)) for name, text in labels)
    if isinstance(value, Histogram):
        return named + _bytes(4, _histogram(value, time_ms))
    return named + _bytes(2, _double(1, value) + _number(2, time_ms))


def _histogram(value: Histogram, time_ms: int) -> bytes:
    negative, positive = _buckets(value.negative), _buckets(value.positive)
    parts = [
        _double(2, value.count),
        _double(3, value.sum),
        _number(4, _zigzag(value.schema)),
        _double(5, value.zero_threshold),
        _double(7, value.zero_count),
        *(_bytes(8, span) for span in negative[0]),
        _bytes(10, negative[1]) if negative[1] else b"",
        *(_bytes(11, span) for span in positive[0]),
        _bytes(13, positive[1]) if positive[1] else b"",
        _number(14, _HINTS[value.hint]),
        _number(15, time_ms),
        _bytes(16, struct.pack(f"<{len(value.bounds)}d", *value.bounds)) if value.bounds else b"",
    ]
    return b"".join(parts)


def _buckets(counts: Mapping[int, float]) -> tuple[list[bytes], bytes]:
    """Spans of buckets that follow each other, each with the gap in front of it; and the counts of all."""
    indexes = sorted(counts)
    starts = [0, *(number + 1 for number, (one, next_) in enumerate(pairwise(indexes)) if next_ != one + 1)]
    spans: list[bytes] = []
    end = 0
    for start, stop in pairwise([*starts, len(indexes)]) if indexes else ():
        spans.append(_number(1, _zigzag(indexes[start] - end)) + _number(2, stop - start))
        end = indexes[stop - 1] + 1
    return spans, struct.pack(f"<{len(indexes)}d", *(counts[index] for index in indexes))


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode(errors="surrogateescape"))


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)
