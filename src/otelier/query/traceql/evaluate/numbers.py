"""Numbers of spansets: aggregates, arithmetic with them, and filters by them."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import ast
from ..text import written
from .arithmetic import arithmetic
from .compare import compare
from .expression import values
from .spansets import Spansets
from .table import Table
from .values import DOUBLE, DURATION, INT, NIL, Ints, Tags, Values, constant, integers

Run: TypeAlias = Callable[[tuple[ast.Stage, ...], Spansets, Table], Spansets]
"""`stages.run`."""


def passing(node: ast.ScalarFilter, spansets: Spansets, table: Table, run: Run) -> Spansets:
    """The sets for which the filter is true, with its aggregates as notes."""
    left, right = (scalar(side, spansets, table, run) for side in (node.left, node.right))
    true = np.broadcast_to(compare(node.operator, left, right), spansets.count)
    for each in _aggregates(node):
        spansets = spansets.noted(written(each), aggregate(each, spansets, table))
    return spansets.keep_sets(true)


def scalar(node: ast.Scalar, spansets: Spansets, table: Table, run: Run) -> Values:
    """One per set, or a single one for all."""
    match node:
        case ast.Constant():
            return constant(node)
        case ast.Aggregate():
            return aggregate(node, spansets, table)
        case ast.ScalarArithmetic(operator=operator, left=left, right=right):
            return arithmetic(operator, *(scalar(side, spansets, table, run) for side in (left, right)))
        case ast.Measured():
            return _measured(node, spansets, table, run)


def aggregate(node: ast.Aggregate, spansets: Spansets, table: Table) -> Values:
    """One per set."""
    if node.operand is None:
        return integers(np.bincount(spansets.sets, minlength=spansets.count).astype(np.int64))
    operand = values(node.operand, table).spread(table.rows).take(spansets.rows)
    return over(node.function, operand, spansets.sets, spansets.count)


def over(function: ast.AggregateFunction, operand: Values, groups: Ints, count: int) -> Values:
    """An aggregate of `operand` for each of `count` groups; nil where a group has no number. NaN counts as none.

    The average of durations is one, of integers a double; sums and extremes have the type of what they are of, and are
    doubles where types are mixed.
    """
    numbers = operand.numeric & ~np.isnan(operand.floats())
    groups, operand = groups[numbers], operand.take(np.flatnonzero(numbers))
    tags = _common_tags(operand, groups, count)
    floats = operand.floats()
    match function:
        case "sum":
            whole = np.zeros(count, np.int64)
            np.add.at(whole, groups, operand.data)
            return _typed(tags, whole, _sums(groups, floats, count))
        case "avg":
            averages = _sums(groups, floats, count) / np.maximum(np.bincount(groups, minlength=count), 1)
            tags = np.where(tags == INT, np.uint8(DOUBLE), tags)
            return _typed(tags, np.trunc(averages).astype(np.int64), averages)
        case "min" | "max":
            return _extremes(function, operand, groups, tags)
        case "count":
            return integers(np.bincount(groups, minlength=count).astype(np.int64))


def _sums(groups: Ints, floats: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    return np.bincount(groups, weights=floats, minlength=count).astype(np.float64)


def _common_tags(operand: Values, groups: Ints, count: int) -> Tags:
    """The type of all numbers of a group; a double's where they differ, nil where there are none."""
    seen = [np.bincount(groups[operand.tags == tag], minlength=count) > 0 for tag in (INT, DURATION, DOUBLE)]
    kinds = sum(each.astype(np.int64) for each in seen)
    return np.select([kinds > 1, *seen], [DOUBLE, INT, DURATION, DOUBLE], NIL).astype(np.uint8)


def _extremes(
    function: ast.AggregateFunction,
    operand: Values,
    groups: Ints,
    tags: Tags,
) -> Values:
    floats = np.zeros(len(tags))
    whole = np.zeros(len(tags), np.int64)
    if len(groups):
        best = np.maximum if function == "max" else np.minimum
        order = np.argsort(groups, kind="stable")
        present, first = np.unique(groups[order], return_index=True)
        floats[present] = best.reduceat(operand.floats()[order], first)
        whole[present] = best.reduceat(operand.data[order], first)
    return _typed(tags, whole, floats)


def _typed(
    tags: Tags,
    whole: Ints,
    floats: NDArray[np.float64],
) -> Values:
    return Values(tags, np.where(tags == DOUBLE, floats.view(np.int64), whole))


def _measured(node: ast.Measured, spansets: Spansets, table: Table, run: Run) -> Values:
    """Of what the pipeline leaves of each set, taken together."""
    left = np.isin(spansets.rows, run(node.pipeline.stages, spansets, table).rows)
    remaining = Spansets(spansets.rows[left], spansets.sets[left], spansets.traces, {})
    return scalar(node.scalar, remaining, table, run)


def _aggregates(node: ast.ScalarFilter) -> list[ast.Aggregate]:
    """Those of the set itself, in order."""
    found: list[ast.Aggregate] = []
    waiting: list[ast.Scalar] = [node.right, node.left]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Aggregate):
            found.append(each)
        elif isinstance(each, ast.ScalarArithmetic):
            waiting += [each.right, each.left]
    return list(dict.fromkeys(found))
