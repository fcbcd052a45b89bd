"""Which rows of several integer columns are equal."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = NDArray[np.int64] | NDArray[np.uint64] | NDArray[np.uint8]


def distinct(*columns: Column) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Of each distinct row its first place, in the columns' order; and for each row the number of its own."""
    rows = len(columns[0])
    order = np.lexsort(columns[::-1])
    new = np.zeros(rows, np.bool_)
    new[:1] = True
    for column in columns:
        ordered = column[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    numbers = np.empty(rows, np.int64)
    numbers[order] = np.cumsum(new) - 1
    return order[new], numbers
