"""Policy span_count: traces with a number of spans within a range."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ....component import Config, Remark
from ..policy import Matcher
from ..rows import Rows
from ..verdict import sampled_where


class SpanCountConfig(Config):
    min_spans: Annotated[int, Meta(ge=0)] = 0
    """At least so many."""
    max_spans: Annotated[int, Meta(ge=0)] = 0
    """At most so many; 0 = no such limit."""

    def remarks(self) -> Iterable[Remark]:
        """A range that holds nothing."""
        if 0 < self.max_spans < self.min_spans:
            what = f"is less than min_spans ({self.min_spans}): this policy samples nothing, as in the Collector"
            yield Remark("max_spans", what, "write a larger one, or 0 for no limit")


class SpanCount:
    """Compares counts."""

    def __init__(self, name: str, cfg: SpanCountConfig) -> None:
        self.name = name
        self._cfg = cfg

    def matchers(self) -> Sequence[Matcher]:
        """None."""
        return ()

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """SAMPLED where the number of spans is in the range, limits included."""
        del offset, now_s
        enough = rows.spans >= self._cfg.min_spans
        return sampled_where(enough & (rows.spans <= self._cfg.max_spans) if self._cfg.max_spans else enough)
