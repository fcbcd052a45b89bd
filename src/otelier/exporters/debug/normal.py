"""Verbosity `normal`: one line per span, data point or log record."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from .values import any_value, attributes, duration, plain, time

Request: TypeAlias = ExportTraceServiceRequest | ExportMetricsServiceRequest | ExportLogsServiceRequest


def lines(request: Request) -> Iterator[str]:
    """A line per resource and per scope, and below it one per item."""
    if isinstance(request, ExportTraceServiceRequest):
        for spans in request.resource_spans:
            yield _resource(spans.resource)
            for scope in spans.scope_spans:
                yield from _scope(scope.scope, map(_span, scope.spans))
    elif isinstance(request, ExportMetricsServiceRequest):
        for metrics in request.resource_metrics:
            yield _resource(metrics.resource)
            for scope in metrics.scope_metrics:
                yield from _scope(scope.scope, (line for metric in scope.metrics for line in _metric(metric)))
    else:
        for logs in request.resource_logs:
            yield _resource(logs.resource)
            for scope in logs.scope_logs:
                yield from _scope(scope.scope, map(_log_record, scope.log_records))


def _resource(resource: Resource) -> str:
    return _join("resource", attributes(resource.attributes))


def _scope(scope: InstrumentationScope, items: Iterable[str]) -> Iterator[str]:
    yield _join("  scope", plain(scope.name), plain(scope.version), attributes(scope.attributes))
    yield from (f"    {item}" for item in items)


def _span(span: Span) -> str:
    return _join(
        plain(span.name),
        f"trace={span.trace_id.hex()} span={span.span_id.hex()}",
        f"parent={span.parent_span_id.hex()}" if span.parent_span_id else "",
        duration(span.end_time_unix_nano - span.start_time_unix_nano),
        "ERROR" if span.status.code == Status.STATUS_CODE_ERROR else "",
        attributes(span.attributes),
    )


def _log_record(record: LogRecord) -> str:
    return _join(
        time(record.time_unix_nano or record.observed_time_unix_nano),
        plain(record.severity_text),
        any_value(record.body),
        f"trace={record.trace_id.hex()} span={record.span_id.hex()}" if record.trace_id else "",
        attributes(record.attributes),
    )


def _metric(metric: Metric) -> Iterator[str]:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    for point in getattr(metric, kind).data_points:
        labels = attributes(point.attributes)
        yield _join(
            plain(metric.name) + (f"{{{labels}}}" if labels else ""),
            _value(kind, point),
            plain(metric.unit),
            f"({kind})",
        )


def _value(kind: str, point: Any) -> str:
    if kind in ("gauge", "sum"):
        return repr(getattr(point, point.WhichOneof("value") or "as_int"))
    parts = [f"count={point.count}"]
    parts += [f"{name}={getattr(point, name)!r}" for name in ("sum", "min", "max") if _has(kind, point, name)]
    if kind == "summary":
        parts += [f"q{each.quantile:g}={each.value!r}" for each in point.quantile_values]
    return " ".join(parts)


def _has(kind: str, point: Any, name: str) -> bool:
    if kind == "summary":  # its sum is always there, the others never
        return name == "sum"
    return point.HasField(name)


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)
