"""Telemetry from a few words: batches for tests, built with protobuf's own encoder.

    traces(span("GET /cart", attributes={"http.route": "/cart"}), span("query"), resource={"service.name": "shop"})

Ids are made from numbers but look random (`trace_id(7)`), as real ones do.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric, NumberDataPoint
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ..telemetry import Batch, Signal

START_NS = 1_700_000_000 * 10**9
Request: TypeAlias = ExportTraceServiceRequest | ExportMetricsServiceRequest | ExportLogsServiceRequest
Attributes: TypeAlias = Mapping[str, Any]
_SHOP: Attributes = {"service.name": "shop"}
_NONE: Attributes = {}
_REQUEST: dict[Signal, type[Request]] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}


def trace_id(number: int) -> bytes:
    """16 bytes, the same for the same number."""
    return hashlib.md5(str(number).encode(), usedforsecurity=False).digest()


def span_id(number: int) -> bytes:
    """8 bytes, the same for the same number."""
    return trace_id(number)[8:]


def span(
    name: str = "GET /",
    *,
    trace: int = 1,
    number: int = 1,
    parent: int | None = None,
    start_ns: int = START_NS,
    duration_ns: int = 10**6,
    kind: str = "SERVER",
    status: str = "UNSET",
    attributes: Attributes | None = None,
) -> Span:
    """One span of the `trace`-th trace; `number` and `parent` make its span ids."""
    return Span(
        trace_id=trace_id(trace),
        span_id=span_id(number),
        parent_span_id=b"" if parent is None else span_id(parent),
        name=name,
        kind=Span.SpanKind.Value(f"SPAN_KIND_{kind}"),
        start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + duration_ns,
        status=Status(code=Status.StatusCode.Value(f"STATUS_CODE_{status}")),
        attributes=key_values(attributes or {}),
    )


def gauge(name: str, *values: float, attributes: Attributes | None = None, unit: str = "1") -> Metric:
    """A gauge with one data point per value, a second apart."""
    metric = Metric(name=name, unit=unit)
    metric.gauge.data_points.extend(_points(values, attributes))
    return metric


def counter(name: str, *values: float, attributes: Attributes | None = None, unit: str = "1") -> Metric:
    """A monotonic cumulative sum with one data point per value, a second apart."""
    metric = Metric(name=name, unit=unit)
    metric.sum.is_monotonic = True
    metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    metric.sum.data_points.extend(_points(values, attributes))
    return metric


def log_record(
    body: Any,
    *,
    severity: str = "INFO",
    number: int = 0,
    trace: int | None = None,
    time_ns: int = START_NS,
    attributes: Attributes | None = None,
) -> LogRecord:
    """A log record, tied to the first span of a trace where `trace` is given; `number` is the severity's."""
    return LogRecord(
        time_unix_nano=time_ns,
        severity_number=cast("SeverityNumber.ValueType", number),
        severity_text=severity,
        body=_value(body),
        trace_id=b"" if trace is None else trace_id(trace),
        span_id=b"" if trace is None else span_id(1),
        attributes=key_values(attributes or {}),
    )


def traces(*spans: Span, resource: Attributes = _SHOP, scope: str = "test") -> Batch:
    """One resource and scope with these spans."""
    message = ExportTraceServiceRequest()
    under = message.resource_spans.add(resource=_resource(resource)).scope_spans.add(scope=_scope(scope))
    under.spans.extend(spans)
    return _batch("traces", message)


def metrics(*each: Metric, resource: Attributes = _SHOP, scope: str = "test") -> Batch:
    """One resource and scope with these metrics."""
    message = ExportMetricsServiceRequest()
    under = message.resource_metrics.add(resource=_resource(resource)).scope_metrics.add(scope=_scope(scope))
    under.metrics.extend(each)
    return _batch("metrics", message)


def logs(
    *records: LogRecord, resource: Attributes = _SHOP, scope: str = "test", scope_attributes: Attributes = _NONE
) -> Batch:
    """One resource and scope with these log records."""
    message = ExportLogsServiceRequest()
    within = message.resource_logs.add(resource=_resource(resource))
    under = within.scope_logs.add(scope=_scope(scope, scope_attributes))
    under.log_records.extend(records)
    return _batch("logs", message)


def items(signal: Signal, count: int, *, first: int = 0) -> Batch:
    """That many distinct items, for components that don't look inside; `first` makes them differ from others."""
    numbers = range(first, first + count)
    if signal == "traces":
        return traces(*(span(f"span {n}", trace=n, number=n) for n in numbers))
    if signal == "metrics":
        return metrics(*(gauge(f"metric.{n}", float(n)) for n in numbers))
    return logs(*(log_record(f"record {n}") for n in numbers))


def request(signal: Signal) -> Request:
    """An empty `Export…ServiceRequest` of the signal."""
    return _REQUEST[signal]()


def decode(batch: Batch) -> Request:
    """The batch as protobuf's own message, to compare or to look inside."""
    message = request(batch.signal)
    message.ParseFromString(batch.to_otlp())
    return message


def _batch(signal: Signal, message: Request) -> Batch:
    return Batch.from_otlp(signal, message.SerializeToString())


def _points(values: Sequence[float], attributes: Attributes | None) -> list[NumberDataPoint]:
    return [
        NumberDataPoint(
            as_double=value,
            start_time_unix_nano=START_NS,
            time_unix_nano=START_NS + at * 10**9,
            attributes=key_values(attributes or {}),
        )
        for at, value in enumerate(values)
    ]


def _resource(attributes: Attributes) -> Resource:
    return Resource(attributes=key_values(attributes))


def _scope(name: str, attributes: Attributes = _NONE) -> InstrumentationScope:
    return InstrumentationScope(name=name, attributes=key_values(attributes))


def key_values(attributes: Attributes) -> list[KeyValue]:
    """As OTLP has them: of None, bool, int, float, bytes, str, mappings and sequences of such."""
    return [KeyValue(key=key, value=_value(value)) for key, value in attributes.items()]


def _value(value: Any) -> AnyValue:
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case str():
            return AnyValue(string_value=value)
        case Mapping():
            return AnyValue(kvlist_value=KeyValueList(values=key_values(cast("Attributes", value))))
        case _:
            return AnyValue(array_value=ArrayValue(values=[_value(each) for each in value]))
