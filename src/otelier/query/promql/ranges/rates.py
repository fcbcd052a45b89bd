"""rate, increase, delta, irate and idelta of floats.

A window's first and last sample are extrapolated to its edges: all the way if a sample is nearer than 1.1 mean
distances, else by half a distance; a counter not below zero. All series of a group share their timestamps, so per step
only the values differ: they are multiplied with one number by step, except where a counter would begin below zero. Rows
are handled a few at a time so that they stay in the cache.
"""

import numpy as np

from ..arrays import Bools, Floats, Ints
from .windows import Windows, reduced

_CHUNK = 16_384
"""Values that are handled at a time."""


def rate(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """Per second."""
    return _extrapolated(windows, counter=True, per_second=True)


def increase(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """Over the window."""
    return _extrapolated(windows, counter=True, per_second=False)


def delta(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """Of a gauge, over the window."""
    return _extrapolated(windows, counter=False, per_second=False)


def irate(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """Per second, between the last two samples."""
    return _last_two(windows, counter=True)


def idelta(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """Between the last two samples."""
    return _last_two(windows, counter=False)


def started(before: Ints, before_ms: Ints, start: Ints, now_ms: Ints) -> Bools:
    """A counter began anew between two samples, by their start timestamps (0: unknown) and times.

    One that began where the sample before stands is a delta if that one's start is known, else a cumulative counter
    whose start was set to its first sample.
    """
    known = (start > 0) & (start < now_ms)
    return known & ((start > before_ms) | ((start == before_ms) & (before > 0) & (before < before_ms)))


def reset_rows(windows: Windows) -> Bools:
    """(m-1, n), true at i if the counter was reset between the samples i and i+1."""
    group = windows.group
    found: Bools = np.less(group.values[1:], group.values[:-1])
    if group.starts is not None:
        times = group.timestamps[:, np.newaxis]
        found = found | started(group.starts[:-1], times[:-1], group.starts[1:], times[1:])
    return found


def overlapping(windows: Windows) -> Bools:
    """By series, whether in some window a counter began before the sample before, which began at another moment."""
    group = windows.group
    assert group.starts is not None
    before, now = group.starts[:-1], group.starts[1:]
    events = (now > 0) & (now < group.timestamps[:-1, np.newaxis]) & (now != before)
    total = np.concatenate([np.zeros((1, events.shape[1]), np.int64), np.cumsum(events, axis=0)])
    last = windows.last()
    return np.logical_or.reduce(total[last] > total[np.minimum(windows.low, last)], axis=0)


def _extrapolated(windows: Windows, *, counter: bool, per_second: bool) -> tuple[Floats, Bools]:
    group = windows.group
    steps, number = len(windows.low), len(group.labels)
    out = np.empty((steps, number))
    enough = windows.counts >= 2
    rows, ends = windows.first, windows.last()
    # Differences of whole milliseconds: seconds since the epoch have only seven digits behind the point.
    begin_ms, end_ms = group.timestamps[rows], group.timestamps[ends]
    interval = np.maximum((end_ms - begin_ms) / 1000, 1e-3)
    mean = interval / np.maximum(windows.counts - 1, 1)
    left, right = windows.reach
    to_start = _edge((begin_ms - left) / 1000, mean)
    to_end = _edge((right - end_ms) / 1000, mean)
    scale = windows.length_ms / 1000 if per_second else 1.0
    factor = (interval + to_start + to_end) / interval / scale
    lift = _lifts(windows) if counter else None
    chunk = max(_CHUNK // max(number, 1), 1)
    for at in range(0, steps, chunk):
        part = slice(at, at + chunk)
        first = group.values[rows[part]]
        change = group.values[ends[part]]
        change -= first
        if lift is not None:
            change += lift[part]
        stretched = np.multiply(change, factor[part, np.newaxis], out=out[part])
        # Where the way to the start would lead below zero: change * to_start / interval > first.
        if counter and (below := first < change * (to_start[part] / interval[part])[:, np.newaxis]).any():
            below &= first >= 0
            step = np.nonzero(below)[0] + at
            whole = interval[step] + interval[step] * (first[below] / change[below]) + to_end[step]
            stretched[below] = change[below] * (whole / interval[step] / scale)
    present = windows.shared(enough)
    if counter and group.starts is not None:
        return _with_starts(windows, out, present, scale, lift)
    return out, present


def _edge(distance: Floats, mean: Floats) -> Floats:
    return np.where(distance >= mean * 1.1, mean / 2, distance)


def _lifts(windows: Windows) -> Floats | None:
    """(steps, n): what resets took away in each window; None if there were no resets."""
    found = reset_rows(windows)
    columns = np.flatnonzero(found.any(axis=0)) if found.size else np.empty(0, np.int64)
    if not len(columns):
        return None
    values = windows.group.values
    lost = np.where(found[:, columns], values[:-1][:, columns], 0.0)
    inner = Windows(
        windows.group, windows.low, np.maximum(windows.high - 1, windows.low), windows.ends, windows.times, 0
    )  # fmt: skip
    sums = reduced(np.add, lost, inner)
    sums[windows.counts < 2] = 0.0
    lifts = np.zeros((len(windows.low), values.shape[1]))
    lifts[:, columns] = sums
    return lifts


def _with_starts(
    windows: Windows, out: Floats, present: Bools, scale: float, lift: Floats | None
) -> tuple[Floats, Bools]:
    """Where the first sample's counter began inside of the window it began at zero: nothing to extrapolate there."""
    group = windows.group
    assert group.starts is not None
    begins, ends = windows.reach
    first_ms = group.timestamps[windows.first]
    start = group.starts[windows.first]
    inside = (start > begins[:, np.newaxis]) & (start < first_ms[:, np.newaxis]) & (start > 0)
    inside &= windows.counts[:, np.newaxis] > 0
    last_ms = group.timestamps[windows.last()]
    interval = (last_ms[:, np.newaxis] - start) / 1000
    distance = (last_ms - first_ms) / 1000
    mean = distance / np.maximum(windows.counts - 1, 1)
    to_end = np.where(windows.counts > 1, _edge((ends - last_ms) / 1000, mean), 0.0)[:, np.newaxis]
    change = group.values[windows.last()] + (0.0 if lift is None else lift)
    with np.errstate(all="ignore"):
        whole = change * ((interval + to_end) / interval) / scale
    return np.where(inside, whole, out), present | inside


def _last_two(windows: Windows, *, counter: bool) -> tuple[Floats, Bools]:
    group = windows.group
    enough = windows.counts >= 2
    last, before = group.values[windows.last()], group.values[windows.last(1)]
    change = last - before
    seconds = (group.timestamps[windows.last()] - group.timestamps[windows.last(1)]) / 1000
    if not counter:
        return change, windows.shared(enough)
    found = reset_rows(windows)
    if found.size:
        was_reset = found[windows.last(1)]
        change = np.where(was_reset, last, change)
    with np.errstate(all="ignore"):
        return change / seconds[:, np.newaxis], windows.shared(enough)
