"""Arithmetic: int with int stays int (64 bits, wrapping; `/` cuts towards zero, `%` has the sign of its left side).

All other numbers, durations among them, are calculated as doubles. Nil where a side is no number, and where an integer
is divided by zero.
"""

import numpy as np
from numpy.typing import NDArray

from ..ast import ArithmeticOperator
from .values import DOUBLE, INT, NIL, Bools, Ints, Values


def arithmetic(op: ArithmeticOperator, left: Values, right: Values) -> Values:
    """Both of one length, or one of a single row."""
    numbers = left.numeric & right.numeric
    whole = numbers & (left.tags == INT) & (right.tags == INT)
    with np.errstate(all="ignore"):
        fractions = _doubles(op, left, right).view(np.int64)
        if not whole.any():
            return Values(np.where(numbers, np.uint8(DOUBLE), np.uint8(NIL)), fractions)
        ints, valid = _integers(op, left.data, right.data)
    tags = np.where(
        whole, np.where(valid, np.uint8(INT), np.uint8(NIL)), np.where(numbers, np.uint8(DOUBLE), np.uint8(NIL))
    )
    return Values(tags.astype(np.uint8), np.where(whole, ints, fractions))


def negative(values: Values) -> Values:
    """`-a`."""
    with np.errstate(all="ignore"):
        minus = np.where(values.tags == DOUBLE, (-values.floats()).view(np.int64), -values.data)
    return Values(np.where(values.numeric, values.tags, np.uint8(NIL)), minus)


def _doubles(op: ArithmeticOperator, left: Values, right: Values) -> NDArray[np.float64]:
    a, b = left.floats(), right.floats()
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b
        case "%":
            return np.fmod(a, b)
        case "^":
            return np.power(a, b)


def _integers(op: ArithmeticOperator, a: Ints, b: Ints) -> tuple[Ints, Bools]:
    """Results, and where there are any."""
    match op:
        case "+":
            return a + b, np.ones(1, np.bool_)
        case "-":
            return a - b, np.ones(1, np.bool_)
        case "*":
            return a * b, np.ones(1, np.bool_)
        case "/":
            divisor = np.where(b == 0, 1, b)
            floor = a // divisor
            return floor + ((a % divisor != 0) & ((a < 0) != (divisor < 0))), b != 0
        case "%":
            return np.fmod(a, np.where(b == 0, 1, b)), b != 0
        case "^":
            return _power(a, b)


def _power(a: Ints, b: Ints) -> tuple[Ints, Bools]:
    """A negative exponent gives a fraction, cut to 0 unless the base is 1 or -1; of 0 it is a division by zero."""
    up = np.power(a, np.where(b < 0, 0, b))
    odd = b % 2 != 0
    down = np.where(a == 1, 1, np.where(a == -1, np.where(odd, -1, 1), 0))
    return np.where(b < 0, down, up), (b >= 0) | (a != 0)
