"""What one query may take, and how much it has taken so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

from ..errors import TooLarge
from .answer import Read


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one query."""

    time_s: float = 30.0
    """After it the answer is what was found until then, and says so."""
    rows: int = 10_000_000
    """Spans whose columns are in memory at once."""
    bytes: int = 2**30
    """These columns."""
    traces: int = 10_000
    """Of one answer."""
    series: int = 10_000
    """Of one answer."""
    steps: int = 10_000
    """Timestamps of an answer."""


class Budget:
    """One query's; not for several threads."""

    def __init__(self, limits: Limits, now: Callable[[], float] = monotonic) -> None:
        self.limits = limits
        self._now = now
        self._end = now() + limits.time_s
        self._spans = 0
        self._bytes = 0
        self.partial = ""
        """Why the answer is partial."""

    @property
    def timeout_ms(self) -> int:
        """For a call of the core; at least 1."""
        return max(1, round((self._end - self._now()) * 1000))

    def over(self) -> bool:
        """Whether the time has run out; the answer is partial from then on."""
        if self._now() < self._end:
            return False
        self._ended("time")
        return True

    def took(self, read: Mapping[str, int], partial: str) -> None:
        """What a call of the core says about itself."""
        self._spans += read.get("spans", 0)
        self._bytes += read.get("bytes", 0)
        if partial:
            self._ended(partial)

    def too_large(self, trace_id: bytes, what: str) -> TooLarge:
        """Of a trace that must be read whole."""
        return TooLarge(f"trace {trace_id.hex()} has more than a query may take: {self._allowed(what)}")

    @property
    def read(self) -> Read:
        """So far."""
        return Read(self._spans, self._bytes)

    def _ended(self, what: str) -> None:
        self.partial = self.partial or (
            f"the query reached its limit of {self._allowed(what)}; narrow its time or its conditions"
        )

    def _allowed(self, what: str) -> str:
        limits = self.limits
        texts = {"time": f"{limits.time_s:g} s", "rows": f"{limits.rows:,} spans", "bytes": f"{limits.bytes >> 20} MiB"}
        texts["series"] = f"{limits.series:,} series"
        return texts.get(what, what)
