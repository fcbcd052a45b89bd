"""memory_limiter: refuse data while memory is short, so that senders keep it and the process lives.

Two measures, either of which refuses (retryable: senders offer the same data again):
- The exact bytes of all telemetry that is held, asked at every batch: at or above the soft limit
  (limit - spike) data is refused, below it is taken, without waiting for a check.
- The process's resident memory (without pages of files), looked at every `check_interval`: at or above the hard
  limit unused memory is given back to the system, and data is refused until a later look finds it below.
Put it first in a pipeline: what stands before it is not protected.
"""

from collections.abc import Iterator
from typing import Literal

from ...component import BoundCounter, Processor, Refused, StartError, processor
from ...telemetry import Batch, Signal, items_suffix
from .checker import Checker
from .config import MemoryLimiterConfig

__all__ = ["MemoryLimiter", "MemoryLimiterConfig"]


@processor("memory_limiter", signals={"traces", "metrics", "logs"}, stability="beta")
class MemoryLimiter(Processor):
    cfg: MemoryLimiterConfig

    def setup(self) -> None:
        self._checker: Checker | None = None
        self._counters: dict[tuple[str, Signal], tuple[BoundCounter, ...]] = {}

    def start(self) -> None:
        try:
            checker = Checker.shared(self.cfg, self.ctx.clock)
        except OSError as error:
            raise StartError(f"{self.ctx.id}: limit_percentage can't be used here, set limit_mib: {error}") from error
        checker.open()
        self._checker = checker

    def stop(self, deadline: float) -> None:
        if self._checker:
            self._checker.close()
            self._checker = None

    def process(self, batch: Batch) -> Batch:
        why = self._checker.why_refused() if self._checker else None
        self._count("refused" if why else "accepted", batch)
        if why:
            raise Refused(f"{why}; try again later", limit="memory", after_s=self.cfg.check_interval)
        return batch

    def _count(self, outcome: Literal["accepted", "refused"], batch: Batch) -> None:
        counters = self._counters.get((outcome, batch.signal))
        if counters is None:
            counters = self._counters[outcome, batch.signal] = tuple(self._bind(outcome, items_suffix(batch.signal)))
        for counter in counters:
            counter.add(batch.items)

    def _bind(self, outcome: str, suffix: str) -> Iterator[BoundCounter]:
        # The second is the name before the Collector gave each processor names of its own.
        for name in (f"memory_limiter_{outcome}", outcome):
            counter = self.ctx.meter.counter(
                f"otelcol_processor_{name}_{suffix}", "{item}", f"{suffix} {outcome} by memory limiters."
            )
            yield counter.bind(processor=str(self.ctx.id))
