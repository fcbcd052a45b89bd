"""Sums, means, extremes, spreads and quantiles of the floats in each window."""

from typing import Any

import numpy as np

from ..arrays import Bools, Floats
from ..sums import added, quantiles
from .windows import Windows, reduced

_ILL = 1e-3
"""A sum smaller than this part of what was added lost digits and is calculated again with compensation."""


def sum_over_time(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """With compensation where values cancel each other out."""
    total, lost, _scale = _sums(windows, mean=False)
    return total + lost, windows.shared(windows.counts > 0)


def avg_over_time(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """The mean, also where the sum would be infinite."""
    total, lost, scale = _sums(windows, mean=True)
    return total / scale + lost / scale, windows.shared(windows.counts > 0)


def min_over_time(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """NaN only of nothing but NaN."""
    return _extreme(np.minimum, np.fmin, windows), windows.shared(windows.counts > 0)


def max_over_time(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """NaN only of nothing but NaN."""
    return _extreme(np.maximum, np.fmax, windows), windows.shared(windows.counts > 0)


def stdvar_over_time(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """Population variance by Welford's recurrence: equal values have exactly none."""
    values = windows.group.values
    mean = np.zeros((len(windows.low), values.shape[1]))
    spread = np.zeros_like(mean)
    with np.errstate(all="ignore"):
        for number in range(int(windows.counts.max(initial=0))):
            here = windows.counts > number
            row = values[windows.low[here] + number]
            difference = row - mean[here]
            mean[here] += difference / (number + 1)
            spread[here] += difference * (row - mean[here])
        return spread / np.maximum(windows.counts, 1)[:, np.newaxis], windows.shared(windows.counts > 0)


def stddev_over_time(windows: Windows, arguments: list[Floats]) -> tuple[Floats, Bools]:
    """Square root of the variance."""
    variance, present = stdvar_over_time(windows, arguments)
    with np.errstate(all="ignore"):
        return np.sqrt(variance), present


def quantile_over_time(windows: Windows, arguments: list[Floats]) -> tuple[Floats, Bools]:
    """NaN counts as the smallest value."""
    out = np.empty((len(windows.low), windows.group.values.shape[1]))
    for step, phi in enumerate(arguments[0]):
        rows = windows.group.values[windows.low[step] : windows.high[step]]
        out[step] = quantiles(rows, np.ones(rows.shape, np.bool_), np.repeat(phi, rows.shape[1]))
    return out, windows.shared(windows.counts > 0)


def mad_over_time(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """Median of the distances from the median."""
    out = np.empty((len(windows.low), windows.group.values.shape[1]))
    half = np.full(out.shape[1], 0.5)
    with np.errstate(all="ignore"):
        for step in range(len(out)):
            rows = windows.group.values[windows.low[step] : windows.high[step]]
            everything = np.ones(rows.shape, np.bool_)
            distances = np.abs(rows - quantiles(rows, everything, half))
            out[step] = np.where(np.isnan(rows).any(axis=0), np.nan, quantiles(distances, everything, half))
    return out, windows.shared(windows.counts > 0)


def ts_of_max_over_time(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """When the largest value was last seen, seconds."""
    return _when(windows, windows.group.values)


def ts_of_min_over_time(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """When the smallest value was last seen, seconds."""
    return _when(windows, -windows.group.values)


def _extreme(function: Any, ignoring_nan: Any, windows: Windows) -> Floats:
    """What ignores NaN is slow, and seldom needed."""
    values = windows.group.values
    return reduced(ignoring_nan if np.isnan(values).any() else function, values, windows)


def _when(windows: Windows, values: Floats) -> tuple[Floats, Bools]:
    out = np.zeros((len(windows.low), values.shape[1]))
    times = windows.group.timestamps / 1000
    comparable = np.where(np.isnan(values), -np.inf, values)
    for step in np.flatnonzero(windows.counts):
        low, high = windows.low[step], windows.high[step]
        out[step] = times[high - 1 - comparable[low:high][::-1].argmax(axis=0)]
    return out, windows.shared(windows.counts > 0)


def _sums(windows: Windows, *, mean: bool) -> tuple[Floats, Floats, Floats]:
    """Sum, what it lost, and what to divide both by for the mean."""
    values = windows.group.values
    counts = np.maximum(windows.counts, 1).astype(np.float64)
    scale = np.repeat(counts[:, np.newaxis], values.shape[1], axis=1) if mean else np.ones((1, 1))
    with np.errstate(all="ignore"):
        total = reduced(np.add, values, windows)
        lost = np.zeros((1, 1))
        if values.size and bool(values.min() >= 0) and not (mean and np.isinf(total).any()):
            return total, lost, scale
        size = reduced(np.add, np.abs(values), windows)
    overflown = np.isinf(size)
    if overflown.any():
        overflown &= np.isfinite(reduced(np.fmax, np.abs(values), windows))
    again = (np.isfinite(total) & (np.abs(total) < _ILL * size)) | overflown
    steps, columns = np.nonzero(again & (windows.counts > 0)[:, np.newaxis])
    if not len(steps):
        return total, lost, scale
    lost = np.zeros_like(total)
    divisor = np.where(overflown[steps, columns], counts[steps], 1.0) if mean else np.ones(len(steps))
    sums, remainders = np.zeros(len(steps)), np.zeros(len(steps))
    low, count = windows.low[steps], windows.counts[steps]
    for number in range(int(count.max())):
        here = count > number
        row = values[low[here] + number, columns[here]] / divisor[here]
        sums[here], remainders[here] = added(sums[here], remainders[here], row)
    total[steps, columns], lost[steps, columns] = sums, remainders
    if mean:
        scale[steps, columns] = counts[steps] / divisor
    return total, lost, scale


def last(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """The last value."""
    return windows.group.values[windows.last()], windows.shared(windows.counts > 0)


def first(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """The first value."""
    return windows.group.values[windows.first], windows.shared(windows.counts > 0)
