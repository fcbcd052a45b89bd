"""Expressions over a grid: a scalar is an array by step, an instant vector a block of series × steps."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from . import pushdown
from .aggregations.choices import chosen, count_values
from .aggregations.numbers import aggregated, check_quantile
from .arrays import Floats
from .ast import Aggregate, Binary, Call, Expression, Number, Paren, Range, Selector, String, Subquery, Unary, unwrapped
from .binary import matching, sets
from .binary.operations import Operands, operate, scalars
from .block import Block, empty
from .calls import CALLS, RANGED
from .calls.of_ranges import check_counters
from .errors import ExecutionError
from .grid import Grid
from .histograms.arithmetic import scaled
from .invariance import pinned
from .query import Query, Scope
from .ranges.windows import Windows
from .select import instant, subquery, windows

Value: TypeAlias = Floats | str | Block
_CHOICES = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
_SETS = frozenset({"and", "or", "unless"})


class Evaluator:
    """One query's."""

    def __init__(self, query: Query) -> None:
        self.query = query

    @property
    def delayed(self) -> bool:
        """Names go at the end of the query."""
        return self.query.options.delayed_names

    def vector(self, node: Expression, grid: Grid) -> Block:
        """An instant vector."""
        value = self.value(node, grid)
        assert isinstance(value, Block)
        return value

    def scalar(self, node: Expression, grid: Grid) -> Floats:
        """A number by step."""
        value = self.value(node, grid)
        assert isinstance(value, np.ndarray)
        return value

    def string(self, node: Expression) -> str:
        """A string."""
        inner = unwrapped(node)
        assert isinstance(inner, String)
        return inner.value

    def value(self, node: Expression, grid: Grid) -> Value:
        """Raises ExecutionError, TooManySamples, QueryTimeout."""
        self.query.check_time()
        if grid.count > 1 and pinned(node):
            return _spread(self._value(node, grid.first), grid.count)
        return self._value(node, grid)

    def windows(self, node: Expression, grid: Grid) -> Iterator[Windows]:
        """A range vector, as windows over groups of series."""
        inner = unwrapped(node)
        if isinstance(inner, Subquery):
            return subquery(self.query, inner, grid, lambda steps: self.vector(inner.expression, steps))
        assert isinstance(inner, Range)
        return windows(self.query, inner, grid)

    def _value(self, node: Expression, grid: Grid) -> Value:
        match node:
            case Number():
                return np.full(grid.count, node.value)
            case String():
                return node.value
            case Paren():
                return self.value(node.expression, grid)
            case Unary():
                return self._unary(node, grid)
            case Selector():
                found = pushdown.current(self.query, node, grid)
                return instant(self.query, node, grid) if found is None else found
            case Aggregate():
                return self._aggregate(node, grid)
            case Binary():
                return self._binary(node, grid)
            case Call():
                return self._call(node, grid)
            case Range() | Subquery():
                raise ExecutionError("a range vector has no value at a step; apply a function such as rate to it")

    def _call(self, node: Call, grid: Grid) -> Value:
        if (ranged := RANGED.get(node.function)) is not None:
            return ranged(self, node, grid)
        return CALLS[node.function](self, node, grid)

    def _unary(self, node: Unary, grid: Grid) -> Value:
        value = self.value(node.expression, grid)
        if node.operator == "+" or isinstance(value, str):
            return value
        if not isinstance(value, Block):
            return -value
        histograms = value.histograms
        if histograms is not None:
            histograms = np.frompyfunc(lambda each: None if each is None else scaled(each, -1), 1, 1)(histograms)
        negative = replace(value, values=-value.values, histograms=histograms)
        return negative.renamed(self.delayed)

    def _aggregate(self, node: Aggregate, grid: Grid) -> Block:
        node = replace(node, expression=unwrapped(node.expression))
        if node.operator == "count_values":
            assert node.parameter is not None
            block = self.vector(node.expression, grid)
            return count_values(node, self.string(node.parameter), block)
        parameter: Floats | None = None
        if node.parameter is not None:
            node = replace(node, parameter=unwrapped(node.parameter))
            assert node.parameter is not None
            parameter = self.scalar(node.parameter, grid)
            if node.operator == "quantile":
                check_quantile(self.query, node, parameter)
        if (found := pushdown.aggregated(self.query, node, grid)) is not None:
            block, series, window = found
            if window is not None and isinstance(node.expression, Call):
                check_counters(Scope(self.query, window), node.expression.function, series)
            return block
        block = self.vector(node.expression, grid)
        if node.operator in _CHOICES:
            assert parameter is not None
            return chosen(self.query, node, block, parameter)
        if not block.labels:
            return empty(grid.count)
        return aggregated(self.query, node, block, parameter)

    def _binary(self, node: Binary, grid: Grid) -> Value:
        left, right = self.value(node.left, grid), self.value(node.right, grid)
        if isinstance(left, Block) and isinstance(right, Block):
            if node.operator in _SETS:
                return sets.combined(node, left, right)
            return matching.combined(self.query, node, left, right)
        if isinstance(left, Block):
            assert isinstance(right, np.ndarray)
            return self._with_scalar(node, left, right, swapped=False)
        assert isinstance(left, np.ndarray)
        if isinstance(right, Block):
            return self._with_scalar(node, right, left, swapped=True)
        assert isinstance(right, np.ndarray)
        return scalars(node.operator, left, right)

    def _with_scalar(self, node: Binary, block: Block, scalar: Floats, *, swapped: bool) -> Block:
        everywhere = np.ones((1, block.steps), np.bool_)
        sides = [
            Operands(block.values, block.present, block.histograms), Operands(scalar[np.newaxis], everywhere, None)
        ]  # fmt: skip
        if swapped:
            sides.reverse()
        out = operate(Scope(self.query, node), node, *sides, keep_right=swapped)
        result = Block(block.labels, out.values, out.kept, out.histograms, block.unnamed)
        if node.returns_bool or node.operator in matching.ARITHMETIC:
            result = result.renamed(self.delayed)
        return result.populated()


def _spread(value: Value, steps: int) -> Value:
    """One step's value for all steps."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Block):
        return np.repeat(value, steps)
    shape = (len(value.labels), steps)
    histograms = None if value.histograms is None else np.broadcast_to(value.histograms, shape)
    return replace(
        value,
        values=np.broadcast_to(value.values, shape),
        present=np.broadcast_to(value.present, shape),
        histograms=histograms,
    )
