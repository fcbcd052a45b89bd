"""Where floats are going: deriv, predict_linear, double_exponential_smoothing."""

import numpy as np

from ..arrays import Bools, Floats
from ..errors import ExecutionError
from .windows import Windows


def deriv(windows: Windows, _: list[Floats]) -> tuple[Floats, Bools]:
    """Slope per second of the least squares line."""
    begins = windows.group.timestamps[windows.first]
    slope, _intercept = _lines(windows, begins)
    return slope, windows.shared(windows.counts >= 2)


def predict_linear(windows: Windows, arguments: list[Floats]) -> tuple[Floats, Bools]:
    """Where that line is so many seconds after the moment of evaluation."""
    slope, intercept = _lines(windows, windows.times)
    with np.errstate(all="ignore"):
        return slope * arguments[0][:, np.newaxis] + intercept, windows.shared(windows.counts >= 2)


def double_exponential_smoothing(windows: Windows, arguments: list[Floats]) -> tuple[Floats, Bools]:
    """Holt's linear smoothing of value and trend."""
    for name, factors in zip(("smoothing", "trend"), arguments, strict=True):
        if bad := [factor for factor in factors if not 0 < factor < 1]:
            raise ExecutionError(f"invalid {name} factor. Expected: 0 < factor < 1, got: {bad[0]:f}")
    values = windows.group.values
    out = np.zeros((len(windows.low), values.shape[1]))
    for step in np.flatnonzero(windows.counts >= 2):
        rows = values[windows.low[step] : windows.high[step]]
        out[step] = _smoothed(rows, float(arguments[0][step]), float(arguments[1][step]))
    return out, windows.shared(windows.counts >= 2)


def _smoothed(rows: Floats, smoothing: float, trending: float) -> Floats:
    before, level = np.zeros(rows.shape[1]), rows[0]
    trend = rows[1] - rows[0]
    with np.errstate(all="ignore"):
        for number in range(1, len(rows)):
            if number > 1:
                trend = trending * (level - before) + (1 - trending) * trend
            before, level = level, smoothing * rows[number] + (1 - smoothing) * (level + trend)
    return level


def _lines(windows: Windows, origins: np.ndarray) -> tuple[Floats, Floats]:
    """Slope and value at the origin (milliseconds, by step) of every window's least squares line."""
    values = windows.group.values
    slope = np.zeros((len(windows.low), values.shape[1]))
    intercept = np.zeros_like(slope)
    for step in np.flatnonzero(windows.counts >= 2):
        part = slice(int(windows.low[step]), int(windows.high[step]))
        rows = values[part]
        x = (windows.group.timestamps[part] - origins[step]) / 1000
        number = len(x)
        with np.errstate(all="ignore"):
            middle = x.sum() / number
            apart = x - middle
            centre = rows[0] + (rows - rows[0]).sum(axis=0) / number
            slope[step] = (apart[:, np.newaxis] * (rows - centre)).sum(axis=0) / (apart * apart).sum()
            intercept[step] = centre - slope[step] * middle
            flat = (rows == rows[0]).all(axis=0)
            slope[step] = np.where(flat, np.where(np.isinf(rows[0]), np.nan, 0.0), slope[step])
            intercept[step] = np.where(flat, np.where(np.isinf(rows[0]), np.nan, rows[0]), intercept[step])
    return slope, intercept
