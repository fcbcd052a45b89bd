"""A data directory opened for questions from Python, also while Otelier runs on it."""

from pathlib import Path
from types import TracebackType
from typing import Self

from ..component import SystemClock
from .gate import Gate
from .metrics import Metrics
from .promql import Answer as PromQLAnswer
from .promql import Engine as PromQL
from .promql import Options as PromQLOptions
from .snapshot import Snapshot
from .sql.engine import Result, Sql
from .sql.limits import Limits
from .traceql.answer import SearchAnswer
from .traceql.engine import TraceQL

_AT_ONCE = 4
_WAITING = 1000
_MS = 10**6


class Opened:
    """What `otelier.open` gives; for any number of threads.

    Times are nanoseconds since 1970; `end_ns` 0: no end. Questions raise BadQuery, TooLarge or StoreUnreadable of
    `otelier.query.errors`.
    """

    def __init__(self, data_dir: Path, tenant: str, limits: Limits) -> None:
        self._snapshot = Snapshot(data_dir)
        gate = Gate(_AT_ONCE, _WAITING)
        self._metrics = Metrics(data_dir, gate)
        self._sql = Sql(self._snapshot, self._metrics, gate, limits)
        self._traceql = TraceQL(self._snapshot, gate)
        self._promql = PromQLOptions()
        self._clock = SystemClock()
        self._tenant = tenant

    def sql(self, query: str, *, start_ns: int = 0, end_ns: int = 0) -> Result:
        """One SELECT over the views `spans` and `logs`; docs/reference/sql.md says what they have."""
        return self._sql.query(self._tenant, query, start_ns=start_ns, end_ns=end_ns)

    def traceql(self, query: str, *, start_ns: int = 0, end_ns: int = 0, limit: int = 20) -> SearchAnswer:
        """The newest traces that a search by TraceQL finds."""
        return self._traceql.search(self._tenant, query, start_ns=start_ns, end_ns=end_ns, limit=limit)

    def promql(
        self, query: str, *, time_ns: int | None = None, start_ns: int = 0, end_ns: int = 0, step_s: float = 0
    ) -> PromQLAnswer:
        """What a query in PromQL is worth at one time, by default now, or at steps of `step_s` from start to end."""
        source = self._metrics.storage(self._tenant, query)
        engine = PromQL(source, self._promql, self._clock.monotonic)
        with self._metrics.turn():
            if step_s:
                answer = engine.range(query, start_ns // _MS, end_ns // _MS, round(step_s * 1000))
            else:
                answer = engine.instant(query, (self._clock.time_ns() if time_ns is None else time_ns) // _MS)
        answer.warnings += source.warnings
        return answer

    def close(self) -> None:
        """Let go of the directory."""
        self._metrics.close()
        self._snapshot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
