"""What stands behind the last name of a path: how it is read from a node and put there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..any_value import encodable, storable, type_name
from ..frame import Node
from ..values import OttlError, Time, Value

Get: TypeAlias = Callable[[Node], Value]
Set: TypeAlias = Callable[[Node, Value], None]


@dataclass(frozen=True, slots=True)
class Member:
    """One readable name of a level. Setters raise OttlError where a value can't be."""

    get: Get
    set: Set | None = None
    """None: read only."""
    tree: str = ""
    """The name of the field of the node that holds a map or a body, which keys may follow in any depth."""
    keyed: Literal["", "text"] = ""
    """"text": one key may follow, for an entry of a text such as a trace state."""
    structure: bool = False
    """Setting it replaces messages that others may look at."""


def expect(value: Value, *kinds: type, what: str) -> Any:
    """The value, if it is exactly of one of these types. Raises OttlError."""
    if type(value) not in kinds:
        raise OttlError(f"expected {what}, got {type_name(value)}")
    return value


def text(field: str) -> Member:
    """A string field."""

    def put(node: Node, value: Value) -> None:
        setattr(node.message, field, encodable(expect(value, str, what="a string")))

    return Member(lambda node: getattr(node.message, field), put)


def whole(field: str, bits: int = 32, *, signed: bool = False) -> Member:
    """An integer field of so many bits; what doesn't fit is refused."""
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)

    def put(node: Node, value: Value) -> None:
        number = expect(value, int, what="an int")
        if not least <= number <= most:
            raise OttlError(f"{number} is not between {least} and {most}")
        setattr(node.message, field, number)

    return Member(lambda node: getattr(node.message, field), put)


def unix_nano(field: str) -> Member:
    """Nanoseconds since 1970 as an int."""
    return whole(field, 64)


def moment(field: str) -> Member:
    """The same as a time."""

    def put(node: Node, value: Value) -> None:
        ns = expect(value, Time, what="a time").ns
        if ns < 0:
            raise OttlError("telemetry knows no time before 1970")
        setattr(node.message, field, ns)

    return Member(lambda node: Time(getattr(node.message, field)), put)


def identifier(field: str, size: int, *, required: bool = False) -> Mapping[str, Member]:
    """A trace or span id: bytes (zeros if there is none), and `.string`, hexadecimal. `required`: it can't be zeros."""
    none = bytes(size)

    def get(node: Node) -> bytes:
        return getattr(node.message, field) or none

    def put(node: Node, value: Value) -> None:
        if len(expect(value, bytes, what="an id")) != size:
            raise OttlError(f"expected an id of {size} bytes, got {len(value)}")
        if required and not any(value):
            raise OttlError("an id of zeros is none, and a span can't be without")
        setattr(node.message, field, value if any(value) else b"")

    def put_text(node: Node, value: Value) -> None:
        try:
            id_ = bytes.fromhex(expect(value, str, what="a string"))
        except ValueError:
            raise OttlError(f"{value!r} is not hexadecimal") from None
        put(node, id_)

    return {field: Member(get, put), f"{field}.string": Member(lambda node: get(node).hex(), put_text)}


def attributes(field: str = "attributes") -> Member:
    """A map of attributes."""

    def put(node: Node, value: Value) -> None:
        node.replace(field, storable(expect(value, dict, what="a map")))

    return Member(lambda node: node.tree(field), put, tree=field)


def messages(field: str, kind: type) -> Member:
    """Several messages as a list, such as events: to be counted, or set from elsewhere."""

    def put(node: Node, value: Value) -> None:
        each = list(expect(value, list, what="a list"))
        if not all(isinstance(message, kind) for message in each):
            raise OttlError(f"expected what `{field}` of another item holds")
        target = getattr(node.message, field)
        del target[:]
        target.extend(each)

    return Member(lambda node: list(getattr(node.message, field)), put, structure=True)


def message(field: str, kind: type) -> Member:
    """One message whole, to be set from elsewhere."""

    def put(node: Node, value: Value) -> None:
        if not isinstance(value, kind):
            raise OttlError(f"expected what `{field}` of another item holds, got {type_name(value)}")
        getattr(node.message, field).CopyFrom(value)

    return Member(lambda node: getattr(node.message, field), put, structure=True)


def schema_url() -> Member:
    """It stands beside the resource or scope."""

    def put(node: Node, value: Value) -> None:
        node.holder.schema_url = expect(value, str, what="a string")

    return Member(lambda node: node.holder.schema_url, put)
