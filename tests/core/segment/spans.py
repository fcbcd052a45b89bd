"""Spans for tests, by the few fields that matter there."""

from collections.abc import Mapping

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from otelier._core import Batch

Scalar = str | int | float | bool | bytes | None


def value(of: Scalar) -> AnyValue:
    match of:
        case bool():
            return AnyValue(bool_value=of)
        case str():
            return AnyValue(string_value=of)
        case int():
            return AnyValue(int_value=of)
        case float():
            return AnyValue(double_value=of)
        case bytes():
            return AnyValue(bytes_value=of)
        case None:
            return AnyValue()


def attributes(of: Mapping[str, Scalar]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value(scalar)) for key, scalar in of.items()]


def trace_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def span_id(number: int) -> bytes:
    return number.to_bytes(8, "big")


def span(trace: int, number: int, parent: int = 0, start: int = 0, duration: int = 0, **fields: object) -> Span:
    times = {"start_time_unix_nano": start, "end_time_unix_nano": (start + duration) % 2**64}
    ids = {"trace_id": trace_id(trace), "span_id": span_id(number)}
    parents = {"parent_span_id": span_id(parent)} if parent else {}
    return Span(**{"name": f"span {number}", **ids, **parents, **times, **fields})  # pyright: ignore[reportArgumentType]


def request(*spans: Span, service: str | None = "service") -> ExportTraceServiceRequest:
    resource = Resource(attributes=attributes({} if service is None else {"service.name": service}))
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])]
    )


def batch(*spans: Span, service: str | None = "service") -> Batch:
    return Batch.from_otlp("traces", request(*spans, service=service).SerializeToString())
