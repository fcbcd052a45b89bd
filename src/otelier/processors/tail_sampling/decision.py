"""From what policies say to what happens with each trace.

A drop wins over everything, then a veto of the old `invert_match`, then any "sampled", then an old inverted "sampled"
if nobody said "not sampled". Everything else is not sampled. Policies that drop stand first (see `make_policies`), and
what one drops isn't offered to the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...component import OtelierError
from .policy import Policy
from .rows import Rows
from .verdict import Verdict

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Decisions:
    """About all rows; columns are in their order."""

    verdicts: NDArray[np.int8]
    """Final: SAMPLED, NOT_SAMPLED or DROPPED."""
    deciders: NDArray[np.intp]
    """Index of the first policy that said so; `NOBODY` where no policy wanted the trace."""
    matrix: NDArray[np.int8]
    """(policies, rows): what each policy said."""

    @property
    def errors(self) -> NDArray[np.intp]:
        """Per policy, for how many rows it could not tell."""
        return np.count_nonzero(self.matrix == Verdict.ERROR, axis=1)


def decide(policies: Sequence[Policy], rows: Rows, now_s: float, *, first_match: bool = False) -> Decisions:
    """Ask all policies about all rows.

    `first_match`: what is sampled by one is not offered to those behind it. `now_s`: monotonic seconds.
    """
    matrix = np.full((len(policies), len(rows)), Verdict.NOT_ASKED, np.int8)
    still_open = np.arange(len(rows))
    offset = 0
    for at, policy in enumerate(policies):
        if len(still_open):
            asked = rows if len(still_open) == len(rows) else rows.take(still_open)
            verdicts = _ask(policy, asked, offset, now_s)
            matrix[at, still_open] = verdicts
            closed = verdicts == Verdict.DROPPED
            if first_match:
                closed |= verdicts == Verdict.SAMPLED
            still_open = still_open[~closed]
        offset += len(policy.matchers())
    return _decisions(matrix)


def _ask(policy: Policy, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
    try:
        return policy.evaluate(rows, offset, now_s)
    except OtelierError:
        return np.full(len(rows), Verdict.ERROR, np.int8)


def _decisions(matrix: NDArray[np.int8]) -> Decisions:
    rows = matrix.shape[1]
    verdicts = np.full(rows, Verdict.NOT_SAMPLED, np.int8)
    deciders = np.full(rows, NOBODY, np.intp)
    negative = (matrix == Verdict.NOT_SAMPLED).any(axis=0)
    # From the weakest to the strongest, so that the last one to write wins.
    for said, means in (
        (Verdict.INVERT_SAMPLED, Verdict.SAMPLED),
        (Verdict.SAMPLED, Verdict.SAMPLED),
        (Verdict.INVERT_NOT_SAMPLED, Verdict.NOT_SAMPLED),
        (Verdict.DROPPED, Verdict.DROPPED),
    ):
        here = matrix == said
        found = here.any(axis=0)
        if said is Verdict.INVERT_SAMPLED:
            found &= ~negative
        if found.any():
            verdicts[found] = means
            deciders[found] = here[:, found].argmax(axis=0)
    return Decisions(verdicts, deciders, matrix)
