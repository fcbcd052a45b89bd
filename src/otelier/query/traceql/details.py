"""What an answer tells of its traces."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from . import ast
from .answer import Attribute, ServiceStats, SpanResult, Spanset, TraceResult
from .evaluate.order import arranged
from .evaluate.present import any_value
from .evaluate.spansets import Spansets
from .evaluate.table import Table
from .found import Found, asked_for
from .plan import Plan

if TYPE_CHECKING:
    from ..._core import TraceSummary

_NAME = ast.Intrinsic("name")
_DURATION = ast.Intrinsic("duration")
_SPAN_ID = ast.Intrinsic("span:id")
_TOLD: frozenset[str] = frozenset(
    {"name", "duration", "span:id", "trace:id", "traceDuration", "rootName", "rootServiceName"}
)
"""Intrinsics that answers have fields for."""


def results(found: Found, plan: Plan, trace_ids: Sequence[bytes], spans_per_spanset: int) -> tuple[TraceResult, ...]:
    """In the order of the ids; traces that went meanwhile are left out."""
    if not trace_ids:
        return ()
    spansets: dict[bytes, tuple[Spanset, ...]] = {}
    shown = [*plan.shown, _NAME, _DURATION, _SPAN_ID]
    for judged in found.judged_traces(plan, trace_ids, asked_for(shown)):
        told = _Told(judged.table, judged.spansets, plan)
        spansets |= told.by_trace(spans_per_spanset)
    return tuple(
        _result(summary, spansets[summary[0]]) for summary in found.summaries(trace_ids) if summary[0] in spansets
    )


def _result(summary: "TraceSummary", spansets: tuple[Spanset, ...]) -> TraceResult:
    trace_id, root_service, root_name, start_ns, end_ns, *_, services = summary
    stats = tuple(ServiceStats(*each) for each in services)
    return TraceResult(trace_id, root_service, root_name, start_ns, max(0, end_ns - start_ns), stats, spansets)


class _Told:
    """Reads results out of one table."""

    def __init__(self, table: Table, spansets: Spansets, plan: Plan) -> None:
        self._table = table
        self._spansets = spansets
        self._order = arranged(spansets, table, plan.sort)
        self._fields = _by_key(plan.shown)

    def by_trace(self, spans_per_spanset: int) -> Mapping[bytes, tuple[Spanset, ...]]:
        """Spansets by trace id."""
        sets = self._spansets.sets[self._order]
        begins = np.flatnonzero(np.diff(sets, prepend=-1))
        traces: dict[bytes, list[Spanset]] = {}
        for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(sets)], strict=True):
            number = int(sets[begin])
            trace_id = self._table.trace_ids[int(self._spansets.traces[number])]
            rows = self._spansets.rows[self._order[begin : min(end, begin + spans_per_spanset)]].tolist()
            notes = (Attribute(name, any_value(values, number)) for name, values in self._spansets.notes.items())
            spanset = Spanset(end - begin, tuple(self._span(row) for row in rows), tuple(notes))
            traces.setdefault(trace_id, []).append(spanset)
        return {trace_id: tuple(each) for trace_id, each in traces.items()}

    def _span(self, row: int) -> SpanResult:
        table = self._table
        values = ((key, any_value(table.values(field), row)) for key, field in self._fields)
        attributes = tuple(Attribute(key, value) for key, value in values if value is not None)
        name = str(any_value(table.values(_NAME), row))
        span_id = table.span_ids[8 * row : 8 * row + 8]
        return SpanResult(span_id, name, int(table.starts[row]), int(table.values(_DURATION).data[row]), attributes)


def _by_key(fields: Iterable[ast.Field]) -> list[tuple[str, ast.Field]]:
    """As answers name them: attributes without scope."""
    named: dict[str, ast.Field] = {}
    for field in fields:
        if isinstance(field, ast.Attribute):
            named.setdefault(f"parent.{field.name}" if field.parent else field.name, field)
        elif field.name not in _TOLD:
            named.setdefault(field.name, field)
    return list(named.items())
