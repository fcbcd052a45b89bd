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
from .classic import Classics, bucket_fraction, bucket_quantile

_NAN = {
    "nan": "input to histogram_quantile has NaN observations, result is NaN",
    "skewed": "input to histogram_quantile has NaN observations, result is skewed higher",
}
_EXCLUDED = "input to histogram_fraction has NaN observations, which are excluded from all fractions"

OfNative: TypeAlias = Callable[[Histogram, int, Labels], float]
OfClassics: TypeAlias = Callable[[Classics], Floats]


@dataclass(slots=True)
class Histograms:
    """What a vector holds: rows of native histograms with where they count, and classic ones."""

    block: Block
    native: Bools
    classics: list[Classics]

    def values(self, of_native: OfNative, of_classics: OfClassics) -> Block:
        """One number for each histogram and step; names are still those of the series."""
        rows = np.flatnonzero(self.native.any(axis=1))
        block = self.block.rows(rows)
        values = np.zeros(block.values.shape)
        for row, step in cells(self.native[rows]):
            values[row, step] = of_native(at(block.histograms, row, step), step, block.labels[row])
        parts = [Block(block.labels, values, self.native[rows], None, block.unnamed)]
        for each in self.classics:
            shape = (len(each.labels), self.block.steps)
            present = np.logical_or.reduce(each.present, axis=0).reshape(shape)
            parts.append(Block(each.labels, of_classics(each).reshape(shape), present, None, each.unnamed))
        return stacked(parts, self.block.steps).populated()


def histograms(scope: Scope, block: Block) -> Histograms:
    """All histograms of a vector; warns of series that are none."""
    block = replace(block)
    native = block.native
    places: dict[Labels, list[int]] = {}
    bounds: dict[int, float] = {}
    known: dict[str, float | None] = {}
    for row in np.flatnonzero(block.present.any(axis=1)).tolist():
        labels = block.labels[row]
        le = value_of(labels, "le")
        bound = known[le] if le in known else known.setdefault(le, _bound(le))
        if bound is None:
            message = f'bucket label "le" is missing or has a malformed value of {quoted(le)}'
            scope.warn(named(message, _metric(scope, labels)))
            continue
        bounds[row] = bound
        places.setdefault(without(labels, {"le"}), []).append(row)
    for row in np.flatnonzero(native.any(axis=1)):
        _part(scope, block, native, int(row), places)
    return Histograms(block, native, _classics(block, places, bounds))


def quantiles_of(scope: Scope, found: Histograms, phi: Floats, grid: Grid) -> Block:
    """φ by step."""

    def native(histogram: Histogram, step: int, labels: Labels) -> float:
        value, remark = quantile(float(phi[step]), histogram)
        if remark:
            scope.inform(named(_NAN[remark], _metric(scope, labels)))
        return value

    def classics(each: Classics) -> Floats:
        values, forced = bucket_quantile(np.tile(phi, len(each.labels)), each)
        for column, bounds in forced:
            number, step = divmod(column, grid.count)
            time_ms = grid.start_ms + grid.step_ms * step
            scope.query.annotations.force(_metric(scope, each.labels[number]), scope.node, bounds, time_ms)
        return values

    return found.values(native, classics)


def fractions_of(scope: Scope, found: Histograms, lower: Floats, upper: Floats) -> Block:
    """How much lies between two values, by step."""

    def native(histogram: Histogram, step: int, labels: Labels) -> float:
        value, excluded = fraction(float(lower[step]), float(upper[step]), histogram)
        if excluded:
            scope.inform(named(_EXCLUDED, _metric(scope, labels)))
        return value

    def classics(each: Classics) -> Floats:
        number = len(each.labels)
        return bucket_fraction(np.tile(lower, number), np.tile(upper, number), each)

    return found.values(native, classics)


def _metric(scope: Scope, labels: Labels) -> str:
    """For annotations; where names go at once, it is gone already."""
    return value_of(labels, NAME) if scope.query.options.delayed_names else ""


def _part(scope: Scope, block: Block, native: Bools, row: int, places: dict[Labels, list[int]]) -> None:
    """Take a native histogram and the classic one of the same labels away where both are."""
    rows = places.get(block.labels[row])
    if rows is None:
        return
    both = native[row] & block.present[rows].any(axis=0)
    if both.any():
        scope.warn(named("vector contains a mix of classic and native histograms", _metric(scope, block.labels[row])))
        native[row] &= ~both
        block.present = block.present.copy()
        block.present[rows] &= ~both


def _classics(block: Block, places: dict[Labels, list[int]], bounds: dict[int, float]) -> list[Classics]:
    """Histograms of the same bounds together."""
    alike: dict[tuple[float, ...], dict[Labels, list[int]]] = {}
    for labels, rows in places.items():
        order = sorted(rows, key=bounds.__getitem__)
        alike.setdefault(tuple(bounds[row] for row in order), {})[labels] = order
    unnamed = block.unnamed_series()
    found: list[Classics] = []
    for ends, histograms in alike.items():
        rows = np.array(list(histograms.values()), dtype=np.int64).T
        counts = block.values[rows].reshape(len(ends), -1)
        present = block.present[rows].reshape(len(ends), -1)
        found.append(Classics(list(histograms), np.array(ends), counts, present, unnamed[rows[0]]))
    return found


def _bound(text: str) -> float | None:
    try:
        return float(text.replace("_", "x")) if text == text.strip() else None
    except ValueError:
        return None
