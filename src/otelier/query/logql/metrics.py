"""Metric queries: lines counted over the steps of a time range."""

import math
from collections.abc import Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from ..errors import TooLarge
from ..log_labels import LEVEL
from ..logs import Looked, Source
from . import ast
from .errors import PipelineError
from .line import ERROR, ERROR_DETAILS, Line
from .lines import Walk, added
from .plan import Plan, plan
from .series import Labels, Series, Steps, Values, aggregate, calculated, check_count, joined, labels_of, scaled

STREAM = "*"
"""Among labels to count by: all labels of the stream."""
_MOST_LINES = 1_000_000
"""Lines that stages may be run on for one query."""
_SIZES = frozenset({"bytes_over_time", "bytes_rate"})
_RATES = frozenset({"rate", "bytes_rate"})


class Metrics:
    """Runs one metric query; afterwards `looked` says what was read."""

    def __init__(self, source: Source, steps: Steps) -> None:
        """Raises BadQuery."""
        steps.check()
        self._source = source
        self._steps = steps
        self.looked = Looked(0, 0, 0, partial=False)

    def run(self, query: ast.Metric) -> Series | float:
        """Series, or a number for a query that has no series. Raises BadQuery, TooLarge."""
        return self._evaluate(query, (STREAM, LEVEL))

    def _evaluate(self, query: ast.Metric, by: Sequence[str]) -> Series | float:
        """`by`: what lines are counted by where they are counted."""
        match query:
            case ast.Number(value):
                return value
            case ast.VectorOf(value):
                return {(): np.full(self._steps.count, value)}
            case ast.RangeAggregation():
                return self._counted(query, by)
            case ast.VectorAggregation(op, of, grouping, count):
                series = self._series(of, _inner(op, grouping, by))
                return aggregate(series, op, grouping, count)
            case ast.Binary():
                return self._combined(query, by)
            case _:
                assert_never(query)

    def _series(self, query: ast.Metric, by: Sequence[str]) -> Series:
        value = self._evaluate(query, by)
        return value if isinstance(value, dict) else {(): np.full(self._steps.count, value)}

    def _combined(self, op: ast.Binary, by: Sequence[str]) -> Series | float:
        labels = (*(label for label in by if label != STREAM), *(op.on.labels if op.on else ()))
        by = tuple(dict.fromkeys((STREAM, LEVEL, *labels)))
        left, right = self._evaluate(op.left, by), self._evaluate(op.right, by)
        if isinstance(left, dict):
            return joined(op, left, right) if isinstance(right, dict) else scaled(op, left, right, False)
        return scaled(op, right, left, True) if isinstance(right, dict) else calculated(op, left, right)

    def _counted(self, query: ast.RangeAggregation, by: Sequence[str]) -> Series:
        planned = plan(query.query)
        sizes = query.op in _SIZES
        samples = self._by_lines(query, planned, by) if planned.steps else self._by_core(query, planned, by, sizes)
        check_count(len(samples.of))
        times = self._steps.times() - query.offset_ns
        series = {
            labels: _windows(times, query.range_ns, *samples.arrays(labels, sizes)) for labels in sorted(samples.of)
        }
        if query.op == "absent_over_time":
            return _absent(series, query.query, self._steps.count)
        if query.op in _RATES:
            return {labels: values / (query.range_ns / 1e9) for labels, values in series.items()}
        return series

    def _range(self, query: ast.RangeAggregation) -> tuple[int, int]:
        """First and last time of a line that may count; windows are open at their beginnings."""
        steps = self._steps
        last = steps.start_ns + (steps.count - 1) * steps.step_ns
        return steps.start_ns - query.offset_ns - query.range_ns + 1, last - query.offset_ns

    def _by_core(self, query: ast.RangeAggregation, planned: Plan, by: Sequence[str], sizes: bool) -> "_Samples":
        """In parts of time that begin and end where windows do."""
        start_ns, end_ns = self._range(query)
        part_ns = math.gcd(query.range_ns, self._steps.step_ns) if self._steps.count > 1 else query.range_ns
        counted = self._source.count(planned.filter, start_ns, end_ns, part_ns, by, sizes=sizes)
        self.looked = added(self.looked, counted.looked)
        names = [labels_of(dict(group)) for group in counted.groups]
        samples = _Samples()
        for group, part, records, size in counted.counts:
            samples.add(names[group], start_ns + (part + 1) * part_ns - 1, records, size)
        return samples

    def _by_lines(self, query: ast.RangeAggregation, planned: Plan, by: Sequence[str]) -> "_Samples":
        walk = Walk(self._source, planned, *self._range(query), oldest_first=True)
        samples = _Samples()
        for number, line in enumerate(walk.lines(_MOST_LINES + 1)):
            if number == _MOST_LINES:
                raise TooLarge(
                    f"more than {_MOST_LINES} lines to run stages on: put a line filter in front, or ask for less time"
                )
            if error := line.get(ERROR):
                raise PipelineError(error, line.get(ERROR_DETAILS))
            samples.add(_name(line, by), line.record.time_ns, 1, len(line.text.encode()))
            check_count(len(samples.of))
        self.looked = added(self.looked, walk.looked)
        return samples


class _Samples:
    """Counted lines of each series, in the order of time."""

    def __init__(self) -> None:
        self.of: dict[Labels, list[tuple[int, int, int]]] = {}

    def add(self, labels: Labels, time_ns: int, records: int, size: int) -> None:
        self.of.setdefault(labels, []).append((time_ns, records, size))

    def arrays(self, labels: Labels, sizes: bool) -> tuple[NDArray[np.int64], Values]:
        """Times, and the sums up to each of them, with a zero in front."""
        rows = np.array(sorted(self.of[labels]), dtype=np.int64)
        return rows[:, 0], np.concatenate([[0.0], np.cumsum(rows[:, 2 if sizes else 1], dtype=np.float64)])


def _windows(times: NDArray[np.int64], range_ns: int, at: NDArray[np.int64], sums: Values) -> Values:
    """What lies in (time − range, time] at each time; not a number where no line does."""
    first, last = np.searchsorted(at, times - range_ns, side="right"), np.searchsorted(at, times, side="right")
    return np.where(last > first, sums[last] - sums[first], np.nan)


def _inner(op: ast.VectorOp, grouping: ast.Grouping, by: Sequence[str]) -> Sequence[str]:
    """What the series that are aggregated must be counted by. Sums may be made by the core."""
    if grouping.without or op in ("sort", "sort_desc"):
        return tuple(dict.fromkeys((STREAM, LEVEL, *by)))
    if op == "sum":
        return grouping.labels
    return tuple(dict.fromkeys((STREAM, LEVEL, *grouping.labels)))


def _name(line: Line, by: Sequence[str]) -> Labels:
    labels = {label: line.get(label) for label in by if label != STREAM}
    if STREAM in by:
        labels |= line.of_stream() | line.parsed
    return labels_of(labels)


def _absent(series: Series, query: ast.LogQuery, count: int) -> Series:
    """1 where no line is; named after what the selector says must be equal."""
    there = np.zeros(count, dtype=np.bool_)
    for values in series.values():
        there |= ~np.isnan(values)
    name = labels_of({each.label: each.value for each in query.matchers if each.op == "="})
    return {} if there.all() else {name: np.where(there, np.nan, 1.0)}
