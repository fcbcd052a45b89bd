"""Conversions of arguments whose parameter takes what is only like the wanted type: nil stays nil."""

from collections.abc import Callable, Mapping
from typing import Any

from .any_value import type_name, wrapped
from .functions.registry import FloatLike, IntLike, StringLike
from .functions.string_like import string_like
from .values import OttlError, Value


def int_like(value: Value) -> int | None:
    """A text that spells no integer is nil. Raises OttlError."""
    match value:
        case None:
            return None
        case bool() | int():
            return int(value)
        case float():
            return wrapped(int(value)) if value == value and abs(value) != float("inf") else -(2**63)
        case str():
            return _spelled_int(value)
        case _:
            raise OttlError(f"expected what can be an int, got {type_name(value)}")


def _spelled_int(text: str) -> int | None:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def float_like(value: Value) -> float | None:
    """A text that spells no number is nil. Raises OttlError."""
    match value:
        case None:
            return None
        case bool() | int() | float():
            return float(value)
        case str():
            try:
                return None if value != value.strip() else float(value)
            except ValueError:
                return None
        case _:
            raise OttlError(f"expected what can be a float, got {type_name(value)}")


LIKES: Mapping[Any, Callable[[Value], Value]] = {
    StringLike: string_like,
    IntLike: int_like,
    FloatLike: float_like,
}
"""By the parameter's annotation."""
