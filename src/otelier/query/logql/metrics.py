"""Metric queries: lines counted over the steps of a time range."""

import math
from collections.abc import Sequence
from operator import itemgetter
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from ..errors import BadQuery, TooLarge
from ..log_labels import LEVEL
from ..logs import Looked, Source
from . import ast
from .errors import PipelineError
from .joined import calculated, joined, scaled
from .line import ERROR, ERROR_DETAILS, Line
from .lines import Walk, added
from .patterns import anchored, found_in
from .plan import Plan, counted, plan
from .series import Labels, Series, Steps, Values, aggregate, check_count, grouped, labels_of, written
from .unwrap import unwrapped
from .windows import windows

STREAM = "*"
"""Among labels to count by: all labels of the stream."""
_MOST_LINES = 1_000_000
"""Lines that stages may be run on for one query."""
_ADDED_UP = frozenset({"count_over_time", "rate", "bytes_over_time", "bytes_rate", "sum_over_time", "absent_over_time"})
"""Of these the sum over series is that of all their lines."""
_SIZES = frozenset({"bytes_over_time", "bytes_rate"})


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
            case ast.LabelReplace():
                return replaced(self._series(query.of, _all(by, (query.source,))), query)
            case ast.Binary():
                return self._combined(query, by)
            case _:
                assert_never(query)

    def _series(self, query: ast.Metric, by: Sequence[str]) -> Series:
        value = self._evaluate(query, by)
        return value if isinstance(value, dict) else {(): np.full(self._steps.count, value)}

    def _combined(self, op: ast.Binary, by: Sequence[str]) -> Series | float:
        by = _all(by, (*(op.on.labels if op.on else ()), *op.include))
        left, right = self._evaluate(op.left, by), self._evaluate(op.right, by)
        if isinstance(left, dict):
            return joined(op, left, right) if isinstance(right, dict) else scaled(op, left, right, False)
        return scaled(op, right, left, True) if isinstance(right, dict) else calculated(op, left, right)

    def _counted(self, query: ast.RangeAggregation, by: Sequence[str]) -> Series:
        labels = query.unwrap is not None or (bool(by) and query.op != "absent_over_time")
        planned = plan(counted(query.query, lines=query.op in _SIZES, labels=labels))
        by_lines = planned.steps or query.unwrap
        samples = self._by_lines(query, planned, by) if by_lines else self._by_core(query, planned, by)
        check_count(len(samples.of))
        times = self._steps.times() - query.offset_ns
        series = {labels: windows(query, times, *samples.arrays(labels)) for labels in sorted(samples.of)}
        return _absent(series, query.query, self._steps.count) if query.op == "absent_over_time" else series

    def _range(self, query: ast.RangeAggregation) -> tuple[int, int]:
        """First and last time of a line that may count; windows are open at their beginnings."""
        steps = self._steps
        last = steps.start_ns + (steps.count - 1) * steps.step_ns
        return steps.start_ns - query.offset_ns - query.range_ns + 1, last - query.offset_ns

    def _is_in_a_window(self, query: ast.RangeAggregation, time_ns: int) -> bool:
        """Steps may be longer than the range."""
        behind = (self._steps.start_ns - query.offset_ns - time_ns) % self._steps.step_ns
        return self._steps.count == 1 or behind < query.range_ns

    def _by_core(self, query: ast.RangeAggregation, planned: Plan, by: Sequence[str]) -> "_Samples":
        """In parts of time that begin and end where windows do."""
        start_ns, end_ns = self._range(query)
        part_ns = math.gcd(query.range_ns, self._steps.step_ns) if self._steps.count > 1 else query.range_ns
        sizes = query.op in _SIZES
        counted = self._source.count(planned.filter, start_ns, end_ns, part_ns, by, sizes=sizes)
        self.looked = added(self.looked, counted.looked)
        names = [labels_of(dict(group)) for group in counted.groups]
        samples = _Samples()
        for group, part, records, size in counted.counts:
            samples.add(names[group], start_ns + (part + 1) * part_ns - 1, size if sizes else records)
        return samples

    def _by_lines(self, query: ast.RangeAggregation, planned: Plan, by: Sequence[str]) -> "_Samples":
        walk = Walk(self._source, planned, *self._range(query), oldest_first=True)
        if query.grouping:
            by = _all(by, query.grouping.labels) if query.grouping.without else query.grouping.labels
        elif query.op not in _ADDED_UP:
            by = _all(by)
        samples = _Samples()
        value_of = unwrapped(query.unwrap) if query.unwrap else _size if query.op in _SIZES else _one
        for number, line in enumerate(walk.lines(_MOST_LINES + 1)):
            if number == _MOST_LINES:
                raise TooLarge(
                    f"more than {_MOST_LINES} lines to run stages on: put a line filter in front, or ask for less time"
                )
            value = value_of(line)
            if value is None or not self._is_in_a_window(query, line.record.time_ns):
                continue
            if error := line.get(ERROR):
                raise PipelineError(error, line.get(ERROR_DETAILS))
            name = _name(line, by)
            samples.add(grouped(name, query.grouping) if query.grouping else name, line.record.time_ns, value)
            check_count(len(samples.of))
        self.looked = added(self.looked, walk.looked)
        return samples


def _one(_line: Line) -> float:
    return 1.0


def _size(line: Line) -> float:
    return float(len(line.text.encode()))


class _Samples:
    """Numbers of each series."""

    def __init__(self) -> None:
        self.of: dict[Labels, list[tuple[int, float]]] = {}

    def add(self, labels: Labels, time_ns: int, value: float) -> None:
        self.of.setdefault(labels, []).append((time_ns, value))

    def arrays(self, labels: Labels) -> tuple[NDArray[np.int64], Values]:
        """Times and values in the order of time, of equal ones as they came."""
        rows = sorted(self.of[labels], key=itemgetter(0))
        return np.array([at for at, _ in rows], dtype=np.int64), np.array([value for _, value in rows])


def _all(by: Sequence[str], labels: Sequence[str] = ()) -> Sequence[str]:
    """Every label of the stream, and these."""
    return tuple(dict.fromkeys((STREAM, LEVEL, *(each for each in by if each != STREAM), *labels)))


def replaced(series: Series, query: ast.LabelReplace) -> Series:
    """A label made where the pattern matches the whole of another one; an empty one is none. Raises BadQuery."""
    pattern, out = found_in(anchored(query.pattern)), dict[Labels, Values]()
    for labels, values in series.items():
        names = dict(labels)
        text = names.get(query.source, "")
        if pattern.search(text):
            names[query.to] = pattern.replace_all(text, query.replacement)
        name = labels_of(names)
        if name in out:
            raise BadQuery(f"several series become {written(name)}: leave a label as it is")
        out[name] = values
    return out


def _inner(op: ast.VectorOp, grouping: ast.Grouping, by: Sequence[str]) -> Sequence[str]:
    """What the series that are aggregated must be counted by. Sums may be made by the core."""
    if grouping.without or op in ("sort", "sort_desc"):
        return _all(by)
    if op == "sum":
        return grouping.labels
    return _all((), grouping.labels)


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
