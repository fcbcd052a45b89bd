"""Spans as plain Python objects, decoded by protobuf, with the trees of their traces: what the oracle looks at."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otelier.telemetry import Batch
from otelier.testing import decode

SERVER = 2


@dataclass(frozen=True)
class Opaque:
    """A value that TraceQL has no form for: it is shown as this and equals nothing."""

    text: str


@dataclass(frozen=True)
class Event:
    name: str
    since_start_ns: int
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Link:
    trace_id: str
    span_id: str
    attributes: dict[str, Any]


@dataclass(eq=False)
class Span:
    """Attributes as Python values: arrays are lists; what TraceQL has no type for is `...`."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    start_ns: int
    end_ns: int
    name: str
    kind: int
    status: int
    status_message: str
    trace_state: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope_name: str
    scope_version: str
    scope: dict[str, Any]
    events: list[Event]
    links: list[Link]
    parent: "Span | None" = None
    children: "list[Span]" = field(default_factory=list)
    left: int = 0
    right: int = 0

    @property
    def order(self) -> tuple[int, bytes, int]:
        return self.start_ns, self.span_id, self.kind


@dataclass(eq=False)
class Trace:
    trace_id: bytes
    spans: list[Span]

    @property
    def root(self) -> Span | None:
        return next((each for each in self.spans if not each.parent_id), None)

    @property
    def start_ns(self) -> int:
        return min(each.start_ns for each in self.spans)

    @property
    def end_ns(self) -> int:
        return max(each.end_ns for each in self.spans)


def traces(batches: Iterable[Batch]) -> list[Trace]:
    """All traces, each span once."""
    spans: dict[tuple[bytes, bytes, int, int], Span] = {}
    for batch in batches:
        for each in _spans(batch):
            spans.setdefault((each.trace_id, each.span_id, each.start_ns, each.kind), each)
    by_id: dict[bytes, list[Span]] = {}
    for each in sorted(spans.values(), key=lambda span: span.order):
        by_id.setdefault(each.trace_id, []).append(each)
    return [_tree(Trace(trace_id, found)) for trace_id, found in by_id.items()]


def _tree(trace: Trace) -> Trace:
    """The spans of a trace are sorted by start already."""
    for span in trace.spans:
        named = [each for each in trace.spans if each.span_id == span.parent_id and span.parent_id]
        servers = [each for each in named if each.kind == SERVER]
        parent = (servers or named or [None])[0]
        span.parent = None if parent is span or span.parent_id == span.span_id else parent
    for span in trace.spans:  # the first of a circle has no parent
        above, seen = span.parent, {span}
        while above and above not in seen:
            seen.add(above)
            above = above.parent
        if above is span:
            span.parent = None
    for span in trace.spans:
        if span.parent:
            span.parent.children.append(span)
    _number(trace)
    return trace


def _number(trace: Trace) -> None:
    number = 0

    def walk(span: Span) -> None:
        nonlocal number
        number += 1
        span.left = number
        for child in span.children:
            walk(child)
        number += 1
        span.right = number

    for span in trace.spans:
        if not span.parent:
            walk(span)


def _spans(batch: Batch) -> Iterable[Span]:
    message = decode(batch)
    for under_resource in message.resource_spans:
        resource = _attributes(under_resource.resource.attributes)
        for under_scope in under_resource.scope_spans:
            scope = under_scope.scope
            for span in under_scope.spans:
                start = span.start_time_unix_nano
                yield Span(
                    span.trace_id,
                    span.span_id,
                    b"" if not any(span.parent_span_id) else span.parent_span_id,
                    start,
                    span.end_time_unix_nano,
                    span.name,
                    span.kind,
                    span.status.code,
                    span.status.message,
                    span.trace_state,
                    _attributes(span.attributes),
                    resource,
                    scope.name,
                    scope.version,
                    _attributes(scope.attributes),
                    [
                        Event(each.name, each.time_unix_nano - start, _attributes(each.attributes))
                        for each in span.events
                    ],
                    [
                        Link(each.trace_id.hex(), each.span_id.hex(), _attributes(each.attributes))
                        for each in span.links
                    ],
                )


def _attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        found.setdefault(pair.key, _value(pair.value))
    return found


def _value(value: AnyValue) -> Any:
    which = value.WhichOneof("value")
    if which == "array_value":
        return [_value(each) for each in value.array_value.values]
    if which in ("string_value", "bool_value", "int_value", "double_value"):
        return getattr(value, which)
    return Opaque(base64.b64encode(value.bytes_value).decode())
