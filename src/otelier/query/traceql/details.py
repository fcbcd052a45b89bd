"""What an answer tells of its traces."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import ast
from .answer import Attribute, ServiceStats, SpanResult, Spanset, TraceResult
from .evaluate.order import arranged
from .evaluate.present import any_value
from .fields import CoreField
from .found import Found, Judged, asked_for
from .plan import Plan

if TYPE_CHECKING:
    from ..._core import TraceSummary

_NAME = ast.Intrinsic("name")
_DURATION = ast.Intrinsic("duration")
_SPAN_ID = ast.Intrinsic("span:id")
_ROOT_NAME = ast.Intrinsic("rootName")
_ROOT_SERVICE = ast.Intrinsic("rootServiceName")
_TOLD: frozenset[str] = frozenset(
    {"name", "duration", "span:id", "trace:id", "traceDuration", "rootName", "rootServiceName"}
)
"""Intrinsics that answers have fields for."""


def fields_told(plan: Plan) -> list[CoreField]:
    """What has to be read of the spans in an answer."""
    return asked_for([*plan.shown, _NAME, _DURATION, _SPAN_ID, _ROOT_NAME, _ROOT_SERVICE])


def results(
    found: Found, plan: Plan, judged: Iterable[Judged], trace_ids: Sequence[bytes], spans_per_spanset: int
) -> tuple[TraceResult, ...]:
    """Of these traces, in the order of the ids, out of tables with `fields_told`; what went meanwhile is left out."""
    if not trace_ids:
        return ()
    told: dict[bytes, _Trace] = {}
    for each in judged:
        told |= _Told(each, plan, set(trace_ids)).by_trace(spans_per_spanset)
    return tuple(_result(summary, told[summary[0]]) for summary in found.summaries(trace_ids) if summary[0] in told)


class _Trace(NamedTuple):
    root_service: str
    root_name: str
    spansets: tuple[Spanset, ...]


def _result(summary: "TraceSummary", trace: _Trace) -> TraceResult:
    """Not the summary's root, which stands for a trace whose root has not come, too."""
    trace_id, _, _, start_ns, end_ns, *_, services = summary
    stats = tuple(ServiceStats(*each) for each in services)
    length_ns = max(0, end_ns - start_ns)
    return TraceResult(trace_id, trace.root_service, trace.root_name, start_ns, length_ns, stats, trace.spansets)


class _Told:
    """Reads results out of one table."""

    def __init__(self, judged: Judged, plan: Plan, wanted: set[bytes]) -> None:
        table, spansets = judged
        codes = [code for code, trace_id in enumerate(table.trace_ids) if trace_id in wanted]
        self._spansets = spansets.keep_sets(np.isin(spansets.traces, codes))
        self._table = table
        self._order = arranged(self._spansets, table, plan.sort)
        self._fields = [(key, table.values(field)) for key, field in _by_key(plan.shown)]
        self._names = table.values(_NAME)
        self._durations = table.values(_DURATION).data
        self._starts = table.starts
        self._span_ids = table.span_ids

    def by_trace(self, spans_per_spanset: int) -> Mapping[bytes, _Trace]:
        """By trace id."""
        sets = self._spansets.sets[self._order]
        begins = np.flatnonzero(np.diff(sets, prepend=-1))
        traces: dict[bytes, list[Spanset]] = {}
        roots: dict[bytes, tuple[str, str]] = {}
        for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(sets)], strict=True):
            number = int(sets[begin])
            trace_id = self._table.trace_ids[int(self._spansets.traces[number])]
            rows = self._spansets.rows[self._order[begin : min(end, begin + spans_per_spanset)]].tolist()
            notes = (Attribute(name, any_value(values, number)) for name, values in self._spansets.notes.items())
            spanset = Spanset(end - begin, tuple(self._span(row) for row in rows), tuple(notes))
            traces.setdefault(trace_id, []).append(spanset)
            roots[trace_id] = self._root(int(self._spansets.rows[self._order[begin]]))
        return {trace_id: _Trace(*roots[trace_id], tuple(each)) for trace_id, each in traces.items()}

    def _root(self, row: int) -> tuple[str, str]:
        values = (self._table.values(field) for field in (_ROOT_SERVICE, _ROOT_NAME))
        service, name = (str(any_value(each, row)) for each in values)
        return service, name

    def _span(self, row: int) -> SpanResult:
        shown = ((key, any_value(values, row)) for key, values in self._fields)
        attributes = tuple(Attribute(key, value) for key, value in shown if value is not None)
        name = str(any_value(self._names, row))
        return SpanResult(self._span_ids[row], name, int(self._starts[row]), int(self._durations[row]), attributes)


def _by_key(fields: Iterable[ast.Field]) -> list[tuple[str, ast.Field]]:
    """As answers name them: attributes without scope."""
    named: dict[str, ast.Field] = {}
    for field in fields:
        if isinstance(field, ast.Attribute):
            named.setdefault(f"parent.{field.name}" if field.parent else field.name, field)
        elif field.name not in _TOLD:
            named.setdefault(field.name, field)
    return list(named.items())
