"""Spans and log records from the log to segments: what may wait because its trace goes on, and what it is joined with.

Traces that go on are carried into the next generation, so that they stay whole; the fuller the log, the less.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..._core import Disk, Flushed, Log, flush
from ...component import Clock
from ..segmented import flush as segmented
from ..segmented.counters import Counters
from ..segmented.kind import Built
from ..segmented.manifest import Manifest
from ..settings import StoreSettings
from .kind import built
from .manifest import Segment, State

_S = 10**9
_RECENT = 32
"""So many of the newest segments of each tenant are looked through for the beginnings of traces, and for duplicates."""

Work: TypeAlias = Callable[..., Flushed]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long traces that go on may be carried, ns."""

    idle_ns: int
    max_open_ns: int


NONE = Patience(0, 0)


def patience(settings: StoreSettings, unflushed_bytes: int) -> Patience:
    """As configured while the log is at most half full; a fifth of it up to three quarters; none above."""
    full = unflushed_bytes / settings.max_unflushed_bytes
    share = 1.0 if full <= 0.5 else 0.2 if full <= 0.75 else 0.0
    return Patience(round(settings.flush.idle * share * _S), round(settings.flush.max_open * share * _S))


class Flusher(segmented.Flusher[Segment]):
    """Of traces and logs."""

    def __init__(
        self,
        disk: Disk,
        log: Log,
        manifest: Manifest[Segment],
        clock: Clock,
        settings: StoreSettings,
        counters: Counters,
        work: Work = flush,
    ) -> None:
        """`work` writes the segments; tests give another one."""
        super().__init__(disk, log, manifest, clock, settings.flush, counters)
        self._telemetry = log
        self._settings = settings
        self._work = work
        # What an earlier process left was stamped by a clock that may have been ahead: nothing of it may wait.
        self._first = True

    def flush(self, now_ns: int, *, everything: bool = False) -> State:
        """As `segmented.Flusher.flush`; traces that go on wait. Raises OSError."""
        state = super().flush(now_ns, everything=everything)
        self._first = False
        return state

    def build(self, generations: list[int], now_ns: int, *, everything: bool) -> Built[Segment]:
        """Raises OSError."""
        unhurried = NONE if everything or self._first else patience(self._settings, self._log.unflushed_bytes)
        done = self._work(
            self._disk,
            self._telemetry,
            generations,
            now_ns=now_ns,
            idle_ns=unhurried.idle_ns,
            max_open_ns=unhurried.max_open_ns,
            recent=self._recent(),
        )
        return built(done, generations[-1], now_ns)

    def _recent(self) -> list[str]:
        tenants: defaultdict[str, list[Segment]] = defaultdict(list)
        for each in self._manifest.state.segments.values():
            if each.signal == "traces":
                tenants[each.tenant].append(each)
        newest = (sorted(each, key=lambda one: one.generation)[-_RECENT:] for each in tenants.values())
        return [segment.path for of_tenant in newest for segment in of_tenant]
