"""Policy bytes_limiting: as many traces as fit into a number of bytes per second, each whole or not at all."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ....component import Config
from ..limits import TokenBucket
from ..policy import Matcher
from ..rows import Rows
from ..verdict import sampled_where


class BytesLimitingConfig(Config):
    bytes_per_second: Annotated[int, Meta(gt=0)]
    """Encoded size (OTLP) of sampled traces, on average."""
    burst_capacity: Annotated[int, Meta(ge=0)] = 0
    """So many bytes may be sampled at once after a quiet time. A larger trace is never sampled by this policy.
    0 = twice as many as `bytes_per_second`."""


class BytesLimiting:
    """Keeps a token bucket."""

    def __init__(self, name: str, cfg: BytesLimitingConfig) -> None:
        self.name = name
        self._bucket = TokenBucket(cfg.bytes_per_second, cfg.burst_capacity or 2 * cfg.bytes_per_second)

    def matchers(self) -> Sequence[Matcher]:
        """None."""
        return ()

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """SAMPLED where the trace still fits."""
        del offset
        return sampled_where(self._bucket.take(rows.size_bytes, now_s))
