"""Which of many codes occur, and for each code its place among them: without sorting where codes are small."""

import numpy as np
from numpy.typing import NDArray

_SMALL = 1 << 22
_SPARSE = 64
"""Of so many codes one that occurs costs less when sorted."""


def numbered(codes: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Those that occur, ascending, and the place of each code in them. Codes are 0 … `size` - 1."""
    if size > min(_SMALL, _SPARSE * len(codes)):
        present, own = np.unique(codes, return_inverse=True)
        return present, own.reshape(-1).astype(np.int64)
    there = np.zeros(size, np.bool_)
    there[codes] = True
    return np.flatnonzero(there).astype(np.int64), (np.cumsum(there) - 1)[codes]
