"""OTLP/JSON as `Batch.to_json` writes it, as structs: only what the APIs read; what they hand on stays text."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ..telemetry import Batch

_ZERO = "0"


class _Message(msgspec.Struct, frozen=True, gc=False):
    """Immutable, without cycles; unknown members are skipped."""


class AnyValue(_Message):
    """One member is set, or none."""

    stringValue: str | None = None  # noqa: N815 - OTLP's names, here and below
    boolValue: bool | None = None  # noqa: N815
    intValue: str | None = None  # noqa: N815
    doubleValue: float | str | None = None  # noqa: N815
    bytesValue: str | None = None  # noqa: N815
    arrayValue: dict[str, Any] | None = None  # noqa: N815
    kvlistValue: dict[str, Any] | None = None  # noqa: N815


class KeyValue(_Message):
    """An attribute."""

    key: str = ""
    value: AnyValue | None = None


class Resource(_Message):
    """Whose spans or records these are."""

    attributes: list[KeyValue] = []


class Scope(_Message):
    """Which library made them."""

    name: str = ""
    version: str = ""
    attributes: list[KeyValue] = []


class Status(_Message):
    """How a span ended."""

    code: int = 0
    message: str = ""


class Event(_Message):
    """Something that happened during a span."""

    timeUnixNano: str = _ZERO  # noqa: N815
    name: str = ""
    attributes: list[KeyValue] = []


class Link(_Message):
    """Another span that has to do with this one."""

    traceId: str = ""  # noqa: N815
    spanId: str = ""  # noqa: N815
    attributes: list[KeyValue] = []


class Span(_Message):
    """A span; ids in hex, times as decimal texts."""

    traceId: str = ""  # noqa: N815
    spanId: str = ""  # noqa: N815
    parentSpanId: str = ""  # noqa: N815
    traceState: str = ""  # noqa: N815
    flags: int = 0
    name: str = ""
    kind: int = 0
    startTimeUnixNano: str = _ZERO  # noqa: N815
    endTimeUnixNano: str = _ZERO  # noqa: N815
    attributes: list[KeyValue] = []
    events: list[Event] = []
    links: list[Link] = []
    status: Status = Status()


class ScopeSpans(_Message):
    """Spans of one library."""

    scope: Scope = Scope()
    spans: list[Span] = []


class ResourceSpans(_Message):
    """Spans of one resource, which is read only where it is a new one."""

    resource: msgspec.Raw = msgspec.Raw(b"{}")
    scopeSpans: list[ScopeSpans] = []  # noqa: N815


class TracesData(_Message):
    """All of a batch."""

    resourceSpans: list[ResourceSpans] = []  # noqa: N815


class LogRecord(_Message):
    """A log record; times as decimal texts, values as dicts for `plain`."""

    timeUnixNano: str = _ZERO  # noqa: N815
    observedTimeUnixNano: str = _ZERO  # noqa: N815
    severityNumber: int = 0  # noqa: N815
    severityText: str = ""  # noqa: N815
    eventName: str = ""  # noqa: N815
    body: dict[str, Any] = {}
    attributes: list[dict[str, Any]] = []
    spanId: str = ""  # noqa: N815


class ScopeLogs(_Message):
    """Records of one library."""

    scope: Scope = Scope()
    logRecords: list[LogRecord] = []  # noqa: N815


class ResourceLogs(_Message):
    """Records of one resource."""

    resource: Resource = Resource()
    scopeLogs: list[ScopeLogs] = []  # noqa: N815


class LogsData(_Message):
    """All of a batch."""

    resourceLogs: list[ResourceLogs] = []  # noqa: N815


_traces = msgspec.json.Decoder(TracesData)
_logs = msgspec.json.Decoder(LogsData)
_resource = msgspec.json.Decoder(Resource)


def read_traces(batch: Batch) -> list[ResourceSpans]:
    """The spans of a batch."""
    return _traces.decode(batch.to_json()).resourceSpans


def read_logs(batch: Batch) -> list[ResourceLogs]:
    """The records of a batch."""
    return _logs.decode(batch.to_json()).resourceLogs


def read_resource(raw: msgspec.Raw) -> Resource:
    """The resource itself."""
    return _resource.decode(raw)


def service_name(resource: Resource) -> str | None:
    """The attribute `service.name`, if it is a text."""
    for attribute in resource.attributes:
        if attribute.key == "service.name" and attribute.value:
            return attribute.value.stringValue
    return None


def plain(value: Mapping[str, Any]) -> object:
    """An AnyValue, read as a dict, as JSON without types: lists, objects, numbers, texts."""
    for member, content in value.items():
        if member == "intValue":
            return int(content)
        if member == "arrayValue":
            return [plain(each) for each in content.get("values", ())]
        if member == "kvlistValue":
            return {pair.get("key", ""): plain(pair.get("value", {})) for pair in content.get("values", ())}
        return content
    return None
