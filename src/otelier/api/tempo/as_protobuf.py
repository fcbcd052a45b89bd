"""Messages of `tempopb` on the wire. Field numbers are those of Tempo's protocol, which clients are compiled with.

Answers to streams come in parts: clients put together what the messages of one stream hold.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...query.tags import TagValue
from ...query.traceql.answer import (
    AnyValue,
    Attribute,
    Exemplar,
    MetricsAnswer,
    Read,
    SearchAnswer,
    Series,
    SpanResult,
    Spanset,
    TraceResult,
)
from ...query.traceql.told import ToldTraces
from ...wire.protobuf import double, integer, length_delimited, text
from .ids import NIL, NO_ROOT, shown_span, shown_trace

_PARTIAL = 1
_PART_BYTES = 2**20
_MS = 10**6


def search(answer: SearchAnswer) -> Iterator[bytes]:
    """`SearchResponse`."""
    traces, rest = answer.traces, _metrics(answer.read)
    if isinstance(traces, ToldTraces):
        return (part + rest for part in traces.told.tempo_protobuf(*traces.layout, part_bytes=_PART_BYTES) or [b""])
    return _parts(map(_trace, traces), rest)


def tag_names(names: Sequence[str]) -> Iterator[bytes]:
    """`SearchTagsResponse`."""
    return _parts(map(str.encode, names), length_delimited(2, b""))


def tag_scopes(scopes: Mapping[str, Sequence[str]]) -> Iterator[bytes]:
    """`SearchTagsV2Response`."""
    listed = (text(1, name) + b"".join(text(2, tag) for tag in tags) for name, tags in scopes.items())
    return _parts(listed, length_delimited(2, b""))


def tag_texts(values: Iterable[TagValue]) -> Iterator[bytes]:
    """`SearchTagValuesResponse`."""
    return _parts((each.text.encode() for each in values), length_delimited(2, b""))


def tag_values(values: Iterable[TagValue]) -> Iterator[bytes]:
    """`SearchTagValuesV2Response`."""
    return _parts((text(1, each.type) + text(2, each.text) for each in values), length_delimited(2, b""))


def series(answer: MetricsAnswer) -> Iterator[bytes]:
    """`QueryRangeResponse`."""
    times = [integer(2, each) for each in answer.timestamps_ms]
    return _parts((_series(each, times) for each in answer.series), _metrics(answer.read) + _status(answer.partial))


def instants(answer: MetricsAnswer) -> Iterator[bytes]:
    """`QueryInstantResponse`."""
    found = [(each, float(each.values[-1])) for each in answer.series if len(each.values)]
    listed = (_attributes(1, each.labels) + double(2, value) for each, value in found if not math.isnan(value))
    return _parts(listed, _metrics(answer.read) + _status(answer.partial))


def _parts(elements: Iterable[bytes], rest: bytes) -> Iterator[bytes]:
    """Messages of about a MiB with some of the elements as field 1, and each with the rest; at least one."""
    part, size = list[bytes](), 0
    for element in elements:
        if part and size + len(element) > _PART_BYTES:
            yield b"".join(part) + rest
            part, size = [], 0
        part.append(length_delimited(1, element))
        size += len(element)
    yield b"".join(part) + rest


def _status(partial: str) -> bytes:
    return integer(3, _PARTIAL) + text(4, partial) if partial else b""


def _metrics(read: Read) -> bytes:
    """`SearchMetrics`, as field 2 of all that have it: one job of one, which shows as done."""
    return length_delimited(2, integer(2, read.bytes) + integer(4, 1) + integer(5, 1) + integer(7, read.spans))


def _trace(of: TraceResult) -> bytes:
    spansets = [_spanset(each) for each in of.spansets]
    return (
        text(1, shown_trace(of.trace_id))
        + text(2, of.root_service or NO_ROOT)
        + text(3, of.root_name)
        + integer(4, of.start_ns)
        + integer(5, of.duration_ns // _MS)
        + b"".join(length_delimited(6, each) for each in spansets[:1])
        + b"".join(length_delimited(7, each) for each in spansets)
        + b"".join(
            length_delimited(8, text(1, name) + length_delimited(2, integer(1, spans) + integer(2, errors)))
            for name, spans, errors in of.services
        )
    )


def _spanset(of: Spanset) -> bytes:
    spans = b"".join(length_delimited(1, _span(each)) for each in of.spans)
    return spans + integer(2, of.matched) + _attributes(3, of.attributes)


def _span(of: SpanResult) -> bytes:
    times = integer(3, of.start_ns) + integer(4, of.duration_ns)
    return text(1, shown_span(of.span_id)) + text(2, of.name) + times + _attributes(5, of.attributes)


def _series(of: Series, times: Sequence[bytes]) -> bytes:
    samples = (
        length_delimited(2, double(1, value) + time)
        for time, value in zip(times, of.values.tolist(), strict=True)
        if not math.isnan(value)
    )
    exemplars = (length_delimited(4, _exemplar(each)) for each in of.exemplars)
    return _attributes(1, of.labels) + b"".join(samples) + b"".join(exemplars)


def _exemplar(of: Exemplar) -> bytes:
    return _attributes(1, of.labels) + double(2, of.value) + integer(3, of.timestamp_ms)


def _attributes(number: int, of: Iterable[Attribute]) -> bytes:
    return b"".join(length_delimited(number, text(1, each.key) + length_delimited(2, _any(each.value))) for each in of)


def _any(value: AnyValue) -> bytes:
    match value:
        case bool():
            return integer(2, value)
        case int():
            return integer(3, value)
        case float():
            return double(4, value)
        case str():
            return text(1, value)
        case None:
            return text(1, NIL)
        case _:
            return length_delimited(5, b"".join(length_delimited(1, _any(each)) for each in value))
