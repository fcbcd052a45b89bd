"""Policy rate_limiting: as many traces as fit into a number of spans per second, each whole or not at all."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ....component import Config
from ..limits import SecondWindow, TokenBucket
from ..policy import Matcher
from ..rows import Rows
from ..verdict import sampled_where


class RateLimitingConfig(Config):
    spans_per_second: Annotated[int, Meta(gt=0)]
    """Spans of sampled traces, on average."""
    burst_capacity: Annotated[int, Meta(ge=0)] = 0
    """So many spans may be sampled at once after a quiet time. A trace with more spans is never sampled by this policy.
    0 = twice as many as `spans_per_second`."""


class RateLimiting:
    """`bucket`: by a token bucket; otherwise fewer than the limit in each second."""

    def __init__(self, name: str, cfg: RateLimitingConfig, *, bucket: bool) -> None:
        self.name = name
        rate = cfg.spans_per_second
        self._limit = TokenBucket(rate, cfg.burst_capacity or 2 * rate) if bucket else SecondWindow(rate - 1)

    def matchers(self) -> Sequence[Matcher]:
        """None."""
        return ()

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """SAMPLED where the trace still fits."""
        del offset
        return sampled_where(self._limit.take(rows.spans, now_s))
