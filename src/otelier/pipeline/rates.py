"""How fast counters grow, from one look at them to the next: nobody looks, nothing is spent."""

import threading
from collections import deque
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

from ..component import Clock

_K = TypeVar("_K", bound=Hashable)
_REMEMBERED_S = 30.0
_APART_S = 1.0


class Rates(Generic[_K]):
    """Safe for threads, and for several people who look."""

    def __init__(self, clock: Clock) -> None:
        """All counters are 0 now."""
        self._clock = clock
        self._began_s = clock.monotonic()
        self._lock = threading.Lock()
        self._looks: deque[tuple[float, dict[_K, float]]] = deque()

    def look(self, values: Mapping[_K, float]) -> tuple[dict[_K, float], float]:
        """Growth per second of each counter, and over how many seconds.

        That is since the longest ago look of the last 30 seconds, or since the beginning if there was none.
        """
        now = self._clock.monotonic()
        with self._lock:
            while self._looks and self._looks[0][0] < now - _REMEMBERED_S:
                self._looks.popleft()
            then, before = next(iter(self._looks), (self._began_s, dict[_K, float]()))
            if now - then < _APART_S:
                then, before = self._began_s, {}
            if not self._looks or now - self._looks[-1][0] >= _APART_S:
                self._looks.append((now, dict(values)))
        over = now - then
        return {key: (value - before.get(key, 0)) / over if over else 0.0 for key, value in values.items()}, over
