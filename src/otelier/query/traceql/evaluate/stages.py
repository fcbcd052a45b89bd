"""Pipelines: stage by stage over spansets."""

import numpy as np

from .. import ast
from ..text import written
from .expression import truth, values
from .numbers import passing
from .spansets import Spansets, joined, split
from .structure import related
from .table import Table
from .values import Bools


def run(stages: tuple[ast.Stage, ...], spansets: Spansets, table: Table) -> Spansets:
    """What is left of `spansets` after these stages; `select` and `sort` are for whoever makes the answer."""
    before = spansets
    for stage in stages:
        match stage:
            case ast.ScalarFilter():
                spansets = _without(before, spansets) if asks_for_none(stage) else passing(stage, spansets, table, run)
            case ast.GroupBy(expression=expression):
                keys = values(expression, table).spread(table.rows).take(spansets.rows)
                spansets = split(spansets, keys, f"by({written(expression)})")
            case ast.Coalesce():
                spansets = joined(spansets)
            case ast.Select() | ast.Sort():
                pass
            case _:
                spansets = spansets.keep(found(stage, spansets, table))
    return spansets


def asks_for_none(stage: ast.ScalarFilter) -> bool:
    """`count() = 0`, however it is written: true of no count but 0."""
    count, constant, operator = stage.left, stage.right, stage.operator
    if isinstance(count, ast.Constant):
        swapped: dict[ast.OrderOperator, ast.OrderOperator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
        count, constant, operator = constant, count, swapped.get(operator, operator)
    if not (isinstance(count, ast.Aggregate) and count.function == "count" and isinstance(constant, ast.Constant)):
        return False
    number = constant.value
    if not isinstance(number, int | float):
        return False
    return (
        (operator == "=" and number == 0)
        or (operator == "<" and 0 < number <= 1)
        or (operator == "<=" and 0 <= number < 1)
    )


def _without(before: Spansets, left: Spansets) -> Spansets:
    """The sets of which nothing is left."""
    return before.keep_sets(~np.isin(before.traces, left.traces))


def found(spanset: ast.Spanset, spansets: Spansets, table: Table) -> Bools:
    """Which entries a stage that selects spans leaves, looking at each set for itself."""
    match spanset:
        case ast.Filter(condition=condition):
            return truth(condition, table)[spansets.rows]
        case ast.Combination():
            return _combined(spanset, spansets, table)
        case ast.Structural(operator=operator, left=left, right=right):
            sides = found(left, spansets, table), found(right, spansets, table)
            return related(operator, *sides, spansets, table)
        case ast.Without(operand=operand):
            return ~_in_sets(found(operand, spansets, table), spansets)
        case ast.Pipeline(stages=stages):
            return np.isin(spansets.rows, run(stages, spansets, table).rows)


def is_statement(spanset: ast.Spanset) -> bool:
    """Whether it says something about the trace and selects no spans."""
    if isinstance(spanset, ast.Combination):
        return is_statement(spanset.left) and is_statement(spanset.right)
    return isinstance(spanset, ast.Without)


def _combined(node: ast.Combination, spansets: Spansets, table: Table) -> Bools:
    left, right = found(node.left, spansets, table), found(node.right, spansets, table)
    if node.operator == "||":
        return left | right
    both = _in_sets(left, spansets) & _in_sets(right, spansets)
    if is_statement(node.left) != is_statement(node.right):
        return both & (right if is_statement(node.left) else left)
    return both & (left | right)


def _in_sets(entries: Bools, spansets: Spansets) -> Bools:
    """For each entry, whether its set has one of these."""
    return (np.bincount(spansets.sets[entries], minlength=spansets.count) > 0)[spansets.sets]


def cut(spansets: Spansets, table: Table, start_ns: int, end_ns: int) -> Spansets:
    """Only spans that start in the range, both ends included."""
    starts = table.starts[spansets.rows]
    return spansets.keep((starts >= np.uint64(start_ns)) & (starts <= np.uint64(end_ns)))
