"""Policy status_code: traces with a span that ended with one of some status codes."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ....component import Config
from ..policy import Matcher
from ..rows import Rows
from ..verdict import sampled_where

_BITS = {"UNSET": 1 << 0, "OK": 1 << 1, "ERROR": 1 << 2}


class StatusCodeConfig(Config):
    status_codes: Annotated[tuple[Literal["OK", "ERROR", "UNSET"], ...], Meta(min_length=1)]
    """A span with one of these is enough."""


class StatusCode:
    """Compares bits: one per code."""

    def __init__(self, name: str, cfg: StatusCodeConfig) -> None:
        self.name = name
        self._mask = np.uint8(sum(_BITS[code] for code in set(cfg.status_codes)))

    def matchers(self) -> Sequence[Matcher]:
        """None."""
        return ()

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """SAMPLED where a code was seen."""
        del offset, now_s
        return sampled_where((rows.status_codes & self._mask) != 0)
