"""OTLP spans as the classic API shows them.

What OTLP says in fields of its own becomes tags, under the names of OpenTelemetry's mapping to Jaeger. Times lose
their nanoseconds, because the format has microseconds; nothing else is lost.
"""

from collections.abc import Sequence

import msgspec

from ...query.kinds import ERROR, kind_name
from ...query.search import NO_SERVICE
from ...telemetry import Batch
from .. import otlp_json as otlp
from .trace_id import shown_hex
from .ui_model import KeyValue, Log, Process, Reference, Span, Trace

_US = 1000
_SAFE = 2**53 - 1
"""The largest integer that every JSON reader takes exactly."""
_STATUS = ("", "OK", "ERROR")
_CHILD_OF = "CHILD_OF"
_REF_TYPE = "opentracing.ref_type"


def traces(batch: Batch) -> dict[str, Trace]:
    """Every trace of a batch by its id of 32 hex digits, spans in the order in which they come."""
    made: dict[str, _Builder] = {}
    processes: dict[bytes, Process] = {}
    for group in otlp.read_traces(batch):
        resource = bytes(group.resource)
        process = processes.get(resource)
        if process is None:
            process = processes[resource] = _process(otlp.read_resource(group.resource))
        for scoped in group.scopeSpans:
            scope_tags = _scope_tags(scoped.scope)
            for span in scoped.spans:
                builder = made.get(span.traceId)
                if builder is None:
                    builder = made[span.traceId] = _Builder(span.traceId)
                builder.add(span, scope_tags, resource, process)
    return {trace_id: builder.trace for trace_id, builder in made.items()}


class _Builder:
    def __init__(self, trace_id: str) -> None:
        self.trace = Trace(shown_hex(trace_id), [], {}, None)
        self._names: dict[bytes, str] = {}

    def add(self, span: otlp.Span, scope_tags: Sequence[KeyValue], resource: bytes, process: Process) -> None:
        name = self._names.get(resource)
        if name is None:
            name = self._names[resource] = f"p{len(self._names) + 1}"
            self.trace.processes[name] = process
        start_ns, end_ns = int(span.startTimeUnixNano), int(span.endTimeUnixNano)
        warnings = None
        if end_ns < start_ns:
            warnings = [f"the span ends {start_ns - end_ns} ns before it starts; its duration is shown as 0"]
            end_ns = start_ns
        trace_id = self.trace.traceID
        self.trace.spans.append(
            Span(
                trace_id,
                span.spanId,
                span.name,
                _references(span, trace_id) if span.parentSpanId or span.links else [],
                start_ns // _US,
                (end_ns - start_ns) // _US,
                _span_tags(span, scope_tags),
                [_log(event) for event in span.events],
                name,
                warnings,
                span.flags & 0xFF,
            )
        )


def key_values(attributes: Sequence[otlp.KeyValue]) -> list[KeyValue]:
    """Attributes as tags; one without a value is an empty text."""
    made: list[KeyValue] = []
    for attribute in attributes:
        value = attribute.value
        if value is None:
            made.append(KeyValue(attribute.key, "string", ""))
        elif (text := value.stringValue) is not None:
            made.append(KeyValue(attribute.key, "string", text))
        elif (digits := value.intValue) is not None:
            number = int(digits)
            made.append(KeyValue(attribute.key, "int64", number if -_SAFE <= number <= _SAFE else digits))
        else:
            made.append(_rarer(attribute.key, value))
    return made


def _rarer(key: str, value: otlp.AnyValue) -> KeyValue:
    if value.boolValue is not None:
        return KeyValue(key, "bool", value.boolValue)
    if value.doubleValue is not None:
        return KeyValue(key, "float64", value.doubleValue)
    if value.bytesValue is not None:
        return KeyValue(key, "binary", value.bytesValue)
    if value.arrayValue is not None:
        return KeyValue(key, "string", _json(otlp.plain({"arrayValue": value.arrayValue})))
    if value.kvlistValue is not None:
        return KeyValue(key, "string", _json(otlp.plain({"kvlistValue": value.kvlistValue})))
    return KeyValue(key, "string", "")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _process(resource: otlp.Resource) -> Process:
    name = otlp.service_name(resource)
    if name is None:
        return Process(NO_SERVICE, key_values(resource.attributes))
    return Process(name, key_values([each for each in resource.attributes if each.key != "service.name"]))


def _scope_tags(scope: otlp.Scope) -> list[KeyValue]:
    tags: list[KeyValue] = []
    if scope.name:
        tags.append(KeyValue("otel.scope.name", "string", scope.name))
    if scope.version:
        tags.append(KeyValue("otel.scope.version", "string", scope.version))
    return tags + key_values(scope.attributes)


def _span_tags(span: otlp.Span, scope_tags: Sequence[KeyValue]) -> list[KeyValue]:
    tags = [*scope_tags, *key_values(span.attributes)]
    if kind := kind_name(span.kind):
        tags.append(KeyValue("span.kind", "string", kind))
    status = span.status
    if 0 < status.code < len(_STATUS):
        tags.append(KeyValue("otel.status_code", "string", _STATUS[status.code]))
        if status.code == ERROR:
            tags.append(KeyValue("error", "bool", True))
    if status.message:
        tags.append(KeyValue("otel.status_description", "string", status.message))
    if span.traceState:
        tags.append(KeyValue("w3c.tracestate", "string", span.traceState))
    return tags


def _references(span: otlp.Span, trace_id: str) -> list[Reference]:
    made = [Reference(_CHILD_OF, trace_id, span.parentSpanId)] if span.parentSpanId else []
    return made + [Reference(_ref_type(link), shown_hex(link.traceId), link.spanId) for link in span.links]


def _ref_type(link: otlp.Link) -> str:
    for attribute in link.attributes:
        if attribute.key == _REF_TYPE and attribute.value and attribute.value.stringValue == "child_of":
            return _CHILD_OF
    return "FOLLOWS_FROM"


def _log(event: otlp.Event) -> Log:
    name = [KeyValue("event", "string", event.name)] if event.name else []
    return Log(int(event.timeUnixNano) // _US, name + key_values(event.attributes))
