"""Expressions over all rows of a table at once."""

from typing import Protocol

import numpy as np

from .. import ast
from ..fields import padded_id
from .arithmetic import arithmetic, negative
from .compare import compare, present
from .values import BOOL, NIL, Bools, Values, booleans, constant


class Columns(Protocol):
    """What expressions are about."""

    @property
    def rows(self) -> int: ...  # noqa: D102
    def values(self, field: ast.Field) -> Values:
        """One per row."""
        ...


def truth(expression: ast.Expression, table: Columns) -> Bools:
    """Where it is the boolean true; one per row."""
    return np.broadcast_to(_truth(expression, table), table.rows)


def values(expression: ast.Expression, table: Columns) -> Values:
    """One per row, or a single one for all."""
    match expression:
        case ast.Constant():
            return constant(expression)
        case ast.Attribute() | ast.Intrinsic():
            return table.values(expression)
        case ast.Negative(operand=operand):
            return negative(values(operand, table))
        case ast.Not(operand=operand):
            return _other(values(operand, table))
        case ast.Arithmetic(operator=operator, left=left, right=right):
            return arithmetic(operator, values(left, table), values(right, table))
        case ast.Comparison() | ast.Logical():
            return booleans(_truth(expression, table))
        case ast.Array():
            raise TypeError("lists stand only at the right of a comparison")


def _truth(expression: ast.Expression, table: Columns) -> Bools:
    """One per row, or a single one for all."""
    match expression:
        case ast.Logical(operator=operator, operands=operands):
            parts = [_truth(each, table) for each in operands]
            join = np.logical_and if operator == "&&" else np.logical_or
            result = parts[0]
            for part in parts[1:]:
                result = join(result, part)
            return result
        case ast.Comparison():
            return _compare(expression, table)
        case ast.Not(operand=ast.Logical() | ast.Comparison() as operand):
            return ~_truth(operand, table)
        case _:
            return values(expression, table).true()


def _compare(node: ast.Comparison, table: Columns) -> Bools:
    operator, left, right = node.operator, node.left, node.right
    for one, other in ((left, right), (right, left)):
        if isinstance(one, ast.Constant) and one.type == "nil":
            there = present(values(other, table))
            return there if operator == "!=" else ~there if operator == "=" else np.zeros_like(there)
    if isinstance(right, ast.Array):
        return _against_list(node, right, table)
    if operator not in ("=~", "!~"):
        left, right = _id(left, right), _id(right, left)
    return compare(operator, values(left, table), values(right, table))


def _against_list(node: ast.Comparison, items: ast.Array, table: Columns) -> Bools:
    """Equal to any; or comparable with any and equal to none."""
    positive: ast.ComparisonOperator = {"!=": "=", "!~": "=~"}.get(node.operator, node.operator)  # type: ignore[assignment]
    left = values(node.left, table)
    padded = [_id(each, node.left) if positive == "=" else each for each in items.items]
    constants = [values(each, table) for each in padded]
    equal = np.logical_or.reduce([compare(positive, left, each) for each in constants])
    if positive == node.operator:
        return equal
    differs = np.logical_or.reduce([compare(node.operator, left, each) for each in constants])
    return differs & ~equal


def _id(side: ast.Expression, other: ast.Expression) -> ast.Expression:
    """A text against an id, as ids are written."""
    if isinstance(side, ast.Constant) and isinstance(side.value, str):
        return ast.Constant(padded_id(other, side.value), side.type)
    return side


def _other(operand: Values) -> Values:
    """The other boolean; nil of what is none."""
    return Values(np.where(operand.tags == BOOL, operand.tags, np.uint8(NIL)), 1 - operand.data)
