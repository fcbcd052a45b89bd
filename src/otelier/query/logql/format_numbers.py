"""Functions of templates that calculate. What is no number is taken for 0, as Loki's are; integers have 64 bits."""

import math
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, DivisionByZero, InvalidOperation
from functools import partial, reduce

from ..templates.errors import CallError
from ..templates.functions import Function
from ..templates.values import Int, Value
from . import amounts

_INT_MAX = 1 << 63
_INTEGER = re.compile(r"([-+]?[0-9]+)(?:\.[0-9]*)?")


def integer(value: Value) -> int:
    """As the functions of arithmetic take what they get: 0 for what is no number."""
    match value:
        case bool() | int():
            return int(value)
        case float():
            return int(value) if math.isfinite(value) else 0
        case str():
            found = _INTEGER.fullmatch(value)
            return int(found[1]) if found and len(value) < 25 else 0
        case _:
            return 0


def _wrapped(number: int) -> Int:
    """In 64 bits."""
    return Int((number + _INT_MAX) % (1 << 64) - _INT_MAX)


def _float(value: Value) -> float:
    match value:
        case bool() | int() | float():
            return float(value)
        case str():
            try:
                return amounts.number(value)
            except ValueError:
                return 0.0
        case _:
            return 0.0


def _folded(operation: Callable[[int, int], int], *values: Value) -> Int:
    return _wrapped(reduce(operation, map(integer, values)))


def _folded_floats(operation: Callable[[float, float], float], *values: Value) -> float:
    return reduce(operation, map(_float, values))


def _decimal(operation: Callable[[Decimal, Decimal], Decimal], *values: Value) -> float:
    """Of decimal numbers: 1.15 * 503 is 578.45."""
    numbers = [_float(value) for value in values]
    if not all(map(math.isfinite, numbers)):
        raise CallError("cannot create a decimal number of what isn't finite")
    try:
        return float(reduce(operation, (Decimal(repr(number)) for number in numbers)))
    except (DivisionByZero, InvalidOperation):
        raise CallError("decimal division by 0") from None


def _divided(left: Value, right: Value) -> Int:
    by = integer(right)
    if by == 0:
        raise CallError("runtime error: integer divide by zero")
    number = abs(integer(left)) // abs(by)
    return _wrapped(number if (integer(left) < 0) == (by < 0) else -number)


def _remainder(left: Value, right: Value) -> Int:
    by = integer(right)
    if by == 0:
        raise CallError("runtime error: integer divide by zero")
    return Int(math.fmod(integer(left), by)) if abs(integer(left)) < 2**53 else Int(integer(left) % by)


def _rounded(value: Value, places: int, *on: float) -> float:
    power = 10.0**places
    digit = _float(value) * power
    up = math.modf(digit)[0] >= (on[0] if on else 0.5)
    return (math.ceil(digit) if up else math.floor(digit)) / power


def _int(value: Value) -> Int:
    return Int(integer(value))


def _ratio(left: Decimal, right: Decimal) -> Decimal:
    return left / right


def _ceiling(value: Value) -> float:
    number = _float(value)
    return float(math.ceil(number)) if math.isfinite(number) else number


def _floor(value: Value) -> float:
    number = _float(value)
    return float(math.floor(number)) if math.isfinite(number) else number


def _seconds(text: str) -> float:
    try:
        return amounts.seconds(text)
    except ValueError as error:
        raise CallError(str(error)) from None


def _bytes(text: str) -> float:
    try:
        return float(amounts.size(text))
    except ValueError as error:
        raise CallError(str(error)) from None


NUMBERS: Mapping[str, Function] = {
    "int": Function(_int, ("any",)),
    "float64": Function(_float, ("any",)),
    "add": Function(lambda *values: _folded(operator.add, 0, *values), (), "any"),
    "sub": Function(partial(_folded, operator.sub), ("any", "any")),
    "mul": Function(partial(_folded, operator.mul), ("any",), "any"),
    "div": Function(_divided, ("any", "any")),
    "mod": Function(_remainder, ("any", "any")),
    "addf": Function(lambda *values: _decimal(operator.add, 0.0, *values), (), "any"),
    "subf": Function(partial(_decimal, operator.sub), ("any",), "any"),
    "mulf": Function(partial(_decimal, operator.mul), ("any",), "any"),
    "divf": Function(partial(_decimal, _ratio), ("any",), "any"),
    "max": Function(partial(_folded, max), ("any",), "any"),
    "min": Function(partial(_folded, min), ("any",), "any"),
    "maxf": Function(partial(_folded_floats, max), ("any",), "any"),
    "minf": Function(partial(_folded_floats, min), ("any",), "any"),
    "ceil": Function(_ceiling, ("any",)),
    "floor": Function(_floor, ("any",)),
    "round": Function(_rounded, ("any", "int"), "float64"),
    "bytes": Function(_bytes, ("string",)),
    "duration": Function(_seconds, ("string",)),
    "duration_seconds": Function(_seconds, ("string",)),
}
