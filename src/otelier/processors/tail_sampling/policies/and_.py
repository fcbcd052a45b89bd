"""Policy and: traces that several policies would sample."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ....component import Config
from ..policy import Matcher, Policy, all_matchers
from ..rows import Rows
from ..verdict import Verdict, is_positive
from . import config


class AndConfig(Config):
    and_sub_policy: "Annotated[tuple[config.PolicyConfig, ...], Meta(min_length=1)]"
    """All of these have to sample the trace. One that limits a rate counts only what those before it let pass."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Policies that can't be parts."""
        return config.part_problems("and_sub_policy", self.and_sub_policy)


class And:
    """Asks one after the other, each only about what all before it have sampled."""

    yes = Verdict.SAMPLED

    def __init__(self, name: str, parts: Sequence[Policy]) -> None:
        self.name = name
        self._parts = parts
        self._matchers = all_matchers(parts)

    def matchers(self) -> Sequence[Matcher]:
        """Those of the parts."""
        return self._matchers

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """`yes`, NOT_SAMPLED, or the error that came before a no."""
        verdicts = np.full(len(rows), self.yes, np.int8)
        left = np.arange(len(rows))
        for part in self._parts:
            said = part.evaluate(rows.take(left), offset, now_s)
            go_on = is_positive(said)
            verdicts[left] = np.where(go_on, self.yes, np.where(said == Verdict.ERROR, said, Verdict.NOT_SAMPLED))
            left = left[go_on]
            offset += len(part.matchers())
        return verdicts
