"""`compare`: which attributes the spans of a selection have, and which those outside of it.

Flat series as in Tempo, with two labels: `__meta_type`, and the attribute with its value; the totals (spans that have
the attribute) have no value. Attributes with more values than are told are marked by `__meta_error`. Each span counts
once, also for attributes that the query itself looks at.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...errors import TooLarge
from .. import ast
from ..answer import Attribute, Series
from ..evaluate.expression import truth
from ..evaluate.present import any_values
from ..evaluate.table import Table, typed
from ..evaluate.values import Bools
from ..fields import fields_in
from ..found import Found, Window
from ..plan import Plan, plan
from ..text import written
from .cells import aligned
from .lines import POINTS_MAX, Lines
from .steps import Steps
from .tally import SIDES, Tally, marked, series_of

if TYPE_CHECKING:
    from ..reader import Comparison

_INTRINSICS: tuple[ast.IntrinsicName, ...] = (
    "name", "kind", "status", "statusMessage", "rootName", "rootServiceName", "instrumentation:name",
    "instrumentation:version",
)  # fmt: skip
"""The others are times and ids, of which nearly every span has its own."""
_FIELDS_AT_ONCE = 16
"""In one table."""


def compared(pipeline: ast.Pipeline, node: ast.Compare, found: Found, steps: Steps) -> Lines:
    """Of no more attributes than the answer may have series. Raises TooLarge."""
    fields = [*map(ast.Intrinsic, _INTRINSICS), *found.attributes()]
    by_field = _counted(fields, pipeline, node, found, steps) if aligned(found, steps) else None
    if by_field is None:
        by_field = (tally.series(node.top) for tally in _measured(fields, plan(pipeline), node, found, steps))
    series: list[Series] = []
    for more in by_field:
        if len(series) + len(more) > found.budget.limits.series:
            found.budget.took({}, "series")
            break
        series += more
    return Lines("compare", series)


def _counted(
    fields: Sequence[ast.Field], pipeline: ast.Pipeline, node: ast.Compare, found: Found, steps: Steps
) -> "Iterator[list[Series]] | None":
    """By the core, where it can."""
    selected = plan(ast.Pipeline((*pipeline.stages, node.selection)))
    window = Window(node.start_ns, node.end_ns - 1) if node.end_ns else None
    core = found.compared(plan(pipeline), selected, window, fields, steps.step_ns, node.top)
    if core is None:
        return None
    if core.partial == "points":
        raise TooLarge(f"a comparison has more than {POINTS_MAX:,} points; choose a larger step")
    return _told(fields, core, steps)


def _told(fields: Sequence[ast.Field], core: "Comparison", steps: Steps) -> "Iterator[list[Series]]":
    """Of each field."""
    for number, field in enumerate(fields):
        made: list[Series] = []
        name = written(field)
        values = typed(field, core.values(number))
        shown = any_values(values, np.arange(len(values)))
        counts = np.frombuffer(core.counts(number), "<u8").astype(np.float64).reshape(-1, steps.count)
        totals = np.frombuffer(core.totals(number), "<u8").astype(np.float64).reshape(-1, steps.count)
        baselines = core.of_first(number)
        for side, total in zip(SIDES, totals, strict=True):
            if total.any():
                made.append(series_of(f"{side}_total", Attribute(name, None), total))
        for row, (value, spans) in enumerate(zip(shown, counts, strict=True)):
            made.append(series_of(SIDES[row >= baselines], Attribute(name, value), spans))
        if core.cut(number):
            made.append(marked(name, steps.count))
        yield made


def _measured(
    fields: Sequence[ast.Field], everything: Plan, node: ast.Compare, found: Found, steps: Steps
) -> "Iterator[Tally]":
    """Over columns, some attributes at a time."""
    for at in range(0, len(fields), _FIELDS_AT_ONCE):
        if at and found.budget.over():
            return
        tallies = [Tally(field, steps.count) for field in fields[at : at + _FIELDS_AT_ONCE]]
        for table, spansets in found.tables(
            everything, [*(each.field for each in tallies), *fields_in(node.selection)]
        ):
            rows = spansets.rows
            inside = _inside(node, table)[rows]
            numbers = steps.numbers(table.starts[rows])
            for tally in tallies:
                values = table.values(tally.field).take(rows)
                for side, mask in zip(SIDES, (~inside, inside), strict=True):
                    chosen = np.flatnonzero(mask)
                    tally.add(side, values.take(chosen), numbers[chosen], np.ones(len(chosen)))
        yield from tallies


def _inside(node: ast.Compare, table: Table) -> Bools:
    """Which rows are selected."""
    inside = truth(node.selection.condition, table)
    if not node.end_ns:
        return inside
    return inside & (table.starts >= np.uint64(node.start_ns)) & (table.starts < np.uint64(node.end_ns))
