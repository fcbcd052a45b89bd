"""Functions of range vectors: which there are, and how they are applied to groups of series.

Each has a kernel for groups of floats, (steps, n) at once. What knows histograms has a second form for single windows;
what doesn't leaves them out and says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from ..annotations import ignored_in_range
from ..arrays import Bools, Floats, holds, no_objects
from ..ast import NAME, Extent
from ..block import Block
from ..errors import ExecutionError
from ..histograms import Histogram
from ..labels import value_of
from ..query import Scope
from ..strings import quoted
from . import counting, natives, over_time, rates, trends
from .extended import anchored, extended_rate
from .windows import Window, Windows, floats_apart, one_by_one

Kernel: TypeAlias = Callable[[Windows, list[Floats]], tuple[Floats, Bools]]
Single: TypeAlias = Callable[[Scope, Window], float | Histogram | None]


@dataclass(frozen=True, slots=True)
class RangeFunction:
    """`single` is for windows with histograms, None ignores them. `keeps_name`: values stay what they were."""

    kernel: Kernel
    single: Single | None = None
    keeps_name: bool = False


RANGE_FUNCTIONS: Mapping[str, RangeFunction] = MappingProxyType(
    {
        "absent_over_time": RangeFunction(counting.presence, lambda _scope, _window: 1.0),
        "avg_over_time": RangeFunction(over_time.avg_over_time, natives.mean),
        "changes": RangeFunction(counting.changes, counting.mixed_changes),
        "count_over_time": RangeFunction(counting.count, lambda _scope, window: float(len(window.times))),
        "delta": RangeFunction(rates.delta, natives.delta),
        "deriv": RangeFunction(trends.deriv),
        "double_exponential_smoothing": RangeFunction(trends.double_exponential_smoothing),
        "first_over_time": RangeFunction(over_time.first, natives.first, keeps_name=True),
        "idelta": RangeFunction(rates.idelta, natives.idelta),
        "increase": RangeFunction(rates.increase, natives.increase),
        "irate": RangeFunction(rates.irate, natives.irate),
        "last_over_time": RangeFunction(over_time.last, natives.last, keeps_name=True),
        "mad_over_time": RangeFunction(over_time.mad_over_time),
        "max_over_time": RangeFunction(over_time.max_over_time),
        "min_over_time": RangeFunction(over_time.min_over_time),
        "predict_linear": RangeFunction(trends.predict_linear),
        "present_over_time": RangeFunction(counting.presence, lambda _scope, _window: 1.0),
        "quantile_over_time": RangeFunction(over_time.quantile_over_time),
        "rate": RangeFunction(rates.rate, natives.rate),
        "resets": RangeFunction(counting.resets, counting.mixed_resets),
        "stddev_over_time": RangeFunction(over_time.stddev_over_time),
        "stdvar_over_time": RangeFunction(over_time.stdvar_over_time),
        "sum_over_time": RangeFunction(over_time.sum_over_time, natives.total),
        "ts_of_first_over_time": RangeFunction(counting.first_time, lambda _scope, window: window.times[0] / 1000),
        "ts_of_last_over_time": RangeFunction(counting.last_time, lambda _scope, window: window.times[-1] / 1000),
        "ts_of_max_over_time": RangeFunction(over_time.ts_of_max_over_time),
        "ts_of_min_over_time": RangeFunction(over_time.ts_of_min_over_time),
    }
)
STARTING = frozenset({"rate", "increase", "irate", "resets"})
"""What looks at start timestamps."""
_ANCHORED = ("changes", "delta", "increase", "rate", "resets")
_SMOOTHED = ("delta", "increase", "rate")


def check_extent(name: str, extent: Extent) -> None:
    """Raises ExecutionError if a function can't look beyond the edges of its range."""
    allowed = _ANCHORED if extent == "anchored" else _SMOOTHED
    if extent and name not in allowed:
        raise ExecutionError(f"{extent} modifier can only be used with: {', '.join(allowed)} - not with {name}")


def applied(name: str, scope: Scope, windows: Windows, arguments: list[Floats]) -> Block:
    """A function's values for one group, without stale markers in it. Names are still those of the series."""
    function = RANGE_FUNCTIONS[name]
    single = function.single
    if windows.group.starts is not None and name != "resets":
        for column in np.flatnonzero(rates.overlapping(windows)):
            metric = value_of(windows.group.labels[column], NAME)
            scope.warn(
                f"sample has start time that overlaps with previous sample timestamp for metric {quoted(metric)}"
            )
    if windows.extent:
        single = _extended(name, windows)
    elif windows.group.histograms is None:
        with np.errstate(all="ignore"):
            values, present = function.kernel(windows, arguments)
        return Block(windows.group.labels, values.T, present.T, None, windows.group.unnamed)
    out = _Cells(windows)
    if not windows.extent:
        _floats(function, single is None, scope, windows, arguments, out)
    if single is not None:
        for column in range(len(windows.group.labels)):
            scope.query.check_time()
            _natives(single, scope, windows, column, arguments, out)
    return Block(windows.group.labels, out.values.T, out.present.T, out.histograms.T, windows.group.unnamed)


class _Cells:
    """Results, (steps, n)."""

    def __init__(self, windows: Windows) -> None:
        shape = (len(windows.low), len(windows.group.labels))
        self.values = np.zeros(shape)
        self.present = np.zeros(shape, np.bool_)
        self.histograms = no_objects(shape)


def _floats(
    function: RangeFunction, ignoring: bool, scope: Scope, windows: Windows, arguments: list[Floats], out: _Cells
) -> None:
    apart, both = floats_apart(windows)
    for columns, part in apart:
        with np.errstate(all="ignore"):
            values, present = function.kernel(part, arguments)
        out.values[:, columns] = values
        out.present[:, columns] = present
    if ignoring:
        for column in np.flatnonzero(both.any(axis=0)):
            scope.inform(ignored_in_range(value_of(windows.group.labels[column], NAME)))


def _natives(single: Single, scope: Scope, windows: Windows, column: int, arguments: list[Floats], out: _Cells) -> None:
    """What a window with histograms in it is worth, instead of what its floats are worth."""
    if (
        windows.group.histograms is not None
        and not windows.extent
        and not holds(windows.group.histograms[:, column]).any()
    ):
        return
    for step, window in one_by_one(windows, column, arguments):
        if not windows.extent and not window.natives:
            continue
        found = single(scope, window)
        out.present[step, column] = isinstance(found, float)
        if isinstance(found, Histogram):
            out.histograms[step, column] = found
        elif found is not None:
            out.values[step, column] = found


def _extended(name: str, windows: Windows) -> Single:
    if name in ("changes", "resets"):
        counted = counting.mixed_changes if name == "changes" else counting.mixed_resets

        def events(scope: Scope, window: Window) -> float | None:
            seen = anchored(window)
            return None if seen is None else counted(scope, seen)

        return events
    smoothed = windows.extent == "smoothed"

    def change(scope: Scope, window: Window) -> float | Histogram | None:
        found = extended_rate(scope, window, smoothed=smoothed, counter=name != "delta")
        return natives.per_second(found, window) if name == "rate" and found is not None else found

    return change
