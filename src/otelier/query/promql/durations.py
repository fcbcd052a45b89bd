"""What durations in brackets and after `offset` are worth.

A duration is an expression of numbers (seconds), in which `step()` and `range()` stand for those of the query.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from .ast import Binary, Call, Expression, Number, Paren, Unary, children
from .errors import ExecutionError

_LARGEST_MS = 2**63 / 1_000_000
_OPERATIONS: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "%": math.fmod,
        "^": math.pow,
        "min_of": min,
        "max_of": max,
    }
)


def milliseconds(duration: Expression | None, step_s: float = 0.0, range_s: float = 0.0) -> int:
    """None is 0. Raises ExecutionError where there is no such duration, such as a division by zero."""
    if duration is None:
        return 0
    try:
        value = _seconds(duration, step_s, range_s) * 1000
    except (ZeroDivisionError, OverflowError, ValueError):
        raise ExecutionError("division by zero or overflow in a duration expression") from None
    if not abs(value) < _LARGEST_MS:
        raise ExecutionError("duration out of range")
    return round(value)


def varies(duration: Expression) -> bool:
    """It depends on the query's step or range."""
    if isinstance(duration, Call) and not duration.arguments:
        return True
    return any(map(varies, children(duration)))


def _seconds(duration: Expression, step_s: float, range_s: float) -> float:
    match duration:
        case Number():
            return duration.value
        case Paren():
            return _seconds(duration.expression, step_s, range_s)
        case Unary():
            value = _seconds(duration.expression, step_s, range_s)
            return -value if duration.operator == "-" else value
        case Binary():
            left = _seconds(duration.left, step_s, range_s)
            return _OPERATIONS[duration.operator](left, _seconds(duration.right, step_s, range_s))
        case Call() if not duration.arguments:
            return step_s if duration.function == "step" else range_s
        case Call():
            left, right = (_seconds(each, step_s, range_s) for each in duration.arguments)
            return _OPERATIONS[duration.function](left, right)
        case _:
            raise ExecutionError("no duration")
