"""Arithmetic of series."""

import numpy as np

from .. import ast
from ..answer import Series
from .cells import Floats
from .lines import Lines


def calculated(operator: ast.SeriesOperator, left: Lines, right: Lines) -> Lines:
    """Point by point, series with equal labels; one without labels meets all of the other side."""
    by_labels = {each.labels: each for each in right.series}
    alone, other_alone = by_labels.get(()), next((each for each in left.series if not each.labels), None)
    found: list[Series] = []
    for each in left.series:
        met = by_labels.get(each.labels, alone)
        if met is not None:
            found.append(_joined(operator, each, met))
    if other_alone is not None and alone is None:
        known = {each.labels for each in left.series}
        found += [_joined(operator, other_alone, each) for each in right.series if each.labels not in known]
    return Lines(f"({left.name} {operator} {right.name})", found, calculated=True)


def scaled(operator: ast.SeriesOperator, lines: Lines, number: float, *, swapped: bool) -> Lines:
    """With the same number at each point; `swapped`: the number is at the left."""
    return lines.of(
        each._replace(
            values=_applied(operator, number, each.values) if swapped else _applied(operator, each.values, number)
        )
        for each in lines.series
    )


def _joined(operator: ast.SeriesOperator, left: Series, right: Series) -> Series:
    labels = left.labels or right.labels
    return Series(labels, _applied(operator, left.values, right.values), left.exemplars + right.exemplars)


def _applied(operator: ast.SeriesOperator, left: Floats | float, right: Floats | float) -> Floats:
    """A division by zero is NaN, and so is what has no point at one side."""
    a, b = np.asarray(left, np.float64), np.asarray(right, np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        match operator:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return np.where(b == 0, np.nan, a / b)
