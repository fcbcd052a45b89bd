"""Arithmetic and comparison of OTTL's values.

Integers have 64 bits and wrap around, as Go's do. Integers and floats are compared as numbers but not calculated with
each other. Values of types that don't go together are unequal, and neither is less.
"""

import operator
from collections.abc import Callable
from typing import Any, cast

from .any_value import type_name, wrapped
from .ast import ArithmeticOperator, ComparisonOperator
from .values import OttlError, Time, TimeSpan, Value

_ORDERS: dict[ComparisonOperator, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERED = (bool, int, float, str, bytes, Time, TimeSpan)


def comparison(symbol: ComparisonOperator) -> Callable[[Value, Value], bool]:
    """The function of two values."""
    if symbol == "==":
        return equal
    if symbol == "!=":
        return lambda left, right: not equal(left, right)
    order = _ORDERS[symbol]

    def compare(left: Value, right: Value) -> bool:
        kind, other = _types(left, right)
        if kind is not other and {kind, other} != {int, float}:
            return False
        if kind is Time:
            return order(left.ns, right.ns)
        if kind in _ORDERED:
            return order(left, right)
        # What has no order is never less, but may be equal.
        return symbol in ("<=", ">=") and equal(left, right)

    return compare


def equal(left: Value, right: Value) -> bool:
    """Alike in type and value; an int and a float as numbers; moments wherever they are shown."""
    kind, other = _types(left, right)
    if kind is not other:
        return {kind, other} == {int, float} and left == right
    if kind is Time:
        return left.ns == right.ns
    if kind is list:
        return len(left) == len(right) and all(_same(a, b) for a, b in zip(left, right, strict=True))
    if kind is dict:
        entries, others = cast("dict[str, Value]", left), cast("dict[str, Value]", right)
        return entries.keys() == others.keys() and all(_same(entries[key], others[key]) for key in entries)
    return bool(left == right)


def _types(left: Value, right: Value) -> tuple[type, type]:
    return left.__class__, right.__class__


def _same(left: Value, right: Value) -> bool:
    return type(left) is type(right) and equal(left, right)


def arithmetic(symbol: ArithmeticOperator) -> Callable[[Value, Value], Value]:
    """The function of two values; it raises OttlError for types that can't be calculated with."""
    calculate = {"+": _add, "-": _subtract, "*": _multiply, "/": _divide}[symbol]

    def checked(left: Value, right: Value) -> Value:
        found = calculate(left, right)
        if found is NotImplemented:
            raise OttlError(f"can't calculate {type_name(left)} {symbol} {type_name(right)}{_advice(left, right)}")
        return found

    return checked


def negative(value: Value) -> Value:
    """Raises OttlError for what is no number."""
    if type(value) is int:
        return wrapped(-value)
    if type(value) is float:
        return -value
    if type(value) is TimeSpan:
        return TimeSpan(wrapped(-value.ns))
    raise OttlError(f"`-` wants a number, got {type_name(value)}")


def _advice(left: Value, right: Value) -> str:
    if {type(left), type(right)} == {int, float}:
        return "; convert one of them with Int(…) or Double(…)"
    return "; the path may be missing here" if left is None or right is None else ""


def _add(left: Value, right: Value) -> Value:
    match left, right:
        case (bool(), _) | (_, bool()):
            return NotImplemented
        case int(), int():
            return wrapped(left + right)
        case float(), float():
            return left + right
        case TimeSpan(), TimeSpan():
            return TimeSpan(wrapped(left.ns + right.ns))
        case Time(), TimeSpan():
            return Time(left.ns + right.ns, left.offset_s)
        case TimeSpan(), Time():
            return Time(left.ns + right.ns, right.offset_s)
        case _:
            return NotImplemented


def _subtract(left: Value, right: Value) -> Value:
    match left, right:
        case (bool(), _) | (_, bool()):
            return NotImplemented
        case int(), int():
            return wrapped(left - right)
        case float(), float():
            return left - right
        case (TimeSpan(), TimeSpan()) | (Time(), Time()):
            return TimeSpan(wrapped(left.ns - right.ns))
        case Time(), TimeSpan():
            return Time(left.ns - right.ns, left.offset_s)
        case _:
            return NotImplemented


def _multiply(left: Value, right: Value) -> Value:
    if type(left) is int and type(right) is int:
        return wrapped(left * right)
    if type(left) is float and type(right) is float:
        return left * right
    return NotImplemented


def _divide(left: Value, right: Value) -> Value:
    if type(left) is not type(right) or type(left) not in (int, float):
        return NotImplemented
    if right == 0:
        raise OttlError("division by zero")
    if type(left) is float:
        return left / right
    quotient = abs(left) // abs(right)
    return wrapped(quotient if (left < 0) == (right < 0) else -quotient)
