"""OTLP's AnyValue and KeyValue as Python values, and back."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from .values import OttlError, Time, TimeSpan, Value

_SURROGATE = re.compile("[\ud800-\udfff]")
_DEPTH_MAX = 24
"""Each level is three messages, and a request may have 100 inside of each other."""
_WRAP = 1 << 64
_SIGN = 1 << 63
_TYPE_NAMES: dict[type, str] = {
    type(None): "nil",
    bool: "a bool",
    int: "an int",
    float: "a float",
    str: "a string",
    bytes: "bytes",
    list: "a list",
    dict: "a map",
    Time: "a time",
    TimeSpan: "a duration",
}


def type_name(value: Value) -> str:
    """With an article, for messages."""
    return _TYPE_NAMES.get(value.__class__, "something else")


def decode_map(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    """In order; of a key that comes twice, the first counts, as for the Collector."""
    found: dict[str, Value] = {}
    for pair in pairs:
        if pair.key not in found:
            found[pair.key] = decode_value(pair.value)
    return found


def decode_value(value: AnyValue) -> Value:
    """None, bool, int, float, str, bytes, list or dict."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return value.int_value
        case "bool_value":
            return value.bool_value
        case "double_value":
            return value.double_value
        case "bytes_value":
            return value.bytes_value
        case "array_value":
            return [decode_value(each) for each in value.array_value.values]
        case "kvlist_value":
            return decode_map(value.kvlist_value.values)
        case _:
            return None


def replace_map(field: Any, values: Mapping[str, Value]) -> None:
    """Put a map into a field of KeyValues, in its order; what telemetry can't hold becomes nil."""
    del field[:]
    for key, value in values.items():
        _fill(field.add(key=encodable(key)).value, value)


def encode_value(value: Value) -> AnyValue:
    """What telemetry can't hold becomes nil."""
    encoded = AnyValue()
    _fill(encoded, value)
    return encoded


def _fill(target: AnyValue, value: Value) -> None:
    match value:
        case str():
            _fill_text(target, value)
        case bool():
            target.bool_value = value
        case int():
            target.int_value = wrapped(value)
        case float():
            target.double_value = value
        case bytes():
            target.bytes_value = value
        case list():
            target.array_value.SetInParent()
            for each in cast("list[Value]", value):
                _fill(target.array_value.values.add(), each)
        case dict():
            target.kvlist_value.SetInParent()
            for key, each in cast("dict[str, Value]", value).items():
                _fill(target.kvlist_value.values.add(key=encodable(key)).value, each)
        case _:
            pass  # nil


def _fill_text(target: AnyValue, value: str) -> None:
    try:
        target.string_value = value
    except UnicodeEncodeError:
        target.string_value = encodable(value)


def encodable(text: str) -> str:
    """Halves of surrogate pairs, which cuts and JSON may bring, replaced by U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def wrapped(number: int) -> int:
    """In 64 bits, as Go has it."""
    return (number + _SIGN) % _WRAP - _SIGN


def storable(value: Value, depth: int = 0) -> Value:
    """A copy that shares no list or map with `value`. Raises OttlError for what telemetry can't hold."""
    match value:
        case None | str() | bool() | int() | float() | bytes():
            return value
        case list() | dict() if depth >= _DEPTH_MAX:
            raise OttlError(f"lists and maps are nested more than {_DEPTH_MAX} deep")
        case list():
            return [storable(each, depth + 1) for each in cast("list[Value]", value)]
        case dict():
            return {key: storable(each, depth + 1) for key, each in cast("dict[str, Value]", value).items()}
        case _:
            raise OttlError(
                f"{type_name(value)} can't be kept in telemetry; convert it first, as with UnixNano or String"
            )
