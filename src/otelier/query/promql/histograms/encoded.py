"""Native histograms as remote write 2.0 has them and as they are stored: `io.prometheus.write.v2.Histogram`.

Format: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/.
"""

import struct
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from .model import Buckets, Hint, Histogram

_HINTS: Mapping[int, Hint] = {1: "reset", 3: "gauge"}
"""That there was none (2) is not relied on: the sample that it was said about may be missing."""
_STALE_BITS = 0x7FF0000000000002
_Value: TypeAlias = int | bytes


@lru_cache(maxsize=8192)
def decoded(data: bytes) -> Histogram | None:
    """The histogram; None if it marks the end of its series. Raises ValueError."""
    try:
        return _decoded(data)
    except (IndexError, struct.error) as error:
        raise ValueError("not a native histogram: it ends too early") from error


def _decoded(data: bytes) -> Histogram | None:
    single, repeated = dict[int, _Value](), dict[int, list[_Value]]()
    for number, value in _fields(data):
        if number in (8, 9, 10, 11, 12, 13, 16):
            repeated.setdefault(number, []).append(value)
        else:
            single[number] = value
    if _fixed(single.get(3, 0)) == _STALE_BITS:
        return None
    return Histogram(
        schema=_zigzag(_whole(single.get(4, 0))),
        count=_number(single.get(2)) if 2 in single else float(_whole(single.get(1, 0))),
        sum=_number(single.get(3)),
        zero_count=_number(single.get(7)) if 7 in single else float(_whole(single.get(6, 0))),
        zero_threshold=_number(single.get(5)),
        positive=_buckets(repeated, 11),
        negative=_buckets(repeated, 8),
        bounds=tuple(_doubles(repeated.get(16, []))),
        hint=_HINTS.get(_whole(single.get(14, 0)), "unknown"),
    )


def _buckets(repeated: Mapping[int, list[_Value]], spans: int) -> Buckets:
    """Spans, with deltas in the field behind them or counts in the one behind that."""
    counts = list(_doubles(repeated.get(spans + 2, [])))
    if not counts:
        total = 0
        for delta in _varints(repeated.get(spans + 1, [])):
            total += _zigzag(delta)
            counts.append(float(total))
    found, index, at = dict[int, float](), 0, 0
    for span in repeated.get(spans, []):
        assert isinstance(span, bytes)
        fields = dict(_fields(span))
        index += _zigzag(_whole(fields.get(1, 0)))
        length = _whole(fields.get(2, 0))
        if at + length > len(counts):
            raise ValueError("not a native histogram: it has fewer counts than buckets")
        found.update((index + each, counts[at + each]) for each in range(length) if counts[at + each])
        index, at = index + length, at + length
    return found


def _fields(data: bytes) -> Iterator[tuple[int, _Value]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                value, at = _varint(data, at)
                yield tag >> 3, value
            case 1:
                yield tag >> 3, data[at : at + 8]
                at += 8
            case 2:
                length, at = _varint(data, at)
                if at + length > len(data):
                    raise ValueError("not a native histogram: it ends too early")
                yield tag >> 3, data[at : at + length]
                at += length
            case 5:
                at += 4
            case other:
                raise ValueError(f"not a native histogram: wire type {other}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _varints(values: list[_Value]) -> Iterator[int]:
    """Packed or not."""
    for value in values:
        if isinstance(value, int):
            yield value
            continue
        at = 0
        while at < len(value):
            each, at = _varint(value, at)
            yield each


def _doubles(values: list[_Value]) -> Iterator[float]:
    """Packed or not: both are eight bytes each."""
    for value in values:
        assert isinstance(value, bytes)
        yield from struct.unpack(f"<{len(value) // 8}d", value)


def _number(value: _Value | None) -> float:
    return struct.unpack("<d", value)[0] if isinstance(value, bytes) else 0.0


def _fixed(value: _Value) -> int:
    return int.from_bytes(value, "little") if isinstance(value, bytes) else value


def _whole(value: _Value) -> int:
    if not isinstance(value, int):
        raise ValueError("not a native histogram: a number is of another kind")
    return value


def _zigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
