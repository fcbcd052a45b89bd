"""What the policies on attributes have in common: one matcher, whose bit may be turned round."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..policy import Matcher
from ..rows import Rows
from ..verdict import Verdict, sampled_where


class MatchPolicy:
    """SAMPLED where the matcher found something or, with `invert`, where it found nothing.

    `plain`: without the special verdicts that inversion had before version 0.144 of the Collector.
    """

    def __init__(self, name: str, matcher: Matcher, *, invert: bool = False, plain: bool = True) -> None:
        self.name = name
        self._matchers = (matcher,)
        self._invert = invert
        self._plain = plain

    def matchers(self) -> Sequence[Matcher]:
        """The one."""
        return self._matchers

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """Read the bit."""
        del now_s
        found = rows.matches[offset]
        if not self._invert:
            return sampled_where(found)
        if self._plain:
            return sampled_where(~found)
        return np.where(found, Verdict.INVERT_NOT_SAMPLED, Verdict.INVERT_SAMPLED).astype(np.int8)
