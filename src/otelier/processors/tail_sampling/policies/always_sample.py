"""Policy always_sample: every trace."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..policy import Matcher
from ..rows import Rows
from ..verdict import Verdict


class AlwaysSample:
    """Says yes."""

    def __init__(self, name: str) -> None:
        self.name = name

    def matchers(self) -> Sequence[Matcher]:
        """None."""
        return ()

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """SAMPLED for all rows."""
        del offset, now_s
        return np.full(len(rows), Verdict.SAMPLED, np.int8)
