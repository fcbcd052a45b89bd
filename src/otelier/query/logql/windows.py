"""What the samples of a series in a time window come to: (time − range, time]; without samples not a number."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import ast
from .series import Values

Times: TypeAlias = NDArray[np.int64]
"""In ns."""


def windows(query: ast.RangeAggregation, times: Times, at: Times, values: Values) -> Values:
    """At each of the times, over samples in the order of time."""
    first = np.searchsorted(at, times - query.range_ns, side="right")
    last = np.searchsorted(at, times, side="right")
    there = last > first
    out = np.full(times.size, np.nan)
    if there.any():
        with np.errstate(all="ignore"):
            out[there] = _reduced(query, values, first[there], last[there])
    return out


def _reduced(query: ast.RangeAggregation, values: Values, first: Times, last: Times) -> Values:
    if query.op == "quantile_over_time":
        return _each(lambda some: quantile(query.quantile, some), values, first, last)
    if query.op == "rate" and query.unwrap is None:
        reduced = _counted(values, first, last)
    else:
        reduced = _WINDOWED[query.op](values, first, last)
    return reduced / (query.range_ns / 1e9) if query.op in _RATES else reduced


def _counted(values: Values, first: Times, last: Times) -> Values:
    """Whole numbers: their sums up to each of them are exact, and windows may overlap as much as they like."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return sums[last] - sums[first]


def _by(operation: np.ufunc, values: Values, first: Times, last: Times) -> Values:
    """Every second one of the reduced pieces is a window."""
    bounds = np.stack([first, last], axis=1).ravel()
    return operation.reduceat(np.append(values, 0.0), bounds)[::2]


def _each(reduce: Callable[[Values], float], values: Values, first: Times, last: Times) -> Values:
    return np.array([reduce(values[start:end]) for start, end in zip(first.tolist(), last.tolist(), strict=True)])


def _increase(values: Values, first: Times, last: Times) -> Values:
    """Of a counter: where it falls it began again at 0. Not extrapolated to the window's edges, as in Loki."""
    steps = np.diff(values, prepend=0.0)
    grown = np.concatenate([[0.0], np.cumsum(np.where(steps < 0, values, steps))])
    return grown[last] - grown[first + 1]


def quantile(share: float, values: Values) -> float:
    """Between two values in proportion; below 0 and above 1 infinite."""
    if np.isnan(share):
        return float("nan")
    if not 0 <= share <= 1:
        return float("inf") if share > 1 else float("-inf")
    return float(np.quantile(values, share))


def _variance(values: Values) -> float:
    return float(np.var(values))


def _deviation(values: Values) -> float:
    return float(np.std(values))


_RATES = frozenset({"rate", "bytes_rate", "rate_counter"})
_WINDOWED: Mapping[str, Callable[[Values, Times, Times], Values]] = {
    "count_over_time": _counted,
    "bytes_over_time": _counted,
    "bytes_rate": _counted,
    "rate": partial(_by, np.add),
    "rate_counter": _increase,
    "sum_over_time": partial(_by, np.add),
    "avg_over_time": lambda values, first, last: _by(np.add, values, first, last) / (last - first),
    "min_over_time": partial(_by, np.fmin),
    "max_over_time": partial(_by, np.fmax),
    "first_over_time": lambda values, first, _: values[first],
    "last_over_time": lambda values, _, last: values[last - 1],
    "absent_over_time": lambda _values, first, _: np.ones(first.size),
    "stddev_over_time": partial(_each, _deviation),
    "stdvar_over_time": partial(_each, _variance),
}
"""Without what is said in another way in a query: a quantile's share, and seconds."""
