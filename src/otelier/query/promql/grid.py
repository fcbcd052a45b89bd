"""The moments at which an expression is evaluated."""

from dataclasses import dataclass

import numpy as np

from .arrays import Ints


@dataclass(frozen=True, slots=True)
class Grid:
    """`count` moments, milliseconds since the epoch, `step_ms` apart."""

    start_ms: int
    step_ms: int
    count: int

    @property
    def end_ms(self) -> int:
        """The last moment."""
        return self.start_ms + self.step_ms * (self.count - 1)

    @property
    def times(self) -> Ints:
        """All moments."""
        return self.start_ms + self.step_ms * np.arange(self.count, dtype=np.int64)

    @property
    def first(self) -> "Grid":
        """The first moment alone."""
        return Grid(self.start_ms, self.step_ms, 1)


def grid(start_ms: int, end_ms: int, step_ms: int) -> Grid:
    """From the start as long as the end is not passed; an instant has a step of 0."""
    if step_ms <= 0:
        return Grid(start_ms, 1, 1)
    return Grid(start_ms, step_ms, max((end_ms - start_ms) // step_ms + 1, 0))
