"""`compare`: which attributes the spans of a selection have, and which those outside of it.

Flat series as in Tempo, with two labels: `__meta_type`, and the attribute with its value; the totals (spans that have
the attribute) have no value. Attributes with more values than are told are marked by `__meta_error`. Each span counts
once, also for attributes that the query itself looks at.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from .. import ast
from ..evaluate.expression import truth
from ..evaluate.table import Table, typed
from ..evaluate.values import Bools
from ..fields import fields_in
from ..found import Found
from ..plan import Plan, plan
from .cells import aligned
from .lines import Lines
from .steps import Steps
from .tally import SIDES, Side, Tally

_INTRINSICS: tuple[ast.IntrinsicName, ...] = (
    "name", "kind", "status", "statusMessage", "rootName", "rootServiceName", "instrumentation:name",
    "instrumentation:version",
)  # fmt: skip
"""The others are times and ids, of which nearly every span has its own."""
_COUNTED: tuple[tuple[tuple[Side, int], ...], ...] = ((("baseline", 1),), (("baseline", -1), ("selection", 1)))
"""What everything, and what is selected, counts for."""
_FIELDS_AT_ONCE = 16
"""In one table."""


def compared(pipeline: ast.Pipeline, node: ast.Compare, found: Found, steps: Steps) -> Lines:
    """Raises TooLarge."""
    fields = [*map(ast.Intrinsic, _INTRINSICS), *found.attributes()]
    everything = plan(pipeline)
    tallies = None
    if not node.end_ns and aligned(found, steps):
        tallies = _counted(fields, everything, plan(_selected(pipeline, node)), found, steps)
    if tallies is None:
        tallies = _measured(fields, everything, node, found, steps)
    return Lines("compare", [series for tally in tallies for series in tally.series(node.top)])


def _selected(pipeline: ast.Pipeline, node: ast.Compare) -> ast.Pipeline:
    return ast.Pipeline((*pipeline.stages, node.selection))


def _counted(
    fields: Sequence[ast.Field], everything: Plan, selected: Plan, found: Found, steps: Steps
) -> "list[Tally] | None":
    """By the core, where it can: the baseline is what is not selected."""
    tallies: list[Tally] = []
    for field in fields:
        if tallies and found.budget.over():
            break
        tally = Tally(field, steps.count)
        for of, sides in zip((everything, selected), _COUNTED, strict=True):
            cells = found.counted(of, [field], steps.step_ns)
            if cells is None:
                return None
            own = np.frombuffer(cells.cell_groups, "<u4").astype(np.intp)
            values = typed(field, cells.group_columns[0]).take(own)
            numbers = np.frombuffer(cells.cell_steps, "<u4").astype(np.int64)
            counts = np.frombuffer(cells.counts, "<u8").astype(np.float64)
            for side, times in sides:
                tally.add(side, values, numbers, counts * times)
        tallies.append(tally)
    return tallies


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
