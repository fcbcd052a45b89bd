"""Remote read: what another Prometheus asks for, and raw samples as it wants them.

Format: `prometheus.ReadRequest` and `prometheus.ReadResponse`, https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from ..._core import crc32c
from ..protobuf import double, fields, integer, length_delimited, text, varint

Operator = Literal["=", "!=", "=~", "!~"]
_OPERATORS: tuple[Operator, ...] = ("=", "!=", "=~", "!~")
_SAMPLES, _CHUNKS = 0, 1
_FRAME_BYTES = 2**20
"""A series with more goes on in the next frame."""
Chunk: TypeAlias = tuple[int, int, int, bytes]
"""Encoding, times of the first and the last sample in ms, data."""
_QUICK = (2**35, 2**42)
"""Times, in milliseconds, that take six bytes each: from 1971 to 2109."""
_HINTS = {"unknown": 0, "reset": 1, "not_reset": 2, "gauge": 3}


class Native(Protocol):
    """A native histogram: buckets by index."""

    @property
    def schema(self) -> int: ...  # noqa: D102
    @property
    def count(self) -> float: ...  # noqa: D102
    @property
    def sum(self) -> float: ...  # noqa: D102
    @property
    def zero_count(self) -> float: ...  # noqa: D102
    @property
    def zero_threshold(self) -> float: ...  # noqa: D102
    @property
    def positive(self) -> Mapping[int, float]: ...  # noqa: D102
    @property
    def negative(self) -> Mapping[int, float]: ...  # noqa: D102
    @property
    def bounds(self) -> Sequence[float]: ...  # noqa: D102
    @property
    def hint(self) -> str: ...  # noqa: D102


class Query(NamedTuple):
    """Series and the times that are asked for, both ends included."""

    start_ms: int
    end_ms: int
    matchers: list[tuple[str, Operator, str]]


class Asked(NamedTuple):
    """A request."""

    queries: list[Query]
    streamed: bool
    """Whether chunks are wanted, one series after the other, rather than samples in one piece."""


def read_request(message: bytes) -> Asked:
    """Raises ValueError, also if the asker takes neither of the two kinds of answers."""
    queries: list[Query] = []
    accepted: list[int] = []
    for number, value in fields(message):
        if number == 1 and isinstance(value, bytes):
            queries.append(_query(value))
        elif number == 2:
            accepted += _packed(value) if isinstance(value, bytes) else [value]
    wanted = next((kind for kind in accepted or [_SAMPLES] if kind in (_SAMPLES, _CHUNKS)), None)
    if wanted is None:
        raise ValueError(
            "server does not support any of the requested response types; supported: SAMPLES, STREAMED_XOR_CHUNKS"
        )
    return Asked(queries, wanted == _CHUNKS)


def result(series: Iterable[bytes]) -> bytes:
    """One `QueryResult` as a field of the response."""
    return length_delimited(1, b"".join(series))


def time_series(labels: Sequence[tuple[str, str]], samples: bytes, histograms: bytes) -> bytes:
    """One `TimeSeries` as a field of a result."""
    return length_delimited(1, _labels(labels) + samples + histograms)


def frames(labels: Sequence[tuple[str, str]], chunks: Iterable[Chunk], query: int) -> Iterator[bytes]:
    """A series of the answer to a query (its number in the request) as frames of a streamed answer.

    A frame is the length of a `ChunkedReadResponse` (varint), its CRC-32C, and it.
    """
    head, parts, size = _labels(labels), list[bytes](), 0
    for encoding, first, last, data in chunks:
        part = length_delimited(
            2, integer(1, first) + integer(2, last) + integer(3, encoding) + length_delimited(4, data)
        )
        if parts and size + len(part) > _FRAME_BYTES:
            yield _frame(head, parts, query)
            parts, size = [], 0
        parts.append(part)
        size += len(part)
    if parts:
        yield _frame(head, parts, query)


def _frame(labels: bytes, chunks: list[bytes], query: int) -> bytes:
    message = length_delimited(1, labels + b"".join(chunks)) + integer(2, query)
    return varint(len(message)) + crc32c(message).to_bytes(4, "big") + message


def _labels(labels: Sequence[tuple[str, str]]) -> bytes:
    return b"".join(length_delimited(1, text(1, _utf8(name)) + text(2, _utf8(value))) for name, value in labels)


def samples(times_ms: np.ndarray, values: np.ndarray) -> bytes:
    """`Sample` fields of a series, bit by bit."""
    if not len(times_ms):
        return b""
    bits = np.ascontiguousarray(values, dtype="<f8")
    if _QUICK[0] <= times_ms.min() and times_ms.max() < _QUICK[1]:
        out = np.empty((len(times_ms), 18), dtype=np.uint8)
        out[:, :3] = (0x12, 16, 0x09)
        out[:, 3:11] = bits.view(np.uint8).reshape(-1, 8)
        out[:, 11] = 0x10
        for byte in range(6):
            out[:, 12 + byte] = (times_ms >> (7 * byte)) & 0x7F | (0x80 if byte < 5 else 0)
        return out.tobytes()
    parts = zip(times_ms.tolist(), bits.view("V8").tolist(), strict=True)
    return b"".join(length_delimited(2, b"\x09" + raw + integer(2, time)) for time, raw in parts)


def histogram(time_ms: int, each: Native) -> bytes:
    """A `Histogram` field of a series with float counts, as remote read and remote write 1.0 have it."""
    return length_delimited(4, native(time_ms, each))


def native(time_ms: int, each: Native) -> bytes:
    """The message of such a field."""
    return b"".join([
        double(2, each.count),
        double(3, each.sum),
        integer(4, _zigzag(each.schema)),
        double(5, each.zero_threshold),
        double(7, each.zero_count),
        _buckets(8, 10, each.negative),
        _buckets(11, 13, each.positive),
        integer(14, _HINTS[each.hint]),
        integer(15, time_ms),
        length_delimited(16, struct.pack(f"<{len(each.bounds)}d", *each.bounds)) if each.bounds else b"",
    ])  # fmt: skip


def _buckets(span_number: int, count_number: int, buckets: Mapping[int, float]) -> bytes:
    """Runs of buckets, and the counts of all."""
    spans: list[list[int]] = []
    end, order = 0, sorted(buckets)
    for index in order:
        if spans and index == end:
            spans[-1][1] += 1
        else:
            spans.append([index - end, 1])
        end = index + 1
    if not spans:
        return b""
    written = [length_delimited(span_number, integer(1, _zigzag(gap)) + integer(2, length)) for gap, length in spans]
    counts = struct.pack(f"<{len(order)}d", *(buckets[index] for index in order))
    return b"".join([*written, length_delimited(count_number, counts)])


def _query(message: bytes) -> Query:
    start = end = 0
    matchers: list[tuple[str, Operator, str]] = []
    for number, value in fields(message):
        if number == 1 and isinstance(value, int):
            start = _signed(value)
        elif number == 2 and isinstance(value, int):
            end = _signed(value)
        elif number == 3 and isinstance(value, bytes):
            parts = dict(fields(value))
            operator = parts.get(1, 0)
            if not isinstance(operator, int) or operator >= len(_OPERATORS):
                raise ValueError(f"invalid matcher type {operator!r}")
            name, wanted = (_text(parts.get(part, b"")) for part in (2, 3))
            matchers.append((name, _OPERATORS[operator], wanted))
    return Query(start, end, matchers)


def _packed(value: bytes) -> list[int]:
    """Small numbers in one field."""
    return list(value)


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _zigzag(value: int) -> int:
    return value << 1 ^ value >> 63


def _text(value: int | bytes) -> str:
    if not isinstance(value, bytes):
        raise ValueError("a matcher's text is a number")
    return value.decode()


def _utf8(value: str) -> str:
    return value.encode(errors="surrogateescape").decode(errors="replace")
