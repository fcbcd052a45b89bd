"""What a policy says about a trace."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Verdict(IntEnum):
    """One policy's answer for one trace; as int8 in arrays."""

    NOT_ASKED = -1
    """The decision stood already: only in the matrix of `Decisions`."""
    NOT_SAMPLED = 0
    SAMPLED = 1
    DROPPED = 2
    INVERT_NOT_SAMPLED = 3
    """A veto of `invert_match`, before version 0.144 of the Collector."""
    INVERT_SAMPLED = 4
    """Sampled by `invert_match` unless a policy says NOT_SAMPLED, before 0.144."""
    ERROR = 5
    """The policy could not tell; it counts as if it had not been there."""


def sampled_where(hit: NDArray[np.bool_]) -> NDArray[np.int8]:
    """SAMPLED where true, NOT_SAMPLED elsewhere."""
    return hit.astype(np.int8)


def is_positive(verdicts: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Where a policy that is part of another one counts as a yes."""
    return (verdicts == Verdict.SAMPLED) | (verdicts == Verdict.INVERT_SAMPLED)
