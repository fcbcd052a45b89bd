"""How much may pass in a time: for the policies that limit a rate.

Each asks in the order of rows. What fits is taken whole or not at all, and what doesn't fit leaves room for something
smaller behind it.
"""

import math

import numpy as np
from numpy.typing import NDArray


class TokenBucket:
    """Fills with `per_s` tokens a second up to `burst`, and is full at first."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = float(burst)
        self._filled_s = -math.inf

    def take(self, costs: NDArray[np.int64], now_s: float) -> NDArray[np.bool_]:
        """Which of these pass."""
        waited = max(now_s - self._filled_s, 0.0)
        self._tokens = min(self._burst, self._tokens + waited * self._per_s) if waited < math.inf else self._burst
        self._filled_s = now_s
        passed, used = fitting(costs, self._tokens)
        self._tokens -= used
        return passed


class SecondWindow:
    """At most `most` in each whole second."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._used = 0
        self._second = -1

    def take(self, costs: NDArray[np.int64], now_s: float) -> NDArray[np.bool_]:
        """Which of these pass."""
        if self._second != (second := math.floor(now_s)):
            self._second, self._used = second, 0
        passed, used = fitting(costs, self._most - self._used)
        self._used += used
        return passed


def fitting(costs: NDArray[np.int64], room: float) -> tuple[NDArray[np.bool_], int]:
    """Take in order what fits into the room that is left; answers which, and how much that is."""
    sums = np.cumsum(costs)
    passed = sums <= room
    if passed.all():
        return passed, int(sums[-1]) if len(sums) else 0
    first = int(passed.argmin())
    used = int(sums[first - 1]) if first else 0
    passed[first:] = False
    # Only what is small enough by itself has to be looked at one by one.
    small = first + np.flatnonzero(costs[first:] <= room - used)
    for at, cost in zip(small.tolist(), costs[small].tolist(), strict=True):
        if used + cost <= room:
            passed[at] = True
            used += cost
    return passed, used
