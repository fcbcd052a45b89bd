"""Paths of a span."""

from typing import cast

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ..frame import Node
from ..values import OttlError, Value
from .level import Level
from .members import (
    Member,
    attributes,
    expect,
    identifier,
    message,
    messages,
    moment,
    text,
    unix_nano,
    whole,
)

_KINDS = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
_ENUMS = {f"SPAN_KIND_{name.upper()}": number for number, name in enumerate(_KINDS)} | {
    "STATUS_CODE_UNSET": 0,
    "STATUS_CODE_OK": 1,
    "STATUS_CODE_ERROR": 2,
}


def _kind_name(node: Node) -> str:
    kind: int = node.message.kind
    return _KINDS[kind] if 0 <= kind < len(_KINDS) else ""


def _set_kind_name(node: Node, value: Value) -> None:
    name = expect(value, str, what="a string")
    if name not in _KINDS:
        raise OttlError(f"{name!r} is no kind of span; there are {', '.join(_KINDS)}")
    node.message.kind = _KINDS.index(name)


def _enum_name(node: Node) -> str:
    name = _kind_name(node)
    return f"SPAN_KIND_{name.upper()}" if name else ""


def _set_enum_name(node: Node, value: Value) -> None:
    name = expect(value, str, what="a string")
    if name not in _ENUMS or not name.startswith("SPAN_KIND_"):
        raise OttlError(f"{name!r} is no kind of span; write one such as SPAN_KIND_SERVER")
    node.message.kind = _ENUMS[name]


def trace_state_entries(state: str) -> dict[str, str]:
    """A W3C trace state as keys and values, in order; what isn't `key=value` is left out."""
    entries: dict[str, str] = {}
    for entry in state.split(","):
        key, equals, value = entry.strip().partition("=")
        if equals:
            entries[key.strip()] = value.strip()
    return entries


def _status(field: str, kind: type, what: str) -> Member:
    def put(node: Node, value: Value) -> None:
        try:
            setattr(node.message.status, field, expect(value, kind, what=what))
        except ValueError as error:
            raise OttlError(str(error)) from None

    return Member(lambda node: getattr(cast("Span", node.message).status, field), put)


SPAN = Level(
    "span",
    {
        **identifier("trace_id", 16, required=True),
        **identifier("span_id", 8, required=True),
        **identifier("parent_span_id", 8),
        "trace_state": Member(text("trace_state").get, text("trace_state").set, keyed="text"),
        "name": text("name"),
        "kind": whole("kind", signed=True),
        "kind.string": Member(_kind_name, _set_kind_name),
        "kind.deprecated_string": Member(_enum_name, _set_enum_name),
        "start_time_unix_nano": unix_nano("start_time_unix_nano"),
        "end_time_unix_nano": unix_nano("end_time_unix_nano"),
        "start_time": moment("start_time_unix_nano"),
        "end_time": moment("end_time_unix_nano"),
        "attributes": attributes(),
        "dropped_attributes_count": whole("dropped_attributes_count"),
        "dropped_events_count": whole("dropped_events_count"),
        "dropped_links_count": whole("dropped_links_count"),
        "events": messages("events", Span.Event),
        "links": messages("links", Span.Link),
        "status": message("status", Status),
        "status.code": _status("code", int, "an int, such as STATUS_CODE_ERROR"),
        "status.message": _status("message", str, "a string"),
        "flags": whole("flags"),
    },
    enums=_ENUMS,
)
