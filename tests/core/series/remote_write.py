"""Requests of remote write 1.0, byte by byte."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .stores import Labels


@dataclass
class Said:
    """What a request says of a series: (ms, bits of the value), (ms, count) of histograms, (ms, value, labels)."""

    labels: Labels
    samples: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    histograms: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    exemplars: list[tuple[int, float, Labels]] = field(default_factory=list[tuple[int, float, Labels]])


def request(said: Iterable[Said], families: Sequence[tuple[int, str, str, str]] = ()) -> bytes:
    """`families`: type, name, help, unit."""
    metadata = (
        _number(1, kind) + _bytes(2, name.encode()) + _bytes(4, help_.encode()) + _bytes(5, unit.encode())
        for kind, name, help_, unit in families
    )
    return b"".join([*(_bytes(1, _series(each)) for each in said), *(_bytes(3, each) for each in metadata)])


def _series(said: Said) -> bytes:
    parts = [_labels(said.labels)]
    parts += [_bytes(2, _fixed(1, bits) + _number(2, ms)) for ms, bits in said.samples]
    parts += [_bytes(3, _labels(labels) + _double(2, value) + _number(3, ms)) for ms, value, labels in said.exemplars]
    parts += [_bytes(4, _histogram(ms, count)) for ms, count in said.histograms]
    return b"".join(parts)


def _histogram(ms: int, count: int) -> bytes:
    """All observations in the zero bucket."""
    return _number(1, count) + _double(3, float(count)) + _double(5, 0.001) + _number(6, count) + _number(15, ms)


def _labels(labels: Labels) -> bytes:
    return b"".join(_bytes(1, _bytes(1, name.encode()) + _bytes(2, value.encode())) for name, value in labels)


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(tag: int, value: int) -> bytes:
    return _varint(tag << 3) + _varint(value) if value else b""


def _bytes(tag: int, value: bytes) -> bytes:
    return _varint(tag << 3 | 2) + _varint(len(value)) + value


def _fixed(tag: int, bits: int) -> bytes:
    return _varint(tag << 3 | 1) + struct.pack("<Q", bits)


def _double(tag: int, value: float) -> bytes:
    return _varint(tag << 3 | 1) + struct.pack("<d", value)
