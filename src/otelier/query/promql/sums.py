"""Sums and quantiles that columns of arrays need in more than one place."""

import numpy as np

from .arrays import Bools, Floats


def added(total: Floats, lost: Floats, more: Floats) -> tuple[Floats, Floats]:
    """Neumaier's step for many sums at once: the new sums, and what they lost so far."""
    with np.errstate(all="ignore"):
        new: Floats = total + more
        gone: Floats = np.where(np.abs(total) >= np.abs(more), (total - new) + more, (more - new) + total)
        rest: Floats = np.where(np.isinf(new), 0.0, lost + gone)
        return new, rest


def quantiles(values: Floats, present: Bools, phi: Floats) -> Floats:
    """By column of (r, c), where present; `phi` (c,). NaN counts as the smallest value; of nothing it is NaN."""
    if not len(values):
        return np.full((values.shape[1],), np.nan)
    with np.errstate(all="ignore"):
        missing = present & np.isnan(values)
        ordered = np.sort(np.where(present, np.where(missing, -np.inf, values), np.inf), axis=0)
        number, nans = present.sum(axis=0), missing.sum(axis=0)
        rank = np.where(np.isnan(phi), 0.0, np.clip(phi, 0.0, 1.0)) * (number - 1)
        low = np.clip(np.floor(rank), 0, np.maximum(number - 1, 0)).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(number - 1, 0))
        columns = np.arange(values.shape[1], dtype=np.int64)
        below = np.where(low < nans, np.nan, ordered[low, columns])
        above = np.where(high < nans, np.nan, ordered[high, columns])
        share = rank - np.floor(rank)
        result = below * (1 - share) + above * share
        result = np.where(phi < 0, -np.inf, np.where(phi > 1, np.inf, result))
        return np.where(np.isnan(phi) | (number == 0), np.nan, result)


def extremes(values: Floats, low: float, high: float) -> list[float]:
    """What is worth a warning about values that should lie between two: NaN, the largest above, the smallest below."""
    if np.isnan(values).any():
        return [float("nan")]
    found = [float(values.max())] if (values > high).any() else []
    return found + ([float(values.min())] if (values < low).any() else [])
