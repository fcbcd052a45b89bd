"""sum, avg, min, max, stddev, stdvar, count, group and quantile."""

import numpy as np

from ..annotations import bad_quantile, collision, mixed_schemas, reconciled
from ..arrays import Bools, Floats, at, cells, no_objects
from ..ast import NAME, Aggregate
from ..block import Block
from ..histograms import Histogram
from ..histograms.arithmetic import IncompatibleSchemas
from ..histograms.sums import Total
from ..labels import value_of
from ..query import Query, Scope
from ..sums import added, extremes, quantiles
from .groups import Groups, where

_ILL = 1e-3
_MIXED = "encountered a mix of histograms and floats for aggregation"


def aggregated(query: Query, node: Aggregate, block: Block, parameter: Floats | None) -> Block:
    """One series for each group. `parameter` (steps,) of quantile."""
    scope = Scope(query, node.expression)
    groups = Groups(node, block)
    present = block.present
    operator = node.operator
    if operator in ("count", "group"):
        counts = groups.counts(block.filled)
        values = counts.astype(np.float64) if operator == "count" else np.ones(counts.shape)
        return Block(groups.labels, values, counts > 0, None, groups.unnamed(block))
    histograms = None
    some = groups.counts(present)
    there = some > 0
    with np.errstate(all="ignore"):
        if operator in ("sum", "avg"):
            values = _sums(groups, block, some, mean=operator == "avg")
        elif operator == "quantile":
            assert parameter is not None
            values = _quantiles(groups, block, parameter)
        else:
            values = _SIMPLE[operator](groups, block.values, present, some)
    if block.histograms is not None:
        native = block.native
        if operator in ("sum", "avg"):
            histograms = _natives(scope, groups, block, native, there, mean=operator == "avg")
        elif native.any():
            scope.inform(f"ignored histogram in {operator} aggregation")
    return Block(groups.labels, values, there, histograms, groups.unnamed(block)).populated()


def check_quantile(query: Query, node: Aggregate, parameter: Floats) -> None:
    """Warn of values that are no quantile."""
    assert node.parameter is not None
    for phi in extremes(parameter, 0.0, 1.0):
        query.annotations.warn(bad_quantile(phi), node.parameter)


def _minimum(groups: Groups, values: Floats, present: Bools, _: np.ndarray) -> Floats:
    return groups.reduced(np.fmin, where(values, present, np.nan))


def _maximum(groups: Groups, values: Floats, present: Bools, _: np.ndarray) -> Floats:
    return groups.reduced(np.fmax, where(values, present, np.nan))


def _variance(groups: Groups, values: Floats, present: Bools, counts: np.ndarray) -> Floats:
    """Around one member of the group, so that equal values have exactly none."""
    origin = _minimum(groups, values, present, counts)
    number = np.empty(len(values), dtype=np.int64)
    number[groups.order] = np.repeat(np.arange(len(groups.labels)), groups.sizes)
    apart = np.where(present, values - origin[number], 0.0)
    size = np.maximum(counts, 1)
    mean = groups.reduced(np.add, apart) / size
    spread = np.where(present, apart - mean[number], 0.0)
    result = groups.reduced(np.add, spread * spread) / size
    strange = groups.reduced(np.logical_or, present & ~np.isfinite(values))
    return np.where(strange, np.nan, result)


def _deviation(groups: Groups, values: Floats, present: Bools, counts: np.ndarray) -> Floats:
    return np.sqrt(_variance(groups, values, present, counts))


_SIMPLE = {"min": _minimum, "max": _maximum, "stdvar": _variance, "stddev": _deviation}


def _quantiles(groups: Groups, block: Block, phi: Floats) -> Floats:
    out = np.empty((len(groups.labels), block.steps))
    for number in range(len(groups.labels)):
        rows = groups.rows(number)
        out[number] = quantiles(block.values[rows], block.present[rows], phi)
    return out


def _sums(groups: Groups, block: Block, counts: np.ndarray, *, mean: bool) -> Floats:
    """Plain sums; again, with compensation, where they cancelled out or overflowed."""
    values = where(block.values, block.present, 0.0)
    total = groups.sums(values)
    size = np.maximum(counts, 1)
    if bool(values.min() >= 0) and not np.isinf(total).any():
        return total / size if mean else total
    absolute = groups.reduced(np.add, np.abs(values))
    overflown = np.isinf(absolute) & mean
    if overflown.any():
        overflown &= np.isfinite(groups.reduced(np.fmax, np.abs(values)))
    again = (np.isfinite(total) & (np.abs(total) < _ILL * absolute)) | overflown
    result = total / size if mean else total
    for number, step in cells(again):
        members = values[groups.rows(number), step]
        members = members[block.present[groups.rows(number), step]]
        result[number, step] = _compensated(members, float(size[number, step]), mean, bool(overflown[number, step]))
    return result


def _compensated(members: Floats, size: float, mean: bool, overflown: bool) -> float:
    sums, lost = np.zeros(1), np.zeros(1)
    for member in members:
        sums, lost = added(sums, lost, np.array([member / size if overflown else member]))
    scale = size if mean and not overflown else 1.0
    return float(sums[0] / scale + lost[0] / scale)


def _natives(scope: Scope, groups: Groups, block: Block, native: Bools, there: Bools, *, mean: bool) -> np.ndarray:
    """Sums of histograms; `there` loses the places where floats are among them."""
    assert block.histograms is not None
    out = no_objects(there.shape)
    for number in range(len(groups.labels)):
        rows = groups.rows(number)
        for step in np.flatnonzero(native[rows].any(axis=0)):
            if there[number, step]:
                scope.warn(_MIXED)
                there[number, step] = False
                continue
            members = [(int(row), at(block.histograms, int(row), int(step))) for row in rows if native[row, step]]
            out[number, step] = _total(scope, block, members, mean)
    return out


def _total(scope: Scope, block: Block, members: list[tuple[int, Histogram]], mean: bool) -> Histogram | None:
    running = Total(mean)
    for row, histogram in members:
        try:
            running.add(histogram)
        except IncompatibleSchemas:
            scope.warn(mixed_schemas(value_of(block.labels[row], NAME)))
            return None
    if running.reconciled:
        scope.inform(reconciled("aggregation"))
    if running.collision:
        scope.warn(collision("aggregation"))
    return running.result()
