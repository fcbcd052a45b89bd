"""Log records in OTLP/JSON as `Batch.to_json` writes it, as structs."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ..telemetry import Batch

_ZERO = "0"
_SAFE = 2**53 - 1
"""The largest integer that every reader of JSON takes exactly; larger ones are given as texts."""


class _Message(msgspec.Struct, frozen=True, gc=False):
    """Immutable, without cycles; unknown members are skipped."""


class Resource(_Message, frozen=True):
    """Whose records these are."""

    attributes: list[dict[str, Any]] = []


class Scope(_Message, frozen=True):
    """Which library made them."""

    name: str = ""


class LogRecord(_Message, frozen=True):
    """A log record; times as decimal texts, values as dicts for `plain`."""

    timeUnixNano: str = _ZERO  # noqa: N815 - OTLP's names, here and below
    observedTimeUnixNano: str = _ZERO  # noqa: N815
    severityNumber: int = 0  # noqa: N815
    severityText: str = ""  # noqa: N815
    eventName: str = ""  # noqa: N815
    body: dict[str, Any] = {}
    attributes: list[dict[str, Any]] = []
    spanId: str = ""  # noqa: N815


class ScopeLogs(_Message, frozen=True):
    """Records of one library."""

    scope: Scope = Scope()
    logRecords: list[LogRecord] = []  # noqa: N815


class ResourceLogs(_Message, frozen=True):
    """Records of one resource."""

    resource: Resource = Resource()
    scopeLogs: list[ScopeLogs] = []  # noqa: N815


class LogsData(_Message, frozen=True):
    """All of a batch."""

    resourceLogs: list[ResourceLogs] = []  # noqa: N815


_logs = msgspec.json.Decoder(LogsData)


def read_logs(batch: Batch) -> list[ResourceLogs]:
    """The records of a batch."""
    return _logs.decode(batch.to_json()).resourceLogs


def service_name(resource: Resource) -> str | None:
    """The attribute `service.name`, if it is a text."""
    for attribute in resource.attributes:
        if attribute.get("key") == "service.name":
            return attribute.get("value", {}).get("stringValue")
    return None


def plain(value: Mapping[str, Any]) -> object:
    """An AnyValue, read as a dict, as JSON without types: lists, objects, numbers, texts."""
    for member, content in value.items():
        if member == "intValue":
            number = int(content)
            return number if -_SAFE <= number <= _SAFE else content
        if member == "arrayValue":
            return [plain(each) for each in content.get("values", ())]
        if member == "kvlistValue":
            return {pair.get("key", ""): plain(pair.get("value", {})) for pair in content.get("values", ())}
        return content
    return None
