"""The spans that a pipeline leaves, read by its plan: tables of spans with the spansets that are in the answer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import msgspec

from .. import filter as f
from ..slices import searched
from . import ast
from .evaluate.order import newest
from .evaluate.spansets import Spansets, whole
from .evaluate.stages import cut, run
from .evaluate.table import PARENT_ID, START, Table
from .fields import CoreField, field_of
from .limits import Budget
from .plan import Plan
from .reader import Cells, Comparison, Reader
from .told import Telling, ToldTraces

if TYPE_CHECKING:
    from ..._core import TraceSummary

_TRACES_AT_ONCE = 1024
"""That are read whole in one go."""


class Window(NamedTuple):
    """Nanoseconds since 1970, both included."""

    start_ns: int
    end_ns: int


Slices: TypeAlias = Callable[[int, int], Iterable[tuple[int, int]]]
"""A window's slices, newest first, between which a search may be ended."""


class Judged(NamedTuple):
    """A table and what is left of it."""

    table: Table
    spansets: Spansets


class Candidates(NamedTuple):
    """Traces worth a look, newest first."""

    trace_ids: list[bytes]
    newest_ns: list[int]
    """Start of the newest span that may be found; not before what is found."""
    table: Table
    """The spans that may be found."""


class Found:
    """Reads for one query."""

    def __init__(
        self,
        reader: Reader,
        tenant: str,
        window: Window,
        budget: Budget,
        slices: Slices = lambda start_ns, end_ns: [(start_ns, end_ns)],
    ) -> None:
        self._reader = reader
        self._slices = slices
        self._tenant = tenant
        self.window = window
        self.budget = budget

    def candidates(self, plan: Plan, most: int, asked: Sequence[CoreField] = (START,)) -> Candidates:
        """The newest traces of which a span may be found, with the spans' `asked`; `most` 0: all."""
        table = self._gathered(plan.found.may, asked, most)
        starts = newest(whole(table), table)
        return Candidates(table.trace_ids, [starts[code] for code in range(len(table.trace_ids))], table)

    def newest(self, plan: Plan, most: int) -> list[tuple[int, bytes]]:
        """Start of the newest span found and id of so many traces, where the core can decide alone; newest first.

        As many as there was time for.
        """
        encoded = f.encoded(plan.found.may)
        found, _ = searched(
            self._slices(*self.window),
            lambda least, last: self._reader.search(self._tenant, encoded, least, last, most),
            most,
            self.budget.over,
        )
        return [(start_ns, trace_id) for trace_id, start_ns in found.items()]

    def told(self, plan: Plan, trace_ids: Sequence[bytes], telling: Telling, spans: int) -> ToldTraces:
        """What an answer tells of them, in this order; what went meanwhile is left out."""
        told = self._reader.told(
            self._tenant,
            b"".join(trace_ids),
            f.encoded(plan.found.may),
            _json(telling.asked),
            *self.window,
            spans=spans,
        )
        self.budget.took(told.read, "")
        return ToldTraces(told, telling, spans)

    def judged_rows(self, plan: Plan, table: Table) -> Judged:
        """For plans `by_rows`, whose candidates' table has all fields that decide."""
        return Judged(table, run(plan.over_rows, whole(table), table))

    def judged_traces(self, plan: Plan, trace_ids: Sequence[bytes], asked: Sequence[CoreField]) -> Iterator[Judged]:
        """Traces read whole, some at a time, until the time is over. Raises TooLarge."""
        asked = [*asked, *(each for each in (PARENT_ID,) if each not in asked)]
        for at in range(0, len(trace_ids), _TRACES_AT_ONCE):
            if at and self.budget.over():
                return
            for table in self._whole(trace_ids[at : at + _TRACES_AT_ONCE], asked):
                leading = run(plan.leading, whole(table), table)
                yield Judged(table, run(plan.rest, cut(leading, table, *self.window), table))

    def _whole(self, trace_ids: Sequence[bytes], asked: Sequence[CoreField]) -> Iterator[Table]:
        """Fewer at a time where they are too large together."""
        limits = self.budget.limits
        spans = self._reader.spans_of(
            self._tenant, b"".join(trace_ids), _json(asked), max_rows=limits.rows, max_bytes=limits.bytes
        )
        if not spans.partial:
            self.budget.took(spans.read, "")
            yield Table(spans, asked)
        elif len(trace_ids) > 1:
            middle = len(trace_ids) // 2
            yield from self._whole(trace_ids[:middle], asked)
            yield from self._whole(trace_ids[middle:], asked)
        else:
            raise self.budget.too_large(trace_ids[0], spans.partial)

    def tables(self, plan: Plan, fields: Iterable[ast.Field] = (), more: Iterable[CoreField] = ()) -> Iterator[Judged]:
        """All that the pipeline leaves, in any order, with these fields, and more that TraceQL has no words for."""
        asked = asked_for([*plan.deciding, *fields], *more)
        if plan.by_rows:
            yield self.judged_rows(plan, self.candidates(plan, 0, asked).table)
        else:
            yield from self.judged_traces(plan, self.candidates(plan, 0).trace_ids, asked)

    def counted(
        self,
        plan: Plan,
        by: Sequence[ast.Field],
        step_ns: int,
        value: ast.Field | None = None,
        kind: Literal["count", "sum", "histogram"] = "count",
        top: tuple[int, bool] | None = None,
    ) -> Cells | None:
        """Numbers of all that the pipeline leaves, by group and step, where the core can tell alone; else None.

        `top`: of how many groups, the largest or the smallest, they are needed; others may be left out.
        """
        if not plan.decided:
            return None
        cells = self._reader.aggregate(
            self._tenant,
            f.encoded(plan.found.may),
            _json([field_of(each) for each in by]),
            *self.window,
            step_ns,
            msgspec.json.encode(field_of(value)) if value else None,
            kind,
            rollups=kind != "sum",  # whose sums are rounded
            top=top,
            timeout_ms=self.budget.timeout_ms,
        )
        self.budget.took(cells.read, cells.partial)
        return cells

    def compared(
        self,
        everything: Plan,
        selected: Plan,
        window: Window | None,
        fields: Sequence[ast.Field],
        step_ns: int,
        top: int,
    ) -> Comparison | None:
        """The most frequent values of what is selected, if it starts in `window`, and of what else `everything` leaves,
        where the core can tell alone; else None."""
        if not (everything.decided and selected.decided):
            return None
        selection = selected.found.may
        if window:
            first, last = f.intrinsic("start_ns", ">=", window.start_ns), f.intrinsic("start_ns", "<=", window.end_ns)
            selection = f.every([selection, first, last])
        compared = self._reader.compare(
            self._tenant,
            f.encoded(everything.found.may),
            f.encoded(selection),
            _json([field_of(each) for each in fields]),
            *self.window,
            step_ns,
            top,
            timeout_ms=self.budget.timeout_ms,
        )
        self.budget.took(compared.read, compared.partial)
        return compared

    def attributes(self) -> list[ast.Attribute]:
        """Of spans and resources in the window, each once."""
        names = self._reader.tag_names(self._tenant, *self.window)
        known = dict.fromkeys((scope, key) for scope, key, _ in names)
        return [ast.Attribute(scope, key) for scope, key in known if scope in ("span", "resource")]

    def summaries(self, trace_ids: Sequence[bytes]) -> "list[TraceSummary]":
        """Of whole traces, in the order of the ids, without those that aren't there."""
        return self._reader.summaries(self._tenant, trace_ids)

    def _gathered(self, filter_: f.Filter, asked: Sequence[CoreField], newest: int) -> Table:
        limits = self.budget.limits
        spans = self._reader.gather(
            self._tenant,
            f.encoded(filter_),
            _json(asked),
            *self.window,
            newest=newest,
            max_rows=limits.rows,
            max_bytes=limits.bytes,
            timeout_ms=self.budget.timeout_ms,
        )
        self.budget.took(spans.read, spans.partial)
        return Table(spans, asked)


def asked_for(fields: Iterable[ast.Field], *more: CoreField) -> list[CoreField]:
    """With the start of spans, each once."""
    asked = [START, *more]
    for each in map(field_of, fields):
        if each not in asked:
            asked.append(each)
    return asked


def _json(fields: Sequence[CoreField]) -> bytes:
    return msgspec.json.encode(fields)
