"""histogram_quantile, histogram_quantiles and histogram_fraction over a vector of classic and native histograms.

A classic histogram is the series that differ only in `le`. Where a classic and a native histogram of the same labels
meet, neither counts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from ..annotations import named
from ..arrays import Bools, Floats, Ints, at, cells
from ..ast import NAME
from ..block import Block, stacked
from ..grid import Grid
from ..histograms import Histogram
from ..histograms.quantiles import fraction, quantile
from ..labels import Labels, LabelSets, value_of
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
    rows = np.flatnonzero(block.present.any(axis=1))
    texts, codes = block.labels.taken(rows.astype(np.int64).tobytes()).values("le")
    known = [_bound(each) for each in texts]
    bounds = np.array([np.nan if each is None else each for each in known])[np.frombuffer(codes, np.int64)]
    wrong = np.array([each is None for each in known], dtype=np.bool_)[np.frombuffer(codes, np.int64)]
    for row in rows[wrong].tolist():
        labels = block.labels[row]
        message = f'bucket label "le" is missing or has a malformed value of {quoted(value_of(labels, "le"))}'
        scope.warn(named(message, _metric(scope, labels)))
    buckets = _Buckets(block.labels, rows[~wrong], bounds[~wrong])
    for row in np.flatnonzero(native.any(axis=1)):
        _part(scope, block, native, int(row), buckets)
    return Histograms(block, native, buckets.histograms(block))


class _Buckets:
    """Series that are buckets of classic histograms, with their bounds."""

    def __init__(self, labels: LabelSets, rows: Ints, bounds: Floats) -> None:
        self.labels, codes = labels.taken(rows.astype(np.int64).tobytes()).grouped(("le",), True)
        numbers = np.frombuffer(codes, np.int64)
        order = np.lexsort((bounds, numbers))
        ends = np.cumsum(np.bincount(numbers, minlength=len(self.labels)))[:-1]
        # Of nothing numpy makes one part.
        self.rows: list[Ints] = np.split(rows[order], ends)[: len(self.labels)]
        self._bounds: list[Floats] = np.split(bounds[order], ends)[: len(self.labels)]

    @cached_property
    def places(self) -> dict[Labels, Ints]:
        """The rows of each histogram."""
        return dict(zip(self.labels, self.rows, strict=True))

    def histograms(self, block: Block) -> list[Classics]:
        """Histograms of the same bounds together."""
        alike: dict[bytes, list[int]] = {}
        for number, bounds in enumerate(self._bounds):
            alike.setdefault(bounds.tobytes(), []).append(number)
        unnamed = block.unnamed_series()
        found: list[Classics] = []
        for numbers in alike.values():
            if not len(ends := self._bounds[numbers[0]]):
                continue
            rows = np.array([self.rows[number] for number in numbers], dtype=np.int64).T
            counts = block.values[rows].reshape(len(ends), -1)
            present = block.present[rows].reshape(len(ends), -1)
            labels = self.labels.taken(np.array(numbers, dtype=np.int64).tobytes())
            found.append(Classics(labels, ends, counts, present, unnamed[rows[0]]))
        return found


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


def _part(scope: Scope, block: Block, native: Bools, row: int, buckets: _Buckets) -> None:
    """Take a native histogram and the classic one of the same labels away where both are."""
    rows = buckets.places.get(block.labels[row])
    if rows is None:
        return
    both = native[row] & block.present[rows].any(axis=0)
    if both.any():
        scope.warn(named("vector contains a mix of classic and native histograms", _metric(scope, block.labels[row])))
        native[row] &= ~both
        block.present = block.present.copy()
        block.present[rows] &= ~both


def _bound(text: str) -> float | None:
    try:
        return float(text.replace("_", "x")) if text == text.strip() else None
    except ValueError:
        return None
