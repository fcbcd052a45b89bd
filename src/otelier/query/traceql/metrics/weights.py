"""How many spans one span stands for, by the sampling that its trace state tells (OpenTelemetry's `ot=th:`)."""

import re

import numpy as np
from numpy.typing import NDArray

from ..evaluate.values import STRING, Values
from ..fields import CoreField

TRACE_STATE: CoreField = {"scope": "intrinsic", "key": "trace_state"}
_THRESHOLD = re.compile(r"(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,\s]|$)")
_DIGITS = 14


def weight(trace_state: str) -> float:
    """1 / probability; 1 where the trace state tells none.

    The threshold is the part of 56-bit random values that was rejected, written without zeros at its end.
    """
    found = _THRESHOLD.search(trace_state)
    if found is None:
        return 1.0
    rejected = int(found[1].ljust(_DIGITS, "0"), 16) / 16**_DIGITS
    return 1.0 / (1.0 - rejected)


def weights(states: Values) -> NDArray[np.float64]:
    """One per row."""
    if not len(states.texts):
        return np.ones(len(states))
    known = np.array([weight(text) for text in states.texts])
    strings = states.tags == STRING
    return np.where(strings, known[np.where(strings, states.data, 0)], 1.0)
