"""What is known of the spans of one group in one bucket of time: a cell. Cells without spans aren't there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import ast
from ..evaluate.table import typed
from ..evaluate.values import Values as ColumnValues
from ..found import Found
from ..plan import Plan
from ..reader import Cells as CoreCells
from ..words import TYPES
from .buckets import buckets, middles, powers, powers_of_buckets, together
from .groups import Groups
from .numbering import numbered
from .steps import Steps
from .weights import TRACE_STATE, weights

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Kind: TypeAlias = Literal["count", "sum", "histogram", "powers"]
"""Histograms are for quantiles, powers of two for themselves."""

Wanted: TypeAlias = Callable[[Ints, Floats, ColumnValues], "NDArray[np.intp] | None"]
"""Of cells, their counts, and the groups' label: the groups that are told; None: all."""

_NONE = -2000
"""An exponent that no number has."""
_EXACT_MAX = 100_000
"""Numbers of a table that are kept one by one."""


@dataclass(frozen=True, slots=True)
class Values:
    """Numbers that were found in cells, each `weights` times."""

    cells: Ints
    numbers: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class Cells:
    """Sorted by `cells`, which is group · count of steps + step. Numbers in the field's own unit."""

    cells: Ints
    counts: Floats
    """Spans; where a field is measured, those that have a number there. By weight."""
    sums: Floats
    mins: Floats
    maxs: Floats
    values: Values | None
    """For quantiles: all of them, or the middles of buckets less than 1.1 % wide; or powers of two."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to measure."""

    by: Sequence[ast.Field]
    operand: ast.Field | None
    kind: Kind
    weighted: bool


def counted(
    found: Found,
    plan: Plan,
    asked: Asked,
    steps: Steps,
    groups: Groups,
    wanted: Wanted | None = None,
    top: tuple[int, bool] | None = None,
) -> Cells | None:
    """By the core alone; None where it can't. `wanted`: of counts by one label, which groups are told; `top`: as
    `Found.counted` takes it.

    Powers of two follow from its buckets for durations only: that one is exactly a power of two is rare.
    """
    if asked.weighted or (asked.kind == "powers" and not is_duration(asked.operand)) or not aligned(found, steps):
        return None
    kind = "histogram" if asked.kind == "powers" else asked.kind
    core = found.counted(plan, asked.by, steps.step_ns, asked.operand, kind, top)
    if core is None:
        return None
    with_cells, own = numbered(np.frombuffer(core.cell_groups, "<u4").astype(np.int64), core.groups)
    columns = [
        typed(field, column).take(with_cells) for field, column in zip(asked.by, core.group_columns, strict=True)
    ]
    own_steps = np.frombuffer(core.cell_steps, "<u4").astype(np.int64)
    counts = np.frombuffer(core.counts, "<u8").astype(np.float64)
    if wanted and asked.kind == "count" and len(columns) == 1:
        left = wanted(own * steps.count + own_steps, counts, columns[0])
        if left is not None:
            place = np.full(len(with_cells), -1)
            place[left] = np.arange(len(left))
            told = place[own] >= 0
            own, own_steps, counts = place[own[told]], own_steps[told], counts[told]
            columns, with_cells = [columns[0].take(left)], left
    numbers = groups.of(columns, len(with_cells))
    cells = numbers[own] * steps.count + own_steps
    if asked.kind == "count":
        return _joined([Cells(cells, counts, counts, counts, counts, None)])
    sums, mins, maxs = (np.frombuffer(each, "<f8") for each in (core.sums, core.mins, core.maxs))
    values = None if asked.kind == "sum" else _values(core, asked.kind, cells, mins, maxs)
    return _joined([Cells(cells, counts, sums, mins, maxs, values)])


def aligned(found: Found, steps: Steps) -> bool:
    """Whether the core's steps are these: not where they begin before 1970."""
    return found.window.start_ns == steps.first_ns


def _values(core: CoreCells, kind: Kind, cells: Ints, mins: Floats, maxs: Floats) -> Values:
    sizes = np.diff(np.frombuffer(core.bucket_offsets, "<u8").astype(np.int64))
    own = np.repeat(np.arange(len(cells)), sizes)
    numbers = np.frombuffer(core.bucket_numbers, "<i4").astype(np.int64)
    weights = np.frombuffer(core.bucket_counts, "<u8").astype(np.float64)
    if kind == "powers":
        return Values(cells[own], powers_of_buckets(numbers), weights)
    return Values(cells[own], np.clip(middles(numbers.astype(np.float64)), mins[own], maxs[own]), weights)


def is_duration(operand: ast.Field | None) -> bool:
    """Whether its numbers are whole nanoseconds."""
    return isinstance(operand, ast.Intrinsic) and TYPES[operand.name] == "duration"


def measured(found: Found, plan: Plan, asked: Asked, steps: Steps, groups: Groups) -> Cells:
    """Over columns. NaN counts as no number."""
    fields = [*asked.by, *([asked.operand] if asked.operand else [])]
    parts: list[Cells] = []
    for table, spansets in found.tables(plan, fields, [TRACE_STATE] if asked.weighted else []):
        rows = spansets.rows
        numbers = None
        if asked.operand is not None:
            column = table.values(asked.operand).take(rows)
            floats = column.floats()
            there = np.flatnonzero(column.numeric & ~np.isnan(floats))
            rows, numbers = rows[there], floats[there]
        own = groups.of([table.values(field).take(rows) for field in asked.by], len(rows))
        cells = own * steps.count + steps.numbers(table.starts[rows])
        times = weights(table.column(TRACE_STATE).take(rows)) if asked.weighted else np.ones(len(rows))
        parts.append(_reduced(cells, numbers if numbers is not None else times, times, asked.kind))
    return parts[0] if len(parts) == 1 else _joined(parts)


def summed(own: Ints, numbers: Floats, size: int) -> Floats:
    """By place."""
    return np.bincount(own, numbers, size).astype(np.float64)


def _reduced(cells: Ints, numbers: Floats, times: Floats, kind: Kind) -> Cells:
    """Rows put together by cell."""
    present, own = numbered(cells, int(cells.max()) + 1 if len(cells) else 0)
    size = len(present)
    counts = summed(own, times, size)
    if kind == "count":
        return Cells(present, counts, counts, counts, counts, None)
    mins, maxs = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(mins, own, numbers)
    np.maximum.at(maxs, own, numbers)
    sums = summed(own, numbers * times, size)
    values = None
    if kind == "powers":
        _, exponents = np.frexp(powers(numbers))
        values = _powers(*together(cells, np.where(numbers > 0, exponents, _NONE), times))
    elif kind == "histogram":
        values = Values(cells, numbers, times)
        if len(numbers) > _EXACT_MAX:
            coarse, sizes, weights = together(cells, buckets(numbers), times)
            places = np.searchsorted(present, coarse)
            values = Values(coarse, np.clip(middles(sizes.astype(np.float64)), mins[places], maxs[places]), weights)
    return Cells(present, counts, sums, mins, maxs, values)


def _powers(cells: Ints, exponents: Ints, weights: Floats) -> Values:
    return Values(cells, np.where(exponents == _NONE, 0.0, np.ldexp(0.5, exponents)), weights)


def _joined(parts: Sequence[Cells]) -> Cells:
    """Cells that occur several times put together, in order."""
    empty = np.zeros(0)
    if not parts:
        return Cells(empty.astype(np.int64), empty, empty, empty, empty, _together([]))
    codes = np.concatenate([each.cells for each in parts])
    cells, own = numbered(codes, int(codes.max()) + 1 if len(codes) else 0)
    size = len(cells)
    counts = summed(own, np.concatenate([each.counts for each in parts]), size)
    sums = summed(own, np.concatenate([each.sums for each in parts]), size)
    mins, maxs = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(mins, own, np.concatenate([each.mins for each in parts]))
    np.maximum.at(maxs, own, np.concatenate([each.maxs for each in parts]))
    values = [each.values for each in parts if each.values is not None]
    return Cells(cells, counts, sums, mins, maxs, _together(values) if values else None)


def _together(parts: Sequence[Values]) -> Values:
    if not parts:
        return Values(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
    return Values(
        np.concatenate([each.cells for each in parts]),
        np.concatenate([each.numbers for each in parts]),
        np.concatenate([each.weights for each in parts]),
    )
