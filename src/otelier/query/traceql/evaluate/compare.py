"""Comparisons: true or false for each row, never nil.

False where a side is nil or the types don't match, for `!=` and `!~`, too. Numbers compare by value, exactly. Of
several values (arrays, the fields of events and links) any may fulfil an operator, but `!=` and `!~` ask that none is
equal or matches, while one is of a type that could.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...._core import Pattern
from ..ast import ComparisonOperator
from .distinct import distinct
from .values import ARRAY, BOOL, DOUBLE, KIND, STATUS, STRING, Bools, Element, Values

_ORDERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_POSITIVE: Mapping[str, ComparisonOperator] = {"!=": "=", "!~": "=~"}
_EXACT = 2**53
"""Integers up to here are doubles, too."""


def compare(op: ComparisonOperator, left: Values, right: Values) -> Bools:
    """Both of one length, or one of a single row."""
    rows = max(len(left), len(right)) if len(left) and len(right) else 0
    result = np.zeros(rows, np.bool_)
    strings = (left.tags == STRING) & (right.tags == STRING)
    if strings.any():
        result |= _strings(op, left, right, strings)
    if op not in ("=~", "!~"):
        numbers = left.numeric & right.numeric
        if numbers.any():
            result |= numbers & _numbers(op, left, right)
        if op in ("=", "!="):
            for tag in (BOOL, STATUS, KIND):
                result |= (left.tags == tag) & (right.tags == tag) & _ORDERS[op](left.data, right.data)
    arrays = (left.tags == ARRAY) | (right.tags == ARRAY)
    if arrays.any():
        result |= _arrays(op, left, right, arrays)
    return result


def present(values: Values) -> Bools:
    """What `!= nil` asks."""
    return values.tags != 0


def holds(op: ComparisonOperator, lefts: Sequence[Element], rights: Sequence[Element]) -> bool:
    """The rule for several values at either side."""
    if positive := _POSITIVE.get(op):
        pairs = [(a, b) for a in lefts for b in rights if _comparable(op, a, b)]
        return bool(pairs) and not any(_one(positive, a, b) for a, b in pairs)
    return any(_one(op, a, b) for a in lefts for b in rights if _comparable(op, a, b))


def _comparable(op: ComparisonOperator, left: Element, right: Element) -> bool:
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str)
    if op in ("=~", "!~"):
        return False
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and op in ("=", "!=")
    return True


def _one(op: ComparisonOperator, left: Element, right: Element) -> bool:
    if op == "=~" or op == "!~":
        return pattern(str(right)).search(str(left)) is (op == "=~")
    return bool(_ORDERS[op](left, right))


@lru_cache(maxsize=256)
def pattern(text: str) -> Pattern:
    """Of a whole text. Raises ValueError."""
    return Pattern(anchored(text))


def anchored(text: str) -> str:
    """TraceQL's patterns match all of a text, and a dot any character."""
    return f"^(?s:{text})$"


def _strings(op: ComparisonOperator, left: Values, right: Values, mask: Bools) -> Bools:
    """Once per distinct text, or pair of texts."""
    if len(right) == 1 or len(left) == 1:
        many, one = (left, right) if len(right) == 1 else (right, left)
        fixed = one.texts[int(one.data[0])]
        swapped = many is right
        table = np.fromiter(
            (_one(op, fixed, text) if swapped else _one(op, text, fixed) for text in many.texts),
            np.bool_,
            len(many.texts),
        )
        return mask & table[np.where(mask, many.data, 0)]
    return _pairs(op, left, right, mask)


def _pairs(op: ComparisonOperator, left: Values, right: Values, mask: Bools) -> Bools:
    (rows,) = np.nonzero(mask)
    lefts, rights = left.data[rows], right.data[rows]
    first, codes = distinct(lefts, rights)
    pairs = zip(lefts[first].tolist(), rights[first].tolist(), strict=True)
    table = np.array([_one(op, left.texts[int(a)], right.texts[int(b)]) for a, b in pairs], np.bool_)
    result = np.zeros(mask.shape, np.bool_)
    result[rows] = table[codes]
    return result


def _numbers(op: ComparisonOperator, left: Values, right: Values) -> Bools:
    with np.errstate(invalid="ignore"):
        by_value: Bools = _ORDERS[op](left.floats(), right.floats())
    integers = (left.tags != DOUBLE) & (right.tags != DOUBLE)
    if integers.any():
        by_value = np.where(integers, _ORDERS[op](left.data, right.data), by_value)
    return _exactly(op, left, right, by_value, _large(left) | _large(right))


def _large(values: Values) -> Bools:
    return (values.tags != DOUBLE) & ((values.data > _EXACT) | (values.data < -_EXACT))


def _exactly(op: ComparisonOperator, left: Values, right: Values, result: Bools, where: Bools) -> Bools:
    """An integer that no double can say, against a double: as Python compares them."""
    where = where & left.numeric & right.numeric & ((left.tags == DOUBLE) != (right.tags == DOUBLE))
    for row in np.flatnonzero(where).tolist():
        (a,), (b,) = left.elements(row if len(left) > 1 else 0), right.elements(row if len(right) > 1 else 0)
        result[row] = _one(op, a, b)
    return result


def _arrays(op: ComparisonOperator, left: Values, right: Values, mask: Bools) -> Bools:
    """Once per distinct pair of values."""
    (rows,) = np.nonzero(mask)
    at = [np.zeros(len(rows), np.intp) if len(each) == 1 else rows for each in (left, right)]
    first, codes = distinct(left.tags[at[0]], left.data[at[0]], right.tags[at[1]], right.data[at[1]])
    table = np.array(
        [holds(op, left.elements(int(at[0][row])), right.elements(int(at[1][row]))) for row in first], np.bool_
    )
    result = np.zeros(mask.shape, np.bool_)
    result[rows] = table[codes]
    return result
