"""One function over time, by its groups."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from .. import ast
from ..answer import Attribute, Series
from ..found import Found
from ..plan import plan
from ..text import written
from .cells import Asked, Cells, Floats, Kind, counted, is_duration, measured
from .exemplars import Shown, exemplars
from .groups import Groups, limited
from .lines import Lines, dense
from .quantiles import quantiles
from .ranking import may_rank
from .steps import Steps

_KINDS: dict[ast.MetricsFunction, Kind] = {
    "rate": "count",
    "count_over_time": "count",
    "quantile_over_time": "histogram",
    "histogram_over_time": "powers",
}
_SECONDS = 1e-9


class Line(NamedTuple):
    """Of one group: labels besides those of the group, and a value per step."""

    group: int
    labels: tuple[Attribute, ...]
    values: Floats


def measure(node: ast.Metrics, found: Found, steps: Steps, shown: Shown, ranked: ast.Ranked | None = None) -> Lines:
    """Raises TooLarge. `ranked`: what the next stage leaves; others may be left out."""
    function = node.measure
    assert isinstance(function, ast.Measure)
    asked = Asked(
        function.by,
        function.operand,
        _KINDS.get(function.function, "sum"),
        shown.extrapolated and function.function not in ("min_over_time", "max_over_time"),
    )
    of = plan(node.pipeline)
    groups = Groups(found.budget.limits.series)
    wanted = partial(may_rank, steps=steps, ranked=ranked) if ranked else None
    top = (ranked.limit, ranked.function == "topk") if ranked else None
    cells = counted(found, of, asked, steps, groups, wanted, top) or measured(found, of, asked, steps, groups)
    lines = list(_lines(function, cells, groups, steps, _unit(function)))
    by = [
        tuple(Attribute(written(field), value) for field, value in zip(function.by, labels, strict=True))
        for labels in groups.labels
    ]
    limited(len(lines), found.budget.limits.series)
    series = [Series(by[line.group] + line.labels, line.values) for line in lines]
    if shown.exemplars:
        series = exemplars(
            series, [line.group for line in lines], asked, _unit(function), found, of, steps, groups, shown
        )
    return Lines(function.function, series)


def _unit(function: ast.Measure) -> float:
    """What a number is to be multiplied by: durations are told in seconds."""
    return _SECONDS if is_duration(function.operand) else 1.0


def _lines(function: ast.Measure, cells: Cells, groups: Groups, steps: Steps, unit: float) -> Iterator[Line]:
    def line_per_group(numbers: Floats, missing: float) -> Iterator[Line]:
        rows = dense(len(groups), steps, cells.cells, numbers, missing)
        yield from (Line(group, (), row) for group, row in enumerate(rows))

    match function.function:
        case "rate":
            yield from line_per_group(cells.counts / steps.seconds, 0.0)
        case "count_over_time":
            yield from line_per_group(cells.counts, 0.0)
        case "sum_over_time":
            yield from line_per_group(cells.sums * unit, np.nan)
        case "avg_over_time":
            yield from line_per_group(cells.sums / cells.counts * unit, np.nan)
        case "min_over_time":
            yield from line_per_group(cells.mins * unit, np.nan)
        case "max_over_time":
            yield from line_per_group(cells.maxs * unit, np.nan)
        case "quantile_over_time":
            yield from _quantile_lines(function.quantiles, cells, groups, steps, unit)
        case "histogram_over_time":
            yield from _bucket_lines(cells, steps, unit)


def _quantile_lines(
    wanted: tuple[float, ...], cells: Cells, groups: Groups, steps: Steps, unit: float
) -> Iterator[Line]:
    """A line per group and quantile, labelled `p`."""
    assert cells.values is not None
    present, found = quantiles(cells.values, wanted)
    for quantile, numbers in zip(wanted, found, strict=True):
        rows = dense(len(groups), steps, present, numbers * unit, np.nan)
        for group, row in enumerate(rows):
            yield Line(group, (Attribute("p", quantile),), row)


def _bucket_lines(cells: Cells, steps: Steps, unit: float) -> Iterator[Line]:
    """A line per group and power of two, labelled `__bucket`: how many numbers are at most that, and above its half.

    All that isn't above 0 is in bucket 0.
    """
    assert cells.values is not None
    values = cells.values
    groups_of = (values.cells // steps.count).astype(np.float64)
    distinct, own = np.unique(np.stack([groups_of, values.numbers]), axis=1, return_inverse=True)
    lines = np.zeros((distinct.shape[1], steps.count))
    np.add.at(lines, (own.reshape(-1), values.cells % steps.count), values.weights)
    for row, (number, edge) in zip(lines, distinct.T.tolist(), strict=True):
        yield Line(int(number), (Attribute("__bucket", edge * unit),), row)
