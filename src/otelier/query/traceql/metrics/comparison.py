"""`compare`: which attributes the spans of a selection have, and which those outside of it.

Flat series as in Tempo, with two labels: `__meta_type`, and the attribute with its value; the totals (spans that have
the attribute) have no value. Attributes with more values than are told are marked by `__meta_error`. Each span counts
once, also for attributes that the query itself looks at.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import numpy as np

from ...errors import TooLarge
from .. import ast
from ..answer import Attribute, Series
from ..evaluate.expression import truth
from ..evaluate.table import Table, typed
from ..evaluate.values import NIL, Bools, Values
from ..fields import fields_in
from ..found import Found
from ..plan import Plan, plan
from ..text import written
from .cells import Floats, Ints, aligned, summed
from .groups import Groups
from .lines import Lines
from .steps import Steps

_Side: TypeAlias = Literal["baseline", "selection"]

_SIDES: tuple[_Side, ...] = ("baseline", "selection")
_INTRINSICS: tuple[ast.IntrinsicName, ...] = (
    "name", "kind", "status", "statusMessage", "rootName", "rootServiceName", "instrumentation:name",
    "instrumentation:version",
)  # fmt: skip
"""The others are times and ids, of which nearly every span has its own."""
_COUNTED: tuple[tuple[tuple[_Side, int], ...], ...] = ((("baseline", 1),), (("baseline", -1), ("selection", 1)))
"""What everything, and what is selected, counts for."""
_VALUES_MAX = 100_000
"""Values of one attribute that are told apart."""
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
) -> "list[_Tally] | None":
    """By the core, where it can: the baseline is what is not selected."""
    tallies: list[_Tally] = []
    for field in fields:
        if tallies and found.budget.over():
            break
        tally = _Tally(field, steps.count)
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
) -> "Iterator[_Tally]":
    """Over columns, some attributes at a time."""
    for at in range(0, len(fields), _FIELDS_AT_ONCE):
        if at and found.budget.over():
            return
        tallies = [_Tally(field, steps.count) for field in fields[at : at + _FIELDS_AT_ONCE]]
        for table, spansets in found.tables(
            everything, [*(each.field for each in tallies), *fields_in(node.selection)]
        ):
            rows = spansets.rows
            inside = _inside(node, table)[rows]
            numbers = steps.numbers(table.starts[rows])
            for tally in tallies:
                values = table.values(tally.field).take(rows)
                for side, mask in zip(_SIDES, (~inside, inside), strict=True):
                    chosen = np.flatnonzero(mask)
                    tally.add(side, values.take(chosen), numbers[chosen], np.ones(len(chosen)))
        yield from tallies


def _inside(node: ast.Compare, table: Table) -> Bools:
    """Which rows are selected."""
    inside = truth(node.selection.condition, table)
    if not node.end_ns:
        return inside
    return inside & (table.starts >= np.uint64(node.start_ns)) & (table.starts < np.uint64(node.end_ns))


class _Tally:
    """Of one attribute."""

    def __init__(self, field: ast.Field, steps: int) -> None:
        self.field = field
        self._steps = steps
        self._groups = Groups(_VALUES_MAX)
        self._too_many = False
        self._totals: dict[_Side, Floats] = {side: np.zeros(steps) for side in _SIDES}
        self._parts: dict[_Side, list[tuple[Ints, Ints, Floats]]] = {side: [] for side in _SIDES}
        """Number of the value, step, spans."""

    def add(self, side: _Side, values: Values, steps: Ints, counts: Floats) -> None:
        """So many spans with this value, in this step; one entry each."""
        there = np.flatnonzero(values.tags != NIL)
        values, steps, counts = values.take(there), steps[there], counts[there]
        self._totals[side] += summed(steps, counts, self._steps)
        if self._too_many:
            return
        try:
            self._parts[side].append((self._groups.of([values], len(there)), steps, counts))
        except TooLarge:
            self._too_many = True

    def series(self, top: int) -> list[Series]:
        """The values that most spans have, of each side, and the totals."""
        name = written(self.field)
        found: list[Series] = []
        cut = self._too_many
        for side in _SIDES:
            if not self._totals[side].any():
                continue
            found.append(_series(f"{side}_total", Attribute(name, None), self._totals[side]))
            if self._too_many:
                continue
            numbers, steps, counts = (np.concatenate(each) for each in zip(*self._parts[side], strict=True))
            spans = np.bincount(numbers, counts, len(self._groups))
            best = sorted(np.flatnonzero(spans > 0), key=lambda number: (-spans[number], self._text(int(number))))
            cut = cut or len(best) > top
            for number in best[:top]:
                own = numbers == number
                points = summed(steps[own], counts[own], self._steps)
                found.append(_series(side, Attribute(name, self._groups.labels[int(number)][0]), points))
        if cut:
            mark = Attribute("__meta_error", "__too_many_values__")
            found.append(Series((mark, Attribute(name, None)), np.full(self._steps, np.nan)))
        return found

    def _text(self, number: int) -> str:
        return str(self._groups.labels[number][0])


def _series(kind: str, label: Attribute, points: Floats) -> Series:
    return Series((Attribute("__meta_type", kind), label), points)
