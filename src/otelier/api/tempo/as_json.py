"""Messages of `tempopb` in protobuf's JSON mapping: 64-bit numbers are texts, and what is zero is left out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

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
from .ids import NIL, NO_ROOT, shown_span, shown_trace

_MS = 10**6


def search(answer: SearchAnswer) -> bytes:
    """`SearchResponse`."""
    traces, metrics = answer.traces, _metrics(answer.read)
    if isinstance(traces, ToldTraces):
        return traces.told.tempo_json(*traces.layout, metrics=msgspec.json.encode(metrics))
    return msgspec.json.encode({"traces": [_trace(each) for each in traces], "metrics": metrics})


def tag_names(names: Sequence[str]) -> bytes:
    """`SearchTagsResponse`."""
    return msgspec.json.encode({"tagNames": names, "metrics": {}})


def tag_scopes(scopes: Mapping[str, Sequence[str]]) -> bytes:
    """`SearchTagsV2Response`."""
    listed = [{"name": name, "tags": tags} for name, tags in scopes.items()]
    return msgspec.json.encode({"scopes": listed, "metrics": {}})


def tag_texts(values: Iterable[TagValue]) -> bytes:
    """`SearchTagValuesResponse`."""
    return msgspec.json.encode({"tagValues": [each.text for each in values], "metrics": {}})


def tag_values(values: Iterable[TagValue]) -> bytes:
    """`SearchTagValuesV2Response`."""
    return msgspec.json.encode({"tagValues": list(values), "metrics": {}})


def series(answer: MetricsAnswer) -> bytes:
    """`QueryRangeResponse`."""
    times = [str(each) for each in answer.timestamps_ms]
    listed = [_series(each, times) for each in answer.series]
    return msgspec.json.encode({"series": listed, "metrics": _metrics(answer.read), **_status(answer.partial)})


def instants(answer: MetricsAnswer) -> bytes:
    """`QueryInstantResponse`. Grafana reads it strictly: no member may be there that it does not know."""
    found = [(each, float(each.values[-1])) for each in answer.series if len(each.values)]
    listed = [{"labels": _attributes(each.labels), **_value(v)} for each, v in found if not math.isnan(v)]
    metrics = _metrics(answer.read._replace(spans=0))  # a member that not every Grafana knows
    return msgspec.json.encode({"series": listed, "metrics": metrics, **_status(answer.partial)})


def _status(partial: str) -> dict[str, str]:
    return {"status": "PARTIAL", "message": partial} if partial else {}


def _metrics(read: Read) -> dict[str, Any]:
    amounts = {"inspectedBytes": read.bytes, "inspectedSpans": read.spans}
    return {"completedJobs": 1, "totalJobs": 1, **{name: str(amount) for name, amount in amounts.items() if amount}}


def _trace(of: TraceResult) -> dict[str, Any]:
    found: dict[str, Any] = {
        "traceID": shown_trace(of.trace_id),
        "rootServiceName": of.root_service or NO_ROOT,
        "rootTraceName": of.root_name,
        "startTimeUnixNano": str(of.start_ns),
    }
    if not of.root_name:
        del found["rootTraceName"]
    if of.duration_ns >= _MS:
        found["durationMs"] = of.duration_ns // _MS
    if of.spansets:
        found["spanSets"] = [_spanset(each) for each in of.spansets]
        found["spanSet"] = found["spanSets"][0]
    if of.services:
        found["serviceStats"] = {
            each.name: {"spanCount": each.spans, **({"errorCount": each.errors} if each.errors else {})}
            for each in of.services
        }
    return found


def _spanset(of: Spanset) -> dict[str, Any]:
    attributes = {"attributes": _attributes(of.attributes)} if of.attributes else {}
    return {"spans": [_span(each) for each in of.spans], "matched": of.matched, **attributes}


def _span(of: SpanResult) -> dict[str, Any]:
    found: dict[str, Any] = {"spanID": shown_span(of.span_id)}
    if of.name:
        found["name"] = of.name
    found["startTimeUnixNano"] = str(of.start_ns)
    if of.duration_ns:
        found["durationNanos"] = str(of.duration_ns)
    if of.attributes:
        found["attributes"] = _attributes(of.attributes)
    return found


def _series(of: Series, times: Sequence[str]) -> dict[str, Any]:
    samples = [
        {"timestampMs": time, **_value(value)}
        for time, value in zip(times, of.values.tolist(), strict=True)
        if not math.isnan(value)
    ]
    exemplars = {"exemplars": [_exemplar(each) for each in of.exemplars]} if of.exemplars else {}
    return {"labels": _attributes(of.labels), "samples": samples, **exemplars}


def _exemplar(of: Exemplar) -> dict[str, Any]:
    return {"labels": _attributes(of.labels), **_value(of.value), "timestampMs": str(of.timestamp_ms)}


def _value(value: float) -> dict[str, float | str]:
    return {"value": _double(value)} if value else {}


def _double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _attributes(of: Iterable[Attribute]) -> list[dict[str, Any]]:
    return [{"key": each.key, "value": _any(each.value)} for each in of]


def _any(value: AnyValue) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": _double(value)}
        case str():
            return {"stringValue": value}
        case None:
            return {"stringValue": NIL}
        case _:
            return {"arrayValue": {"values": [_any(each) for each in value]}}
