"""Policy not: traces that another policy would not sample."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ....component import Config
from ..policy import Matcher, Policy
from ..rows import Rows
from ..verdict import Verdict
from . import config

_OPPOSITE = {
    Verdict.SAMPLED: Verdict.NOT_SAMPLED,
    Verdict.NOT_SAMPLED: Verdict.SAMPLED,
    Verdict.INVERT_SAMPLED: Verdict.INVERT_NOT_SAMPLED,
    Verdict.INVERT_NOT_SAMPLED: Verdict.INVERT_SAMPLED,
}
_TURNED = np.array([_OPPOSITE.get(verdict, verdict) for verdict in Verdict if verdict >= 0], np.int8)


class NotConfig(Config):
    not_sub_policy: "config.PolicyConfig"
    """What this one samples is not sampled, and the other way round."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """A policy that can't be a part."""
        return config.part_problems("not_sub_policy", [self.not_sub_policy], listed=False)


class Not:
    """Turns the answers round; an error stays one."""

    def __init__(self, name: str, part: Policy) -> None:
        self.name = name
        self._part = part

    def matchers(self) -> Sequence[Matcher]:
        """Those of the part."""
        return self._part.matchers()

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """One look into a table."""
        return _TURNED[self._part.evaluate(rows, offset, now_s)]
