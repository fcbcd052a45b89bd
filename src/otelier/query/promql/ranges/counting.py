"""How often something happens in each window: samples, changes, resets."""

import numpy as np

from ..arrays import Bools, Floats
from ..histograms import Histogram
from ..histograms.resets import was_reset
from ..query import Scope
from .rates import reset_rows, started
from .windows import Window, Windows


def count(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """Samples."""
    return np.where(windows.shared(windows.counts > 0), windows.counts[:, np.newaxis], 0.0), windows.shared(
        windows.counts > 0
    )


def presence(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """1 if there are samples."""
    there = windows.shared(windows.counts > 0)
    return np.ones(there.shape), there


def first_time(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """When the first sample is, seconds."""
    return _times(windows, windows.first)


def last_time(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """When the last sample is, seconds."""
    return _times(windows, windows.last())


def changes(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """How often the value differs from the one before; NaN is equal to NaN."""
    now, before = windows.group.values[1:], windows.group.values[:-1]
    return _counted(windows, (now != before) & ~(np.isnan(now) & np.isnan(before)))


def resets(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """How often the value is smaller than the one before."""
    return _counted(windows, reset_rows(windows))


def mixed_changes(_scope: Scope, window: Window) -> float:
    """Between floats and histograms, too."""
    return float(sum(_changed(window, number) for number in range(1, len(window.times))))


def mixed_resets(_scope: Scope, window: Window) -> float:
    """A float after a histogram is a reset, and the other way round."""
    return float(sum(_reset(window, number) for number in range(1, len(window.times))))


def reset_between(window: Window, number: int) -> bool:
    """By start timestamps, between a sample and the one before."""
    before, now = window.starts[number - 1], window.starts[number]
    times = window.times
    return bool(started(np.int64(before), np.int64(times[number - 1]), np.int64(now), np.int64(times[number])))  # pyright: ignore[reportArgumentType]


def _times(windows: Windows, index: np.ndarray) -> tuple[Floats, Bools]:
    seconds = windows.group.timestamps[index] / 1000
    there = windows.shared(windows.counts > 0)
    return np.broadcast_to(seconds[:, np.newaxis], there.shape), there


def _counted(windows: Windows, events: Bools) -> tuple[Floats, Bools]:
    """Events (m-1, n) are between a sample and the next."""
    there = windows.shared(windows.counts > 0)
    if not events.size:
        return np.zeros(there.shape), there
    total = np.concatenate([np.zeros((1, events.shape[1]), np.int64), np.cumsum(events, axis=0)])
    last, first = np.maximum(windows.high - 1, 0), np.minimum(windows.low, len(total) - 1)
    return (total[np.minimum(last, len(total) - 1)] - total[first]).astype(np.float64), there


def _changed(window: Window, number: int) -> bool:
    now, before = window.histograms[number], window.histograms[number - 1]
    if isinstance(now, Histogram) and isinstance(before, Histogram):
        return not now.same(before)
    if now is not None or before is not None:
        return True
    value, other = window.values[number], window.values[number - 1]
    return value != other and not (value != value and other != other)


def _reset(window: Window, number: int) -> bool:
    now, before = window.histograms[number], window.histograms[number - 1]
    if isinstance(now, Histogram) and isinstance(before, Histogram):
        return reset_between(window, number) or was_reset(now, before)
    if now is not None or before is not None:
        return True
    return window.values[number] < window.values[number - 1] or reset_between(window, number)
