"""set_semconv_span_name: a span's name from its attributes, as OpenTelemetry's semantic conventions want it."""

from collections.abc import Mapping
from typing import Literal

from ..frame import Frame
from ..values import Value
from .registry import editor

_SERVER, _CLIENT = 2, 3
_REMOTE = (_SERVER, _CLIENT)
_MESSAGING = (*_REMOTE, 4, 5)


@editor("set_semconv_span_name", contexts=["span"])
def set_semconv_span_name(
    frame: Frame,
    semconv_version: Literal["1.37.0", "1.38.0", "1.39.0", "1.40.0"],
    original_span_name_attribute: str | None = None,
) -> None:
    """Name a span by its HTTP, RPC, messaging or database attributes; others keep their name."""
    span = frame.span.message
    name = _name(_Attributes(frame.span.tree("attributes")), span.kind)
    if not name or name == span.name:
        return
    if original_span_name_attribute:
        frame.span.tree("attributes")[original_span_name_attribute] = span.name
        frame.span.touch("attributes")
    span.name = name
    frame.changed = True


class _Attributes:
    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values = values

    def first(self, *keys: str) -> str:
        """The first of these that is a text and not empty."""
        return next((v for v in map(self.values.get, keys) if isinstance(v, str) and v), "")

    def is_true(self, key: str) -> bool:
        return self.values.get(key) is True


def _name(attributes: _Attributes, kind: int) -> str:
    if kind in _REMOTE and (method := attributes.first("http.request.method", "http.method")):
        return _joined(method, attributes.first("http.route" if kind == _SERVER else "url.template"))
    if kind in _REMOTE and (system := attributes.first("rpc.system")):
        service, method = attributes.first("rpc.service"), attributes.first("rpc.method")
        return f"{service}/{method or '*'}" if service else method or system
    if kind in _MESSAGING and (system := attributes.first("messaging.system")):
        operation = attributes.first("messaging.operation.name", "messaging.operation")
        return _joined(operation, _destination(attributes)) or system
    if kind == _CLIENT and (system := attributes.first("db.system.name", "db.system")):
        operation = attributes.first("db.operation.name", "db.operation")
        return attributes.first("db.query.summary") or _joined(operation, _collection(attributes)) or system
    return ""


def _destination(attributes: _Attributes) -> str:
    if attributes.is_true("messaging.destination.temporary"):
        return "(temporary)"
    if attributes.is_true("messaging.destination.anonymous"):
        return "(anonymous)"
    return attributes.first("messaging.destination.template", "messaging.destination.name") or _server(attributes)


def _collection(attributes: _Attributes) -> str:
    namespace = attributes.first("db.namespace", "db.name")
    name = attributes.first("db.collection.name", "db.stored_procedure.name")
    return ".".join(part for part in (namespace, name) if part) or _server(attributes)


def _server(attributes: _Attributes) -> str:
    address, port = attributes.first("server.address"), attributes.values.get("server.port")
    return f"{address}:{port}" if address and port else address


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
