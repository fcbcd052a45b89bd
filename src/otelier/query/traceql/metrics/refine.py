"""Second stages: what is done with the points of series."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .. import ast
from ..answer import Series
from .cells import Floats
from .lines import Lines, place

_ORDERS: dict[ast.OrderOperator, Callable[[Floats, float], NDArray[np.bool_]]] = {
    "=": lambda points, number: points == number,
    "!=": lambda points, number: points != number,
    "<": lambda points, number: points < number,
    "<=": lambda points, number: points <= number,
    ">": lambda points, number: points > number,
    ">=": lambda points, number: points >= number,
}
_NS = 1e9


def refined(lines: Lines, stages: Sequence[ast.Ranked | ast.PointFilter]) -> Lines:
    """One stage after the other; series of which no point is left go."""
    for stage in stages:
        lines = _ranked(lines, stage) if isinstance(stage, ast.Ranked) else _filtered(lines, stage)
    return lines


def _filtered(lines: Lines, stage: ast.PointFilter) -> Lines:
    number = float(stage.value.value or 0)
    if stage.value.type == "duration":
        number /= _NS
    passes = _ORDERS[stage.operator]
    return _kept(lines, [passes(each.values, number) & ~np.isnan(each.values) for each in lines.series])


def _ranked(lines: Lines, stage: ast.Ranked) -> Lines:
    """At each time the largest or smallest points; of equal ones those that come first by label (for the smallest:
    last), as in Tempo."""
    if not lines.series:
        return lines
    ordered = sorted(lines.series, key=place, reverse=stage.function == "bottomk")
    points = np.stack([each.values for each in ordered])
    keys = np.where(np.isnan(points), np.inf, -points if stage.function == "topk" else points)
    best = np.argsort(keys, axis=0, kind="stable")[: stage.limit]
    kept = np.zeros(points.shape, np.bool_)
    np.put_along_axis(kept, best, values=True, axis=0)
    return _kept(lines.of(ordered), list(kept & ~np.isnan(points)))


def _kept(lines: Lines, masks: Sequence[NDArray[np.bool_]]) -> Lines:
    """Only those points."""
    kept: list[Series] = []
    for each, mask in zip(lines.series, masks, strict=True):
        if mask.any():
            kept.append(each._replace(values=np.where(mask, each.values, np.nan)))
    return lines.of(kept)
