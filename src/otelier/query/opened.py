"""A data directory opened for questions from Python, also while Otelier runs on it."""

from pathlib import Path
from types import TracebackType
from typing import Self

from .gate import Gate
from .snapshot import Snapshot
from .sql.engine import Result, Sql
from .sql.limits import Limits
from .traceql.answer import SearchAnswer
from .traceql.engine import TraceQL

_AT_ONCE = 4
_WAITING = 1000


class Opened:
    """What `otelier.open` gives; for any number of threads.

    Times are nanoseconds since 1970; `end_ns` 0: no end. Questions raise BadQuery, TooLarge or StoreUnreadable of
    `otelier.query.errors`.
    """

    def __init__(self, data_dir: Path, tenant: str, limits: Limits) -> None:
        self._snapshot = Snapshot(data_dir)
        gate = Gate(_AT_ONCE, _WAITING)
        self._sql = Sql(self._snapshot, gate, limits)
        self._traceql = TraceQL(self._snapshot, gate)
        self._tenant = tenant

    def sql(self, query: str, *, start_ns: int = 0, end_ns: int = 0) -> Result:
        """One SELECT over the views `spans` and `logs`; docs/reference/sql.md says what they have."""
        return self._sql.query(self._tenant, query, start_ns=start_ns, end_ns=end_ns)

    def traceql(self, query: str, *, start_ns: int = 0, end_ns: int = 0, limit: int = 20) -> SearchAnswer:
        """The newest traces that a search by TraceQL finds."""
        return self._traceql.search(self._tenant, query, start_ns=start_ns, end_ns=end_ns, limit=limit)

    def close(self) -> None:
        """Let go of the directory."""
        self._snapshot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
