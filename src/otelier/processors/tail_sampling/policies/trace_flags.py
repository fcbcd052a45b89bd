"""Policy trace_flags: traces with a span whose W3C trace flags say that it was sampled."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..policy import Matcher
from ..rows import Rows
from ..verdict import sampled_where

_SAMPLED = np.uint32(1)


class TraceFlags:
    """Looks at one bit."""

    def __init__(self, name: str) -> None:
        self.name = name

    def matchers(self) -> Sequence[Matcher]:
        """None."""
        return ()

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """SAMPLED where any span has the bit."""
        del offset, now_s
        return sampled_where((rows.flags & _SAMPLED) != 0)
