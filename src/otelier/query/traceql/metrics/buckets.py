"""Numbers put together by size, so that many of them become few."""

import numpy as np
from numpy.typing import NDArray

from .numbering import numbered

PER_OCTAVE = 64
LEAST_EXPONENT = 1075
"""The core's buckets: k > 0 is 2^((k - 1)/64 - 1075) <= v < 2^(k/64 - 1075), -k the same below 0, and 0 is 0."""

_ALONE_MAX = 6
"""2^6 · 2^(1/64) is less than 65."""


def middles(buckets: NDArray[np.float64]) -> NDArray[np.float64]:
    """What stands for the numbers of a bucket: at most 0.55 % off."""
    return np.sign(buckets) * np.exp2((np.abs(buckets) - 0.5) / PER_OCTAVE - LEAST_EXPONENT)


def buckets(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bucket of each; at an edge, of its neighbour where logarithms round."""
    there = numbers != 0
    logarithms = np.log2(np.abs(numbers), out=np.zeros(len(numbers)), where=there)
    sizes = np.floor((logarithms + LEAST_EXPONENT) * PER_OCTAVE) + 1
    return np.where(there, np.sign(numbers) * sizes, 0).astype(np.int64)


def powers(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least power of two that isn't less; 0 for what isn't above 0."""
    positive = numbers > 0
    mantissas, exponents = np.frexp(np.where(positive, numbers, 1.0))
    # frexp gives 0.5 <= mantissa < 1, so a power of two has the mantissa 0.5 and belongs one exponent lower.
    edges = np.ldexp(1.0, np.where(mantissas == 0.5, exponents - 1, exponents))
    return np.where(positive, edges, 0.0)


def powers_of_buckets(numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """The same of whole numbers in these buckets.

    A bucket whose lower edge is a power of two has that number and some more; where it has no other whole number it
    belongs one power lower. Larger numbers that are exactly a power of two are told one power too high.
    """
    lower = (numbers - 1) // PER_OCTAVE - LEAST_EXPONENT
    alone = ((numbers - 1) % PER_OCTAVE == 0) & (lower <= _ALONE_MAX)
    return np.where(numbers > 0, np.ldexp(1.0, np.where(alone, lower, lower + 1)), 0.0)


def together(
    cells: NDArray[np.int64], codes: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Equal codes of a cell as one, with the sum of their weights."""
    if not len(cells):
        return cells, codes, weights
    least = int(codes.min())
    width = int(codes.max()) - least + 1
    present, own = numbered(cells * width + (codes - least), (int(cells.max()) + 1) * width)
    sums = np.bincount(own, weights, len(present)).astype(np.float64)
    return present // width, present % width + least, sums
