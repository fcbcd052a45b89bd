"""The arrays that a query is evaluated on."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .histograms.model import Histogram

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Objects: TypeAlias = NDArray[np.object_]
"""Of histograms and None."""

STALE_BITS = 0x7FF0000000000002
"""The bits of the number that marks the end of a series; as a number it is one of many NaN."""
STALE = float(np.array([STALE_BITS], dtype=np.uint64).view(np.float64)[0])


def stale(values: Floats) -> Bools:
    """Where a stale marker stands."""
    return np.ascontiguousarray(values).view(np.uint64) == STALE_BITS


def holds(objects: Objects) -> Bools:
    """Where there is something."""
    found = np.empty(objects.shape, dtype=np.bool_)
    flat = found.reshape(-1)
    flat[:] = [each is not None for each in objects.reshape(-1)]
    return found


def kept(histograms: Objects | None, wanted: Bools) -> Objects | None:
    """The histograms at some places."""
    if histograms is None:
        return None
    found = no_objects(wanted.shape)
    np.copyto(found, histograms, where=wanted)
    return found


def cells(wanted: Bools) -> list[tuple[int, int]]:
    """Row and column of every place."""
    rows, columns = np.nonzero(wanted)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]


def at(histograms: Objects | None, row: int, column: int) -> Histogram:
    """The histogram that is known to be there."""
    assert histograms is not None
    found: Any = histograms[row, column]
    assert isinstance(found, Histogram)
    return found


def no_objects(shape: tuple[int, ...]) -> Objects:
    """All None."""
    return np.full(shape, None, dtype=np.object_)
