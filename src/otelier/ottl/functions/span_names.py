"""set_semconv_span_name: a span's name from its attributes, as OpenTelemetry's semantic conventions want it."""

from collections.abc import Mapping

from ..frame import Frame
from ..values import OttlError, Value
from .registry import editor

_VERSIONS = ("1.37.0", "1.38.0", "1.39.0")


@editor("set_semconv_span_name", contexts=["span"])
def set_semconv_span_name(frame: Frame, semconv_version: str, original_span_name_attribute: str | None = None) -> None:
    """Name a span by its HTTP, RPC, messaging or database attributes; others keep their name."""
    if semconv_version not in _VERSIONS:
        raise OttlError(f"semantic conventions {semconv_version} are not known; there are {', '.join(_VERSIONS)}")
    span = frame.span.message
    name = _name(frame.span.tree("attributes"))
    if not name or name == span.name:
        return
    if original_span_name_attribute:
        frame.span.tree("attributes")[original_span_name_attribute] = span.name
        frame.span.touch("attributes")
    span.name = name
    frame.changed = True


def _name(attributes: Mapping[str, Value]) -> str:
    first = _first(attributes)
    if method := first("http.request.method", "http.method"):
        method = "HTTP" if method == "_OTHER" else method
        route = first("http.route", "url.template")
        return f"{method} {route}" if route else method
    if method := first("rpc.method"):
        service = first("rpc.service")
        return f"{service}/{method}" if service else method
    if first("rpc.system"):
        return first("rpc.service", "rpc.system")
    if first("messaging.system"):
        operation = first("messaging.operation.name", "messaging.operation.type", "messaging.operation")
        return _joined(operation, _destination(attributes), first("messaging.system"))
    if first("db.system.name", "db.system"):
        if summary := first("db.query.summary"):
            return summary
        target = first("db.collection.name", "db.stored_procedure.name", "db.namespace") or _server(attributes)
        return _joined(first("db.operation.name", "db.operation"), target, first("db.system.name", "db.system"))
    return ""


def _destination(attributes: Mapping[str, Value]) -> str:
    if attributes.get("messaging.destination.temporary") is True:
        return "(temporary)"
    if attributes.get("messaging.destination.anonymous") is True:
        return "(anonymous)"
    first = _first(attributes)
    return first("messaging.destination.template", "messaging.destination.name") or _server(attributes)


def _server(attributes: Mapping[str, Value]) -> str:
    address, port = attributes.get("server.address"), attributes.get("server.port")
    return f"{address}:{port}" if address and port else str(address or "")


def _joined(operation: str, target: str, system: str) -> str:
    return " ".join(part for part in (operation, target) if part) or system


class _First:
    def __init__(self, attributes: Mapping[str, Value]) -> None:
        self._attributes = attributes

    def __call__(self, *keys: str) -> str:
        """The first of these attributes that is a text and not empty."""
        return next((v for v in map(self._attributes.get, keys) if isinstance(v, str) and v), "")


def _first(attributes: Mapping[str, Value]) -> _First:
    return _First(attributes)
