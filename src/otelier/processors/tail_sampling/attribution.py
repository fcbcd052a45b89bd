"""Which policy kept a trace, written into the scopes of its spans, as the Collector's gate `recordpolicy` does."""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..._core import Edit
from ...ottl import forms
from .decision import Decisions
from .policies import Composite
from .policy import Policy
from .verdict import Verdict

_WHOLE = -1
"""In the place of the part of a composite policy: it has none."""


def of_late_spans() -> Edit:
    """For spans that follow a remembered decision. Of which policy that was is not remembered."""
    return _edit(("tailsampling.cached_decision", True))


def attributed(policies: Sequence[Policy], decisions: Decisions) -> Iterator[tuple[NDArray[np.bool_], Edit]]:
    """For each policy that kept traces: which rows (a mask), and what to write into their scopes.

    To be asked before the policies judge anything else: composite ones know about the last rows only.
    """
    kept = decisions.verdicts == Verdict.SAMPLED
    for at, policy in enumerate(policies):
        mine = kept & (decisions.deciders == at)
        if not mine.any():
            continue
        if not isinstance(policy, Composite):
            yield mine, _edit(("tailsampling.policy", policy.name))
            continue
        parts = np.full(len(kept), _WHOLE, np.intp)
        parts[decisions.matrix[at] != Verdict.NOT_ASKED] = policy.chosen
        for part, name in enumerate(policy.part_names):
            if (rows := mine & (parts == part)).any():
                yield rows, _edit(("tailsampling.policy", policy.name), ("tailsampling.composite_policy", name))


@cache
def _edit(*attributes: tuple[str, str | bool]) -> Edit:
    actions = [forms.set_attribute(key, forms.constant(value)) for key, value in attributes]
    return forms.edit("traces", [forms.step("scope", actions)])
