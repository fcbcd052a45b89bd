"""Blocks as Prometheus writes them, small: floats only, one chunk for each series."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from otelier._core import crc32c, prometheus_chunks

Series = Mapping[tuple[tuple[str, str], ...], Sequence[tuple[int, float]]]


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _zigzag(value: int) -> bytes:
    return _varint(value << 1 ^ value >> 63)


def _checked(body: bytes) -> bytes:
    return body + crc32c(body).to_bytes(4, "big")


def write_block(root: Path, ulid: str, series: Series, parents: Sequence[str] = ()) -> Path:
    """A folder with index, chunks and `meta.json`; the folder."""
    texts = sorted({text for labels in series for pair in labels for text in pair})
    symbols = len(texts).to_bytes(4, "big") + b"".join(_varint(len(each.encode())) + each.encode() for each in texts)
    index = bytearray(b"\xba\xaa\xd7\x00\x02" + len(symbols).to_bytes(4, "big") + _checked(symbols))
    index += bytes(-len(index) % 16)
    begin, chunks = len(index), bytearray(b"\x85\xbd\x40\xdd\x01\0\0\0")
    for labels, samples in sorted(series.items()):
        times = np.array([at for at, _ in samples], "<i8").tobytes()
        values = np.array([value for _, value in samples], "<f8").tobytes()
        ((encoding, first, last, data),) = prometheus_chunks(times, values, [], 120)
        body = _varint(len(labels)) + b"".join(_varint(texts.index(text)) for pair in labels for text in pair)
        body += _varint(1) + _zigzag(first) + _varint(last - first) + _varint(len(chunks))
        index += bytes(-len(index) % 16)
        index += _varint(len(body)) + _checked(body)
        chunks += _varint(len(data)) + _checked(bytes([encoding]) + data)
    postings = len(index)
    places = (5, begin, 0, 0, postings, postings)
    index += bytes(4) + _checked(b"".join(place.to_bytes(8, "big") for place in places))
    times = [at for samples in series.values() for at, _ in samples]
    meta = {
        "ulid": ulid,
        "version": 1,
        "minTime": min(times),
        "maxTime": max(times) + 1,
        "stats": {"numSamples": len(times), "numSeries": len(series)},
        "compaction": {"level": 1, "sources": [ulid], "parents": [{"ulid": each} for each in parents]},
    }
    folder = root / ulid
    (folder / "chunks").mkdir(parents=True)
    (folder / "index").write_bytes(index)
    (folder / "chunks" / "000001").write_bytes(chunks)
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder
