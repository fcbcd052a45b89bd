"""Policy composite: a number of spans per second, with a share for each of several policies.

The first policy that samples a trace decides about it. If the share of that policy is used up in this second, the
trace is not sampled: those behind are not asked. Shares that nobody uses stay unused, and shares count whole seconds.
Policies are asked in the order of `composite_sub_policy`, as the Collector does; `policy_order` changes nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ....component import Config, Remark
from ..limits import SecondWindow
from ..policy import Matcher, Policy, all_matchers
from ..rows import Rows
from ..verdict import Verdict, is_positive
from . import config


class RateAllocation(Config):
    policy: str
    """Name of one of `composite_sub_policy`."""
    percent: Annotated[int, Meta(ge=0, le=100)] = 0
    """Its share of `max_total_spans_per_second`; 0 = an equal share."""


class CompositeConfig(Config):
    max_total_spans_per_second: Annotated[int, Meta(gt=0)]
    """What the shares are of; no policy samples more than this in a second."""
    policy_order: tuple[str, ...] = ()
    """Accepted without effect, as in the Collector: the order of `composite_sub_policy` counts."""
    composite_sub_policy: "Annotated[tuple[config.PolicyConfig, ...], Meta(min_length=1)]"
    """Asked in this order. Each needs a name of its own."""
    rate_allocation: tuple[RateAllocation, ...] = ()
    """A policy without an entry gets an equal share: the total by the number of policies."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Of the parts."""
        yield from config.part_problems("composite_sub_policy", self.composite_sub_policy)
        yield from config.name_problems("composite_sub_policy", self.composite_sub_policy)

    def remarks(self) -> Iterable[Remark]:
        """Names that nobody has, shares of more than there is."""
        known = {part.name for part in self.composite_sub_policy}
        named = {"policy_order": self.policy_order, "rate_allocation": [each.policy for each in self.rate_allocation]}
        for key, names in named.items():
            for at, name in enumerate(names):
                path = f"{key}.{at}" if key == "policy_order" else f"{key}.{at}.policy"
                if name not in known:
                    there = ", ".join(f"`{each}`" for each in sorted(known))
                    yield Remark(path, f"`{name}` has no effect: it is none of composite_sub_policy ({there})")
                elif name in names[at + 1 :]:
                    yield Remark(path, f"`{name}` is named again below, and only that counts")
        if (total := sum(entry.percent for entry in self.rate_allocation)) > 100:
            what = f"the percentages add up to {total}: together the policies may sample more than the total"
            yield Remark("rate_allocation", what, "as in the Collector each has its share for itself")

    def shares(self, *, unnamed_too: bool) -> list[int]:
        """Spans per second of each policy; one without an entry gets nothing, unless `unnamed_too`."""
        total = self.max_total_spans_per_second
        equal = total / len(self.composite_sub_policy)
        given = {e.policy: e.percent / 100 * total if e.percent else equal for e in self.rate_allocation}
        return [int(given.get(part.name, equal if unnamed_too else 0)) for part in self.composite_sub_policy]


class Composite:
    """One window per part; `shares` are spans per second."""

    def __init__(self, name: str, parts: Sequence[Policy], shares: Sequence[int]) -> None:
        self.name = name
        self._parts = [(part, SecondWindow(share)) for part, share in zip(parts, shares, strict=True)]
        self._matchers = all_matchers(parts)
        self.part_names = tuple(part.name for part in parts)
        self.chosen: NDArray[np.intp] = np.empty(0, np.intp)
        """For each of the rows asked about last, which part sampled it; -1: none."""

    def matchers(self) -> Sequence[Matcher]:
        """Those of the parts."""
        return self._matchers

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """Each part is asked about what no part before it wanted."""
        verdicts = np.full(len(rows), Verdict.NOT_SAMPLED, np.int8)
        self.chosen = np.full(len(rows), -1, np.intp)
        left = np.arange(len(rows))
        for at, (part, window) in enumerate(self._parts):
            said = part.evaluate(rows.take(left), offset, now_s)
            wanted = is_positive(said)
            passed = left[wanted][window.take(rows.spans[left[wanted]], now_s)]
            verdicts[passed] = Verdict.SAMPLED
            self.chosen[passed] = at
            verdicts[left[said == Verdict.ERROR]] = Verdict.ERROR
            left = left[~wanted & (said != Verdict.ERROR)]
            offset += len(part.matchers())
        return verdicts
