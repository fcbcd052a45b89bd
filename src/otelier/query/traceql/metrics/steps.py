"""Buckets of time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MS = 1_000_000
_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Steps:
    """Bucket i has what starts in (start + i · step, start + (i + 1) · step] and is labelled by its right edge."""

    start_ns: int
    step_ns: int
    count: int
    seconds: float
    """That a rate divides by."""
    last_ns: int
    """The last nanosecond that counts."""

    @classmethod
    def over(cls, start_ns: int, end_ns: int, step_ns: int) -> "Steps":
        """Whole steps, as many as it takes to reach the end; what starts after the end doesn't count."""
        count = max(1, -(-(end_ns - start_ns) // step_ns))
        return cls(start_ns, step_ns, count, step_ns / _S, end_ns)

    @classmethod
    def instant(cls, start_ns: int, end_ns: int) -> "Steps":
        """One bucket, both ends included."""
        return cls(start_ns - 1, end_ns - start_ns + 1, 1, max(end_ns - start_ns, 1) / _S, end_ns)

    @property
    def first_ns(self) -> int:
        """The first nanosecond that counts."""
        return self.start_ns + 1

    @property
    def timestamps_ms(self) -> tuple[int, ...]:
        """Of the buckets."""
        return tuple((self.start_ns + number * self.step_ns) // _MS for number in range(1, self.count + 1))

    def numbers(self, starts_ns: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The bucket of each start, all of which count."""
        since = starts_ns - np.uint64(self.first_ns) if self.first_ns >= 0 else starts_ns + np.uint64(-self.first_ns)
        return (since // np.uint64(self.step_ns)).astype(np.int64)
