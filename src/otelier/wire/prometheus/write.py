"""Remote write 1.0 and 2.0: series as protobuf.

Formats: https://prometheus.io/docs/specs/prw/remote_write_spec/ and
https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from ..protobuf import double, integer, length_delimited, packed, packed_doubles, text, varint, zigzag
from .series import Exemplar, Family, Labels, NativeHistogram, Series

Version: TypeAlias = Literal[1, 2]

CONTENT_TYPES: Mapping[Version, str] = {
    1: "application/x-protobuf",
    2: "application/x-protobuf;proto=io.prometheus.write.v2.Request",
}
VERSION_HEADERS: Mapping[Version, str] = {1: "0.1.0", 2: "2.0.0"}


def requests(
    series: Iterable[Series], families: Mapping[str, Family], version: Version, max_bytes: int
) -> Iterable[tuple[bytes, list[Series]]]:
    """Encoded requests of about `max_bytes` (one series may be more), and what each of them carries."""
    taken: list[Series] = []
    writer = _WriterV1() if version == 1 else _WriterV2()
    for each in series:
        writer.add(each, families.get(each.family))
        taken.append(each)
        if writer.size >= max_bytes:
            yield writer.finish(), taken
            taken, writer = [], _WriterV1() if version == 1 else _WriterV2()
    if taken:
        yield writer.finish(), taken


class _WriterV1:
    def __init__(self) -> None:
        self.size = 0
        self._parts: list[bytes] = []
        self._families: set[str] = set()

    def add(self, series: Series, family: Family | None) -> None:
        content = [_labels(series.labels)]
        content += [_sample(value, at) for value, at in series.samples]
        content += [length_delimited(3, _labels(e.labels) + _exemplar(e)) for e in series.exemplars]
        content += [length_delimited(4, _histogram(each)) for each in series.histograms]
        self._put(length_delimited(1, b"".join(content)))
        if family and family.name not in self._families:
            self._families.add(family.name)
            about = integer(1, family.type) + text(2, family.name)
            about += text(4, family.help) if family.help else b""
            self._put(length_delimited(3, about + (text(5, family.unit) if family.unit else b"")))

    def finish(self) -> bytes:
        return b"".join(self._parts)

    def _put(self, part: bytes) -> None:
        self._parts.append(part)
        self.size += len(part)


class _WriterV2:
    def __init__(self) -> None:
        self.size = 0
        self._symbols: dict[str, int] = {"": 0}
        self._parts: list[bytes] = []

    def add(self, series: Series, family: Family | None) -> None:
        content = [self._refs(series.labels)]
        content += [_sample(value, at) for value, at in series.samples]
        content += [length_delimited(3, _histogram(each)) for each in series.histograms]
        content += [length_delimited(4, self._refs(e.labels) + _exemplar(e)) for e in series.exemplars]
        if family:
            about = integer(1, family.type)
            about += integer(3, self._symbol(family.help)) + integer(4, self._symbol(family.unit))
            content.append(length_delimited(5, about))
        part = length_delimited(5, b"".join(content))
        self._parts.append(part)
        self.size += len(part)

    def finish(self) -> bytes:
        return b"".join([*(text(4, symbol) for symbol in self._symbols), *self._parts])

    def _refs(self, labels: Labels) -> bytes:
        return packed(1, (varint(self._symbol(word)) for pair in labels for word in pair))

    def _symbol(self, word: str) -> int:
        if (found := self._symbols.get(word)) is None:
            found = self._symbols[word] = len(self._symbols)
            self.size += len(word) + 2
        return found


def _labels(labels: Labels) -> bytes:
    return b"".join([_label(name, value) for name, value in labels])


def _label(name: str, value: str) -> bytes:
    return length_delimited(1, text(1, name) + text(2, value))


def _sample(value: float, timestamp_ms: int) -> bytes:
    return length_delimited(2, double(1, value) + integer(2, timestamp_ms))


def _exemplar(exemplar: Exemplar) -> bytes:
    """Without its labels, which the versions write differently."""
    return double(2, exemplar.value) + integer(3, exemplar.timestamp_ms)


def _histogram(histogram: NativeHistogram) -> bytes:
    out = [integer(1, histogram.count), double(3, histogram.sum), b"\x20" + zigzag(histogram.schema)]
    out += [double(5, histogram.zero_threshold), integer(6, histogram.zero_count)]
    for number, (spans, deltas) in ((8, histogram.negative), (11, histogram.positive)):
        out += [length_delimited(number, b"\x08" + zigzag(gap) + integer(2, length)) for gap, length in spans]
        out.append(packed(number + 1, map(zigzag, deltas)))
    if histogram.gauge:
        out.append(integer(14, 3))
    out.append(integer(15, histogram.timestamp_ms))
    out.append(packed_doubles(16, histogram.custom_bounds))
    return b"".join(out)
