"""Two sides of an operator: numbers with series, and series with series."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import BadQuery
from . import ast
from .series import Labels, Series, Values, grouped, written


def _divided(left: Values, right: Values) -> Values:
    """Not a number where the divisor is 0, as in Loki."""
    return np.where(right == 0, np.nan, np.divide(left, right))


_ARITHMETIC: Mapping[str, Callable[[Values, Values], Values]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _divided,
    "%": np.fmod,
    "^": np.power,
}
_COMPARISONS: Mapping[str, Callable[[Values, Values], NDArray[np.bool_]]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}


def scaled(op: ast.Binary, series: Series, scalar: float, scalar_first: bool) -> Series:
    """Each value with a number. A comparison keeps the series' values."""
    number = np.float64(scalar)
    out: Series = {}
    for labels, values in series.items():
        left, right = (np.full_like(values, number), values) if scalar_first else (values, np.full_like(values, number))
        out[labels] = _operate(op, left, right, values)
    return out


def joined(op: ast.Binary, left: Series, right: Series) -> Series:
    """Series whose labels meet, one to one. Raises BadQuery."""
    on = op.on or ast.Grouping((), without=True)
    match op.op:
        case "and" | "unless":
            present = _present(right, on)
            return {
                labels: np.where(present(labels, values.size) == (op.op == "and"), values, np.nan)
                for labels, values in left.items()
            }
        case "or":
            present = _present(left, on)
            out = dict(left)
            for labels, values in right.items():
                added = np.where(present(labels, values.size), np.nan, values)
                old = out.get(labels)
                out[labels] = added if old is None else np.where(np.isnan(old), added, old)
            return out
        case _:
            return _many_to_one(op, left, right, on)


def _many_to_one(op: ast.Binary, left: Series, right: Series, on: ast.Grouping) -> Series:
    """One to one without `group_left` and `group_right`. Raises BadQuery."""
    swapped = op.many == "right"
    many, one = (right, left) if swapped else (left, right)
    ones = _unique(one, on, "left" if swapped else "right")
    if not op.many:
        _unique(many, on, "left")
    out: Series = {}
    for labels, values in many.items():
        if (found := ones.get(grouped(labels, on))) is None:
            continue
        name, other = found
        result = labels if op.many else _named(op, labels, on)
        if op.include:
            given = {each: text for each, text in name if each in op.include}
            result = tuple(sorted({**{k: v for k, v in result if k not in op.include}, **given}.items()))
        if result in out:
            raise BadQuery(f"several series become {written(result)}: leave out fewer labels")
        sides = (other, values) if swapped else (values, other)
        out[result] = _operate(op, *sides, sides[0])
    return out


def _named(op: ast.Binary, labels: Labels, on: ast.Grouping) -> Labels:
    """What is left of a name: what had to be alike."""
    return grouped(labels, on) if op.on else labels


def _present(series: Series, on: ast.Grouping) -> Callable[[Labels, int], NDArray[np.bool_]]:
    there: dict[Labels, NDArray[np.bool_]] = {}
    for labels, values in series.items():
        name, here = grouped(labels, on), ~np.isnan(values)
        there[name] = there[name] | here if name in there else here
    return lambda labels, size: there.get(grouped(labels, on), np.zeros(size, dtype=np.bool_))


def _unique(series: Series, on: ast.Grouping, side: str) -> dict[Labels, tuple[Labels, Values]]:
    """Series with their names, by what must be alike."""
    out: dict[Labels, tuple[Labels, Values]] = {}
    for labels, values in series.items():
        name = grouped(labels, on)
        if name in out:
            raise BadQuery(f"several series on the {side} side have the labels {written(name)}: aggregate them first")
        out[name] = labels, values
    return out


def _operate(op: ast.Binary, left: Values, right: Values, kept: Values) -> Values:
    there = ~(np.isnan(left) | np.isnan(right))
    with np.errstate(all="ignore"):
        if arithmetic := _ARITHMETIC.get(op.op):
            return np.where(there, arithmetic(left, right), np.nan)
        holds = _COMPARISONS[op.op](left, right)
    return np.where(there, holds.astype(np.float64), np.nan) if op.as_bool else np.where(there & holds, kept, np.nan)


def calculated(op: ast.Binary, left: float, right: float) -> float:
    """Two numbers."""
    one = np.array([left]), np.array([right])
    with np.errstate(all="ignore"):
        if arithmetic := _ARITHMETIC.get(op.op):
            return float(arithmetic(*one)[0])
        return float(_COMPARISONS[op.op](*one)[0])
