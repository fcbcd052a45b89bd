"""Quantiles and fractions of classic histograms: cumulative counts by upper bound.

Values are taken to be spread evenly in a bucket; the first begins at zero if its bound is positive, the last has no
end.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..labels import LabelSets

_TOLERANCE = 1e-12
"""Counts that differ less than this part of them are equal: they were calculated, not observed."""


@dataclass(slots=True)
class Classics:
    """Histograms of the same buckets by ascending bound (k,): cumulative counts, and where there are any (k, columns).

    A column is a histogram at a step: all steps of the first, all of the second, and so on.
    """

    labels: LabelSets
    bounds: Floats
    counts: Floats
    present: Bools
    unnamed: Bools


def bucket_quantile(phi: Floats, histograms: Classics) -> tuple[Floats, list[tuple[int, tuple[float, float, float]]]]:
    """By column; and columns in which counts had to be lifted, with lowest and highest such bound and the most."""
    out = np.full(len(phi), np.nan)
    forced: list[tuple[int, tuple[float, float, float]]] = []
    for columns, bounds, counts in _complete(histograms):
        chosen = (phi[columns] >= 0) & (phi[columns] <= 1)
        inside = columns[chosen]
        if len(bounds) and bounds[-1] == np.inf and len(inside):
            counts = counts if chosen.all() else counts[:, chosen]
            counts, lifted = _lifted(bounds, counts)
            forced += [(int(inside[at]), how) for at, how in lifted]
            if len(bounds) > 1:
                out[inside] = _at_rank(bounds, counts, phi[inside])
    out = np.where(phi < 0, -np.inf, np.where(phi > 1, np.inf, out))
    return np.where(np.isnan(phi), np.nan, out), forced


def bucket_fraction(lower: Floats, upper: Floats, histograms: Classics) -> Floats:
    """By column, of all observations the part between two values."""
    out = np.full(len(lower), np.nan)
    for columns, bounds, counts in _complete(histograms):
        if not len(bounds) or bounds[-1] != np.inf:
            continue
        low, high, total = lower[columns], upper[columns], counts[-1]
        with np.errstate(all="ignore"):
            part = (_rank(bounds, counts, high) - _rank(bounds, counts, low)) / total
        part = np.where(low >= high, 0.0, part)
        out[columns] = np.where((total == 0) | np.isnan(low) | np.isnan(high), np.nan, part)
    return out


def _complete(histograms: Classics) -> Iterator[tuple[Ints, Floats, Floats]]:
    """Columns in which the same buckets are there, and their counts, with equal bounds made one."""
    patterns: dict[bytes, list[int]] = {}
    if histograms.present.all():
        patterns[b""] = list(range(histograms.present.shape[1]))
    else:
        for column in np.flatnonzero(histograms.present.any(axis=0)):
            patterns.setdefault(histograms.present[:, column].tobytes(), []).append(int(column))
    for numbers in patterns.values():
        columns = np.array(numbers, dtype=np.int64)
        here = histograms.present[:, numbers[0]]
        bounds, counts = histograms.bounds[here], histograms.counts
        if not (here.all() and len(columns) == counts.shape[1]):
            counts = counts[here][:, columns]
        distinct, starts = np.unique(bounds, return_index=True)
        if len(distinct) < len(bounds):
            bounds, counts = distinct, np.add.reduceat(counts, starts, axis=0)
        yield columns, bounds, counts


def _lifted(bounds: Floats, counts: Floats) -> tuple[Floats, list[tuple[int, tuple[float, float, float]]]]:
    """Counts that grow with the bounds, and for which columns they had to be changed."""
    with np.errstate(all="ignore"):
        growth = counts[1:] - counts[:-1]
        fine = (growth == 0) | (growth > _TOLERANCE * (counts[1:] + counts[:-1]))
    columns = np.flatnonzero(~np.logical_and.reduce(fine, axis=0))
    if not len(columns):
        return counts, []
    counts = counts.copy()
    part = counts[:, columns]
    changed = [(int(columns[at]), how) for at, how in _lift(bounds, part)]
    counts[:, columns] = part
    return counts, changed


def _lift(bounds: Floats, counts: Floats) -> list[tuple[int, tuple[float, float, float]]]:
    """Make counts (k, c) grow with the bounds, in place; which columns had to be changed, with bounds and the most."""
    most = np.zeros(counts.shape[1])
    low, high = np.full(counts.shape[1], np.inf), np.full(counts.shape[1], -np.inf)
    before: Floats = counts[0].copy()
    with np.errstate(all="ignore"):
        for row in range(1, len(counts)):
            now: Floats = counts[row]
            size: Floats = np.abs(before) + np.abs(now)
            equal: Bools = (now != before) & (np.abs(now - before) / size < _TOLERANCE) & (before != 0) & (now != 0)
            smaller: Bools = ~equal & (now < before)
            most[smaller] = np.maximum(most, before - now)[smaller]
            low[smaller] = np.minimum(low, bounds[row])[smaller]
            high[smaller] = np.maximum(high, bounds[row])[smaller]
            counts[row] = np.where(equal | smaller, before, now)
            before = np.where(equal | smaller, before, now)
    found = np.flatnonzero(most > 0)
    return [(int(at), (float(low[at]), float(high[at]), float(most[at]))) for at in found]


def _at_rank(bounds: Floats, counts: Floats, phi: Floats) -> Floats:
    total = counts[-1]
    with np.errstate(all="ignore"):
        rank = phi * total
    reached = counts[:-1] >= rank
    number = np.where(reached.any(axis=0), reached.argmax(axis=0), len(bounds) - 1)
    columns: Ints = np.arange(counts.shape[1], dtype=np.int64)
    before = np.maximum(number - 1, 0)
    start = np.where(number > 0, bounds[before], 0.0)
    below = np.where(number > 0, counts[before, columns], 0.0)
    with np.errstate(all="ignore"):
        share = (rank - below) / (counts[number, columns] - below)
        inner: Floats = start + (bounds[number] - start) * share
    found: Floats = np.where((number == 0) & (bounds[0] <= 0), bounds[0], inner)
    found = np.where(number == len(bounds) - 1, bounds[-2], found)
    return np.where(total == 0, np.nan, found)


def _rank(bounds: Floats, counts: Floats, value: Floats) -> Floats:
    """How many observations are below a value, by column."""
    starts = np.concatenate([[0.0 if bounds[0] > 0 else -np.inf], bounds[:-1]])
    rank = counts[-1].copy()
    done = np.isnan(value)
    before = np.zeros(counts.shape[1])
    for start, end, count in zip(starts, bounds, counts, strict=True):
        at_start = ~done & (start >= value)
        rank = np.where(at_start, before, rank)
        inside = ~done & ~at_start & (end > value)
        with np.errstate(all="ignore"):
            between = count if start == -np.inf else before + (count - before) * ((value - start) / (end - start))
        rank = np.where(inside, between, rank)
        done |= at_start | inside
        before = count
    return np.minimum(rank, counts[-1])
