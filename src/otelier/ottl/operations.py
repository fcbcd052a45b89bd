"""Arithmetic and comparison of OTTL's values.

Integers have 64 bits and wrap around, as Go's do; with a float they are floats, too. Values of types that don't go
together are unequal, and neither is less.
"""

import operator
from collections.abc import Callable
from dataclasses import replace
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
        return left is None and symbol in ("<=", ">=")

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
        kinds = (left.__class__, right.__class__)
        if kinds in _NUMBERS:
            return calculate(left, right)
        found = _of_times(symbol, left, right)
        if found is None:
            hint = "; the path may be missing here" if left is None or right is None else ""
            raise OttlError(f"can't calculate {type_name(left)} {symbol} {type_name(right)}{hint}")
        return found

    return checked


def negative(value: Value) -> Value:
    """Raises OttlError for what is no number."""
    match value:
        case bool():
            pass
        case int():
            return wrapped(-value)
        case float():
            return -value
        case TimeSpan():
            return TimeSpan(wrapped(-value.ns))
        case _:
            pass
    raise OttlError(f"`-` wants a number, got {type_name(value)}")


_NUMBERS = {(int, int), (int, float), (float, int), (float, float)}


def _add(left: Value, right: Value) -> Value:
    found = left + right
    return wrapped(found) if type(found) is int else found


def _subtract(left: Value, right: Value) -> Value:
    found = left - right
    return wrapped(found) if type(found) is int else found


def _multiply(left: Value, right: Value) -> Value:
    found = left * right
    return wrapped(found) if type(found) is int else found


def _divide(left: Value, right: Value) -> Value:
    if right == 0:
        raise OttlError("division by zero")
    if type(left) is float or type(right) is float:
        return left / right
    quotient = abs(left) // abs(right)  # towards zero
    return wrapped(quotient if (left < 0) == (right < 0) else -quotient)


def _of_times(symbol: ArithmeticOperator, left: Value, right: Value) -> Time | TimeSpan | None:
    """Sums and differences of moments and durations; None where there is none."""
    if symbol not in ("+", "-"):
        return None
    sign = 1 if symbol == "+" else -1
    match left, right:
        case TimeSpan(), TimeSpan():
            return TimeSpan(wrapped(left.ns + sign * right.ns))
        case Time(), TimeSpan():
            return replace(left, ns=left.ns + sign * right.ns)
        case TimeSpan(), Time() if symbol == "+":
            return replace(right, ns=left.ns + right.ns)
        case Time(), Time() if symbol == "-":
            return TimeSpan(wrapped(left.ns - right.ns))
        case _:
            return None
