"""Converters to and of types: Bool, Int, Double, String, the questions `Is…`, and Len."""

import math
import re
from typing import cast

from ..any_value import type_name
from ..values import OttlError, Value
from .registry import converter
from .string_like import string_like

_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
# Digits are never shared out in another way (`++`): a long text of them that is no number must not cost its square.
_DOUBLE = re.compile(r"(?ai:[+-]?((\d++(_\d++)*+(\.(\d++(_\d++)*+)?)?|\.\d++)(e[+-]?\d++)?|inf(inity)?|nan))\Z")
_HEX_DOUBLE = re.compile(r"(?ai:[+-]?0x[0-9a-f]*+(\.[0-9a-f]*+)?p[+-]?\d++)\Z")
_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
_FALSE = {"0", "f", "F", "false", "FALSE", "False"}
_MIN, _MAX = -(1 << 63), (1 << 63) - 1


@converter("Bool")
def to_bool(value: Value) -> bool | None:
    """A number other than 0, or a word for true; nil for what is neither a bool nor like one."""
    if isinstance(value, int | float):
        return bool(value)
    if not isinstance(value, str) or value not in _TRUE | _FALSE:
        return None
    return value in _TRUE


@converter("Int")
def to_int(value: Value) -> int | None:
    """A double without its fraction, a bool as 0 or 1, a decimal string; nil for what isn't like an int."""
    match value:
        case bool() | int():
            return int(value)
        case float():
            # What has no place in 64 bits becomes the smallest int, as on the machines that upstream runs on.
            return int(value) if math.isfinite(value) and _MIN <= value < 2.0**63 else _MIN
        case str() if _INTEGER.match(value) and _MIN <= int(value) <= _MAX:
            return int(value)
        case _:
            return None


@converter("Double")
def to_double(value: Value) -> float | None:
    """An int, a bool as 0 or 1, a string as Go writes doubles; nil for what isn't like a double."""
    match value:
        case bool() | int() | float():
            return float(value)
        case str():
            return parse_double(value)
        case _:
            return None


def parse_double(text: str) -> float | None:
    """Go's spellings: decimal or hexadecimal, "inf", "nan"; None for others, and for what is too large."""
    if _HEX_DOUBLE.match(text):
        try:
            return float.fromhex(text)
        except (ValueError, OverflowError):
            return None
    if not _DOUBLE.match(text):
        return None
    number = float(text)
    return None if math.isinf(number) and "i" not in text.lower() else number


@converter("String")
def to_string(value: Value) -> str | None:
    """Bytes in hexadecimal, maps and lists as JSON; nil for nil."""
    return string_like(value)


@converter("IsBool")
def is_bool(value: Value) -> bool:
    """Is it a bool?"""
    return isinstance(value, bool)


@converter("IsDouble")
def is_double(value: Value) -> bool:
    """Is it a double?"""
    return isinstance(value, float)


@converter("IsInt")
def is_int(value: Value) -> bool:
    """Is it an int?"""
    return isinstance(value, int) and not isinstance(value, bool)


@converter("IsString")
def is_string(value: Value) -> bool:
    """Is it a string?"""
    return isinstance(value, str)


@converter("IsList")
def is_list(value: Value) -> bool:
    """Is it a list?"""
    return isinstance(value, list)


@converter("IsMap")
def is_map(value: Value) -> bool:
    """Is it a map?"""
    return isinstance(value, dict)


@converter("IsEmpty")
def is_empty(value: Value) -> bool:
    """Is it nil, or what its type has for nothing: "", 0, false, no entries, only zeros in an id?"""
    if isinstance(value, bytes):
        return not any(value) and len(value) in (0, 8, 16)
    return not value if isinstance(value, str | int | float | list | dict) else value is None


@converter("Len")
def length(target: Value) -> int:
    """Bytes of a string, entries of a list or map."""
    if isinstance(target, str):
        return len(target.encode("utf-8", "surrogateescape"))
    if isinstance(target, list | dict | bytes):
        return len(cast("list[Value]", target))
    raise OttlError(f"Len takes a string, a list or a map, not {type_name(target)}")
