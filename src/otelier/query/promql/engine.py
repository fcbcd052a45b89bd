"""Queries from text to answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from .arrays import Floats, Ints, Objects
from .ast import Expression, unwrapped
from .block import Block, empty, named_now
from .errors import ExecutionError
from .evaluate import Evaluator
from .explain import Explanation, explain
from .grid import Grid, grid
from .invariance import statistics_only
from .labels import Labels, LabelSets
from .parse import parse
from .query import Options, Query
from .storage import Storage
from .types import type_of

ResultType: TypeAlias = Literal["vector", "matrix", "scalar", "string"]


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: moments in milliseconds, and by moment a float or, where there is one, a histogram."""

    labels: Labels
    times: Ints
    values: Floats
    histograms: Objects | None = None


@dataclass(slots=True)
class Answer:
    """What a query is worth, and what it said.

    A vector and a matrix of a range query are a `block` over `grid`; the ranges of an instant query for a range vector
    are in `ranges`; a scalar is `scalar` (steps,), a string `text`.
    """

    type: ResultType
    grid: Grid
    block: Block
    ranges: list[Series] = field(default_factory=list[Series])
    scalar: Floats = field(default_factory=lambda: np.empty(0))
    text: str = ""
    warnings: list[str] = field(default_factory=list[str])
    infos: list[str] = field(default_factory=list[str])
    samples: int = 0

    def series(self) -> Iterator[Series]:
        """All series of a vector or matrix, each with the moments at which it has something."""
        yield from self.ranges
        times = self.grid.times
        filled = self.block.filled
        for row, labels in enumerate(self.block.labels):
            here = filled[row]
            histograms = None if self.block.histograms is None else self.block.histograms[row, here]
            yield Series(labels, times[here], self.block.values[row, here], histograms)


class Engine:
    """Evaluates queries over one storage. `clock`: monotonic seconds."""

    def __init__(self, storage: Storage, options: Options, clock: Callable[[], float]) -> None:
        self._storage = storage
        self._options = options
        self._clock = clock

    def instant(self, text: str, time_ms: int) -> Answer:
        """The value at one moment. Raises ParseError, ExecutionError, QueryTimeout."""
        node = parse(text)
        query = self._query(text, node, time_ms, time_ms, 0)
        steps = grid(time_ms, time_ms, 0)
        evaluator = Evaluator(query)
        if type_of(node) == "range vector":
            ranges = _ranges(evaluator, node, steps)
            return _said(query, Answer("matrix", steps, empty(1), ranges))
        value = evaluator.value(node, steps)
        if isinstance(value, str):
            return _said(query, Answer("string", steps, empty(1), text=value))
        if isinstance(value, Block):
            return _said(query, Answer("vector", steps, named_now(value).populated()))
        return _said(query, Answer("scalar", steps, empty(1), scalar=value))

    def range(self, text: str, start_ms: int, end_ms: int, step_ms: int) -> Answer:
        """Values from start to end. Raises ParseError, ExecutionError, QueryTimeout."""
        node = parse(text)
        found = type_of(node)
        if found not in ("scalar", "instant vector"):
            raise ExecutionError(f'invalid expression type "{found}" for range query, must be Scalar or instant Vector')
        if step_ms <= 0:
            raise ExecutionError(
                "zero or negative query resolution step widths are not accepted; try a positive integer"
            )
        query = self._query(text, node, start_ms, end_ms, step_ms)
        steps = grid(start_ms, end_ms, step_ms)
        value = Evaluator(query).value(node, steps)
        if not isinstance(value, Block):
            assert isinstance(value, np.ndarray)
            value = Block(LabelSets([()]), value[np.newaxis], np.ones((1, steps.count), np.bool_))
        block = named_now(value)
        if (order := block.labels.order()) is not None:
            block = block.rows(np.frombuffer(order, np.int64))
        return _said(query, Answer("matrix", steps, block.populated()))

    def explain(self, text: str, start_ms: int, end_ms: int, step_ms: int) -> Explanation:
        """What a query would read and do; of an instant if `step_ms` is 0. Raises ParseError."""
        return explain(self._storage, self._options, self._clock, text, start_ms, end_ms, step_ms)

    def _query(self, text: str, node: Expression, start_ms: int, end_ms: int, step_ms: int) -> Query:
        query = Query(text, self._storage, self._options, self._clock, start_ms, end_ms, step_ms)
        query.statistics = statistics_only(node)
        return query


def _said(query: Query, answer: Answer) -> Answer:
    answer.warnings = query.annotations.texts("warning")
    answer.infos = query.annotations.texts("info")
    answer.samples = query.samples
    return answer


def _ranges(evaluator: Evaluator, node: Expression, steps: Grid) -> list[Series]:
    found: list[Series] = []
    for windows in evaluator.windows(unwrapped(node), steps):
        group = windows.group
        rows = slice(int(windows.low[0]), int(windows.high[0]))
        if rows.start == rows.stop:
            continue
        for column, labels in enumerate(group.labels):
            histograms = None if group.histograms is None else group.histograms[rows, column]
            found.append(Series(labels, group.timestamps[rows], group.values[rows, column], histograms))
    return sorted(found, key=lambda each: each.labels)
