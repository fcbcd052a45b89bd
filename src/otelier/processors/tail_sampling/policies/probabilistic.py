"""Policy probabilistic: a percentage of all traces, the same ones in every process with the same salt.

The hash is FNV-1a with 64 bits (Fowler, Noll, Vo) over the salt and the trace id, as in the Collector, so that
Otelier and Collectors side by side sample the same traces.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ....component import Config
from ..policy import Matcher
from ..rows import Rows
from ..verdict import sampled_where

_BASIS = 0xCBF29CE484222325
_PRIME = 0x100000001B3
_MAX = 2**64 - 1


class ProbabilisticConfig(Config):
    sampling_percentage: Annotated[float, Meta(ge=0, le=100)] = 0.0
    """Of all trace ids."""
    hash_salt: str = "default-hash-seed"
    """Another salt samples other traces. Collectors behind each other need different ones: with the same, the second
    samples what the first did."""


class Probabilistic:
    """Compares a hash with a threshold."""

    def __init__(self, name: str, cfg: ProbabilisticConfig) -> None:
        self.name = name
        self._salted = np.uint64(fnv1a(cfg.hash_salt.encode()))
        self._threshold = np.uint64(threshold_of(cfg.sampling_percentage / 100))

    def matchers(self) -> Sequence[Matcher]:
        """None."""
        return ()

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """One byte of all ids at a time."""
        del offset, now_s
        ids = np.frombuffer(rows.trace_ids, np.uint8).reshape(-1, 16).astype(np.uint64)
        hashes = np.full(len(rows), self._salted, np.uint64)
        for at in range(16):
            hashes ^= ids[:, at]
            hashes *= np.uint64(_PRIME)
        return sampled_where(hashes <= self._threshold)


def fnv1a(data: bytes) -> int:
    """The 64-bit FNV-1a hash."""
    value = _BASIS
    for byte in data:
        value = (value ^ byte) * _PRIME & _MAX
    return value


def threshold_of(ratio: float) -> int:
    """The greatest hash that is sampled: this part of the greatest 64-bit number.

    The product is rounded to 64 binary digits before its fraction is cut off, because the Collector's is.
    """
    if ratio >= 1:
        return _MAX
    exact = Fraction(ratio) * _MAX
    scale = Fraction(2) ** (64 - int(exact).bit_length())
    return int(round(exact * scale) / scale)
