"""TraceQL over one store: text in, answer out. Knows no HTTP."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from ...storage.local.manifest import State, of_signal
from ..errors import BadQuery
from ..gate import Gate
from ..slices import slices
from ..snapshot import Snapshot
from . import ast, read
from .answer import MetricsAnswer, SearchAnswer
from .found import Found, Window, asked_for
from .limits import Budget, Limits
from .metrics import Steps, series
from .plan import plan
from .search import Cursor, search
from .suggest import Suggestions, suggest

if TYPE_CHECKING:
    from ..._core import View

_MAX_NS = 2**64 - 1
_DEFAULT = Limits()
T = TypeVar("T")


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
        pipeline = _search(query)
        if not 0 < limit <= self._limits.traces:
            raise BadQuery(f"limit must be between 1 and {self._limits.traces}")
        if spans_per_spanset < 0:
            raise BadQuery("the number of spans per spanset must not be negative")
        steps, place, window = plan(pipeline), Cursor.read(cursor), _window(start_ns, end_ns)
        return self._asked(tenant, window, lambda found: search(found, steps, limit, spans_per_spanset, place))

    def matching(self, tenant: str, query: str, trace_id: bytes) -> list[bytes]:
        """Ids of the spans of one trace that a search leaves."""
        steps = plan(_search(query))

        def ask(found: Found) -> list[bytes]:
            judged = found.judged_traces(steps, [trace_id], asked_for([*steps.deciding, ast.Intrinsic("span:id")]))
            return [table.span_ids[row] for table, left in judged for row in left.rows.tolist()]

        return self._asked(tenant, _window(0, 0), ask)

    def suggest(
        self, tenant: str, text: str, cursor: int, *, start_ns: int, end_ns: int, limit: int = 100
    ) -> Suggestions:
        """What may stand at the cursor of a half-typed query, with at most `limit` names or values that spans have.

        `cursor`: characters from the beginning.
        """
        window = _window(start_ns, end_ns)
        with self._gate.one():
            return self._snapshot.read(lambda view, _: suggest(text, cursor, view, tenant, window, limit))

    def metrics(
        self, tenant: str, query: str, *, start_ns: int, end_ns: int, step_ns: int, exemplars: int = 0
    ) -> MetricsAnswer:
        """Series with a point for each step: (start, start + step], … labelled by its right edge."""
        if step_ns <= 0:
            raise BadQuery("the step must be longer than 0")
        if end_ns <= start_ns:
            raise BadQuery("the end must be after the start")
        if (end_ns - start_ns) / step_ns > self._limits.steps:
            raise BadQuery(f"more than {self._limits.steps:,} steps; ask for a longer step or a shorter time")
        return self._measured(tenant, query, Steps.over(start_ns, end_ns, step_ns), exemplars)

    def instant(self, tenant: str, query: str, *, start_ns: int, end_ns: int) -> MetricsAnswer:
        """Series with one point for all that starts in [start_ns, end_ns]."""
        if end_ns < start_ns:
            raise BadQuery("the end must not be before the start")
        return self._measured(tenant, query, Steps.instant(start_ns, end_ns), 0)

    def _measured(self, tenant: str, query: str, steps: Steps, exemplars: int) -> MetricsAnswer:
        checked = read(query)
        root = checked.root
        if isinstance(root, ast.Pipeline):
            raise BadQuery("this is a search; metrics end in a function over time, such as `| rate()`")

        def ask(found: Found) -> MetricsAnswer:
            lines = series(root, found, steps, exemplars, checked.hints)
            return MetricsAnswer(steps.timestamps_ms, lines, found.budget.read, found.budget.partial)

        return self._asked(tenant, _window(steps.first_ns, steps.last_ns), ask)

    def _asked(self, tenant: str, window: Window, ask: Callable[[Found], T]) -> T:
        def read_by(view: "View", state: State) -> T:
            def sliced(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
                return slices(of_signal(state, tenant, "traces"), start_ns, end_ns)

            return ask(Found(view, tenant, window, Budget(self._limits), sliced))

        with self._gate.one():
            return self._snapshot.read(read_by)


def _search(text: str) -> ast.Pipeline:
    pipeline = read(text).root
    if not isinstance(pipeline, ast.Pipeline):
        raise BadQuery("this is a query for metrics; a search ends in spans, not in a function over time")
    return pipeline


def _window(start_ns: int, end_ns: int) -> Window:
    return Window(min(max(start_ns, 0), _MAX_NS), min(max(end_ns, 0), _MAX_NS) or _MAX_NS)
