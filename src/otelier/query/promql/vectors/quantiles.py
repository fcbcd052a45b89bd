"""histogram_quantile, histogram_quantiles and histogram_fraction over a vector of classic and native histograms.

A classic histogram is the series that differ only in `le`. Where a classic and a native histogram of the same labels
meet, neither counts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from ..annotations import named
from ..arrays import Bools, Floats, at, cells
from ..ast import NAME
from ..block import Block, stacked
from ..grid import Grid
from ..histograms import Histogram
from ..histograms.quantiles import fraction, quantile
from ..labels import Labels, value_of, without
from ..query import Scope
from ..strings import quoted
from .classic import Classic, bucket_fraction, bucket_quantile

_NAN = {
    "nan": "input to histogram_quantile has NaN observations, result is NaN",
    "skewed": "input to histogram_quantile has NaN observations, result is skewed higher",
}
_EXCLUDED = "input to histogram_fraction has NaN observations, which are excluded from all fractions"

OfNative: TypeAlias = Callable[[Histogram, int, str], float]
OfClassic: TypeAlias = Callable[[Classic], Floats]


@dataclass(slots=True)
class Histograms:
    """What a vector holds: rows of native histograms with where they count, and classic ones."""

    block: Block
    native: Bools
    classics: list[Classic]

    def values(self, of_native: OfNative, of_classic: OfClassic) -> Block:
        """One number for each histogram and step; names are still those of the series."""
        rows = np.flatnonzero(self.native.any(axis=1))
        block = self.block.rows(rows)
        values = np.zeros(block.values.shape)
        for row, step in cells(self.native[rows]):
            values[row, step] = of_native(at(block.histograms, row, step), step, value_of(block.labels[row], NAME))
        parts = [Block(block.labels, values, self.native[rows], None, block.unnamed)]
        for each in self.classics:
            present = np.logical_or.reduce(each.present, axis=0, keepdims=True)
            parts.append(Block([each.labels], of_classic(each)[np.newaxis], present, None, each.unnamed))
        return stacked(parts, self.block.steps).populated()


def histograms(scope: Scope, block: Block) -> Histograms:
    """All histograms of a vector; warns of series that are none."""
    block = replace(block)
    native = block.native
    places: dict[Labels, list[int]] = {}
    bounds = np.zeros(len(block.labels))
    for row, labels in enumerate(block.labels):
        if not block.present[row].any():
            continue
        bound = _bound(value_of(labels, "le"))
        if bound is None:
            le, metric = value_of(labels, "le"), value_of(labels, NAME)
            scope.warn(named(f'bucket label "le" is missing or has a malformed value of {quoted(le)}', metric))
            continue
        bounds[row] = bound
        places.setdefault(without(labels, {"le"}), []).append(row)
    for row in np.flatnonzero(native.any(axis=1)):
        _part(scope, block, native, int(row), places)
    classics = [_classic(block, labels, rows, bounds) for labels, rows in places.items()]
    return Histograms(block, native, classics)


def quantiles_of(scope: Scope, found: Histograms, phi: Floats, grid: Grid) -> Block:
    """φ by step."""

    def native(histogram: Histogram, step: int, metric: str) -> float:
        value, remark = quantile(float(phi[step]), histogram)
        if remark:
            scope.inform(named(_NAN[remark], metric))
        return value

    def classic(each: Classic) -> Floats:
        values, forced = bucket_quantile(phi, each)
        for step, bounds in forced:
            time_ms = grid.start_ms + grid.step_ms * step
            scope.query.annotations.force(value_of(each.labels, NAME), scope.node, bounds, time_ms)
        return values

    return found.values(native, classic)


def fractions_of(scope: Scope, found: Histograms, lower: Floats, upper: Floats) -> Block:
    """How much lies between two values, by step."""

    def native(histogram: Histogram, step: int, metric: str) -> float:
        value, excluded = fraction(float(lower[step]), float(upper[step]), histogram)
        if excluded:
            scope.inform(named(_EXCLUDED, metric))
        return value

    return found.values(native, lambda each: bucket_fraction(lower, upper, each))


def _part(scope: Scope, block: Block, native: Bools, row: int, places: dict[Labels, list[int]]) -> None:
    """Take a native histogram and the classic one of the same labels away where both are."""
    rows = places.get(block.labels[row])
    if rows is None:
        return
    both = native[row] & block.present[rows].any(axis=0)
    if both.any():
        scope.warn(named("vector contains a mix of classic and native histograms", value_of(block.labels[row], NAME)))
        native[row] &= ~both
        block.present = block.present.copy()
        block.present[rows] &= ~both


def _classic(block: Block, labels: Labels, rows: list[int], bounds: Floats) -> Classic:
    order = sorted(rows, key=lambda row: bounds[row])
    unnamed = None if block.unnamed is None else np.array([block.unnamed[order].any()])
    return Classic(labels, bounds[order], block.values[order], block.present[order], unnamed)


def _bound(text: str) -> float | None:
    try:
        return float(text.replace("_", "x")) if text == text.strip() else None
    except ValueError:
        return None
