"""What an answer tells of its traces."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import ast
from .answer import Attribute, ServiceStats, SpanResult, Spanset, TraceResult
from .evaluate.order import arranged
from .evaluate.present import any_values
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
        self._fields = [(key, table.values(field)) for key, field in by_key(plan.shown)]

    def by_trace(self, spans_per_spanset: int) -> Mapping[bytes, _Trace]:
        """By trace id."""
        sets, ordered = self._spansets.sets[self._order], self._spansets.rows[self._order]
        begins = np.flatnonzero(np.diff(sets, prepend=-1))
        sizes = np.diff(begins, append=len(sets))
        places = np.arange(len(sets)) - np.repeat(begins, sizes)
        spans = iter(self._spans(ordered[places < spans_per_spanset]))
        numbers = sets[begins]
        names, notes = list(self._spansets.notes), [any_values(v, numbers) for v in self._spansets.notes.values()]
        roots = self._roots(ordered[begins])
        spansets = defaultdict[int, list[Spanset]](list)
        root: dict[int, tuple[str, str]] = {}
        codes: list[int] = self._spansets.traces[numbers].tolist()
        for at, (code, size) in enumerate(zip(codes, sizes.tolist(), strict=True)):
            told = tuple(Attribute(name, values[at]) for name, values in zip(names, notes, strict=True))
            spansets[code].append(Spanset(size, tuple(islice(spans, min(size, spans_per_spanset))), told))
            root[code] = roots[at]
        return {self._table.trace_ids[code]: _Trace(*root[code], tuple(own)) for code, own in spansets.items()}

    def _roots(self, rows: NDArray[np.intp]) -> list[tuple[str, str]]:
        services, names = (any_values(self._table.values(field), rows) for field in (_ROOT_SERVICE, _ROOT_NAME))
        return [(str(service), str(name)) for service, name in zip(services, names, strict=True)]

    def _spans(self, rows: NDArray[np.intp]) -> Iterator[SpanResult]:
        table, keys = self._table, [key for key, _ in self._fields]
        ids = table.span_ids
        names = any_values(table.values(_NAME), rows)
        durations = table.values(_DURATION).data[rows].tolist()
        shown = [any_values(values, rows) for _, values in self._fields]
        attributes = zip(*shown, strict=True) if shown else repeat(())
        for row, name, start_ns, duration_ns, values in zip(
            rows.tolist(), names, table.starts[rows].tolist(), durations, attributes, strict=bool(shown)
        ):
            told = tuple(Attribute(key, value) for key, value in zip(keys, values, strict=True) if value is not None)
            yield SpanResult(ids[row], str(name), start_ns, duration_ns, told)


def by_key(fields: Iterable[ast.Field]) -> list[tuple[str, ast.Field]]:
    """As answers name them: attributes without scope."""
    named: dict[str, ast.Field] = {}
    for field in fields:
        if isinstance(field, ast.Attribute):
            named.setdefault(f"parent.{field.name}" if field.parent else field.name, field)
        elif field.name not in _TOLD:
            named.setdefault(field.name, field)
    return list(named.items())
