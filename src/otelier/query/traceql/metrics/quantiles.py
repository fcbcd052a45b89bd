"""Quantiles of the numbers in cells."""

from collections.abc import Sequence

import numpy as np

from .cells import Floats, Ints, Values

_ROUNDING = 1e-12


def quantiles(values: Values, wanted: Sequence[float]) -> tuple[Ints, list[Floats]]:
    """The cells that have numbers, and for each quantile their values.

    A quantile q is the least number such that at least the part q of all numbers isn't above it: it is always one of
    the numbers (or of the middles that stand for them), so it doesn't depend on how far apart they are.
    """
    order = np.lexsort((values.numbers, values.cells))
    cells, numbers = values.cells[order], values.numbers[order]
    present, first = np.unique(cells, return_index=True)
    if not len(present):
        return present, [np.zeros(0) for _ in wanted]
    last = np.append(first[1:], len(cells)) - 1
    sums = np.cumsum(values.weights[order])
    before = np.where(first > 0, sums[first - 1], 0.0)
    totals = sums[last] - before
    found: list[Floats] = []
    for quantile in wanted:
        places = np.searchsorted(sums, before + totals * (quantile - _ROUNDING))
        found.append(numbers[np.clip(places, first, last)])
    return present, found
