"""Policy latency: traces that take long, from the first start to the last end.

The Collector judges while it goes over the spans, so that with `upper_threshold_ms` it may sample a longer trace for
the sake of its first spans. Here the whole trace counts, as its documentation says.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ....component import Config, Remark
from ..policy import Matcher
from ..rows import Rows
from ..verdict import sampled_where

_NS_PER_MS = 10**6


class LatencyConfig(Config):
    threshold_ms: Annotated[int, Meta(ge=0)] = 0
    """A trace that takes longer is sampled."""
    upper_threshold_ms: Annotated[int, Meta(ge=0)] = 0
    """One that takes longer than this is not; 0 = no such limit."""

    def remarks(self) -> Iterable[Remark]:
        """A range that holds nothing."""
        if 0 < self.upper_threshold_ms <= self.threshold_ms:
            what = f"is not above threshold_ms ({self.threshold_ms}): this policy samples nothing, as in the Collector"
            yield Remark("upper_threshold_ms", what, "write a larger one, or 0 for no limit")


class Latency:
    """`above`: a trace of exactly the threshold is too short, as it always is with an upper one."""

    def __init__(self, name: str, cfg: LatencyConfig, *, above: bool) -> None:
        self.name = name
        self._cfg = cfg
        self._above = above or cfg.upper_threshold_ms > 0

    def matchers(self) -> Sequence[Matcher]:
        """None."""
        return ()

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """Compare whole milliseconds."""
        del offset, now_s
        took_ns = (rows.last_end_ns - rows.first_start_ns).view(np.int64)
        took_ms = np.sign(took_ns) * (np.abs(took_ns) // _NS_PER_MS)
        threshold, upper = self._cfg.threshold_ms, self._cfg.upper_threshold_ms
        long = took_ms > threshold if self._above else took_ms >= threshold
        return sampled_where(long & (took_ms <= upper) if upper else long)
