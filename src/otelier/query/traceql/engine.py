"""TraceQL over one store: text in, answer out. Knows no HTTP."""

from ..errors import BadQuery
from ..gate import Gate
from ..snapshot import Snapshot
from . import ast, read
from .answer import SearchAnswer
from .found import Found, Window
from .limits import Budget, Limits
from .plan import plan
from .search import Cursor, search

_MAX_NS = 2**64 - 1
_DEFAULT = Limits()


class TraceQL:
    """Answers queries; used from several threads.

    Each raises BadQuery, TooLarge, Busy or StoreUnreadable. A query that runs out of time is answered with what was
    found until then, and the answer says so.
    """

    def __init__(self, snapshot: Snapshot, gate: Gate, limits: Limits = _DEFAULT) -> None:
        self._snapshot = snapshot
        self._gate = gate
        self._limits = limits

    def search(
        self,
        tenant: str,
        query: str,
        *,
        start_ns: int,
        end_ns: int,
        limit: int = 20,
        spans_per_spanset: int = 3,
        cursor: str = "",
    ) -> SearchAnswer:
        """Traces with spans that start in [start_ns, end_ns] and that the query leaves, newest first.

        `end_ns` 0: no end. `cursor`: as the answer for the page before gave it.
        """
        pipeline = read(query).root
        if not isinstance(pipeline, ast.Pipeline):
            raise BadQuery("this is a query for metrics; a search ends in spans, not in a function over time")
        if not 0 < limit <= self._limits.traces:
            raise BadQuery(f"limit must be between 1 and {self._limits.traces}")
        if spans_per_spanset < 0:
            raise BadQuery("the number of spans per spanset must not be negative")
        steps, place, window = plan(pipeline), Cursor.read(cursor), _window(start_ns, end_ns)
        with self._gate.one():
            return self._snapshot.read(
                lambda view, _: search(
                    Found(view, tenant, window, Budget(self._limits)), steps, limit, spans_per_spanset, place
                )
            )


def _window(start_ns: int, end_ns: int) -> Window:
    return Window(min(max(start_ns, 0), _MAX_NS), min(max(end_ns, 0), _MAX_NS) or _MAX_NS)
