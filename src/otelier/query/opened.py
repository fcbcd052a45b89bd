"""A data directory opened for questions from Python, also while Otelier runs on it."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from ..component import SystemClock
from .errors import BadQuery, check_text
from .gate import Gate
from .metrics import Metrics
from .promql import Answer as PromQLAnswer
from .promql import Engine as PromQL
from .promql import Options as PromQLOptions
from .promql.histograms.model import Histogram
from .results import Result
from .results.series import Line, last_hour, range_of
from .results.series import frame as of_series
from .results.spans import FoundSpan
from .results.spans import frame as of_spans
from .results.stream import Stream
from .snapshot import Snapshot
from .sql.engine import Sql
from .sql.limits import Limits
from .traceql import ast, read
from .traceql.answer import MetricsAnswer, SearchAnswer
from .traceql.engine import TraceQL

_AT_ONCE = 4
_WAITING = 1000
_MS = 10**6
_SECOND = 10**9
_SPANS = 2**31 - 1
_MAX_NS = 2**63 - 1
_SHORTEST_S, _LONGEST_S = 0.001, 100 * 365 * 86_400


class Opened:
    """What `otelier.open` gives for a directory; for any number of threads.

    Times are nanoseconds since 1970; `end_ns` 0: no end. Questions raise BadQuery, TooLarge or StoreUnreadable of
    `otelier.query.errors`, and TypeError where they are no text.
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

    def sql(self, query: str, *, start_ns: int = 0, end_ns: int = 0) -> Stream:
        """One SELECT over the views `spans`, `events`, `links`, `logs` and `metrics` (docs/reference/sql.md)."""
        check_text(query, "SQL")
        found = self._sql.query(self._tenant, query, start_ns=start_ns, end_ns=end_ns, form="arrow")
        return Stream(found.arrow, found.warnings, found.looked)

    def traceql(
        self, query: str, *, start_ns: int = 0, end_ns: int = 0, limit: int = 20, spans: int = 0, step_s: float = 0
    ) -> Result:
        """The spans of the newest `limit` traces that a search finds, a row for each; at most `spans` of a spanset.

        Of metrics, such as `{} | rate()`, a row for each series and multiple of `step_s`, the one before the start and
        the one after the end included; without a step one value of each series for all the time. Without times metrics
        are those of the last hour.
        """
        check_text(query, "TraceQL")
        _check(step_s, start_ns, end_ns)
        if isinstance(read(query).root, ast.Pipeline):
            found = self._traceql.search(
                self._tenant,
                query,
                start_ns=start_ns,
                end_ns=end_ns,
                limit=limit,
                spans_per_spanset=spans or _SPANS,
            )
            return of_spans(_found(found), [found.partial] if found.partial else [], found.read.spans)
        start_ns, end_ns = last_hour(start_ns, end_ns, self._clock)
        if step_s:
            step_ns = round(step_s * _SECOND)
            first, last = start_ns // step_ns - 1, -(-end_ns // step_ns)
            times = {"start_ns": first * step_ns, "end_ns": last * step_ns, "step_ns": step_ns}
            answer = self._traceql.metrics(self._tenant, query, **times)
        else:
            answer = self._traceql.instant(self._tenant, query, start_ns=start_ns, end_ns=end_ns)
        return of_series(_lines(answer), [answer.partial] if answer.partial else [], answer.read.spans)

    def promql(
        self, query: str, *, time_ns: int | None = None, start_ns: int = 0, end_ns: int = 0, step_s: float = 0
    ) -> Result:
        """What a query in PromQL is worth at one time, by default now, or at steps of `step_s` from start to end.

        With a step and without times: of the last hour.
        """
        check_text(query, "PromQL")
        _check(step_s, time_ns or 0, start_ns, end_ns)
        start_ns, end_ns = range_of(start_ns, end_ns, step_s, self._clock)
        source = self._metrics.storage(self._tenant, query)
        engine = PromQL(source, self._promql, self._clock.monotonic)
        with self._metrics.turn():
            if step_s:
                answer = engine.range(query, start_ns // _MS, end_ns // _MS, round(step_s * 1000))
            else:
                answer = engine.instant(query, (self._clock.time_ns() if time_ns is None else time_ns) // _MS)
        return of_series(_worth(answer), [*answer.warnings, *source.warnings], answer.samples)

    def close(self) -> None:
        """Let go of the directory."""
        self._metrics.close()
        self._snapshot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _check(step_s: float, *times_ns: int) -> None:
    """Raises BadQuery."""
    if step_s and not _SHORTEST_S <= step_s <= _LONGEST_S:
        raise BadQuery(f"a step has from a thousandth of a second to a century, in seconds: {step_s!r}")
    if any(abs(each) > _MAX_NS for each in times_ns):
        raise BadQuery("a time is nanoseconds since 1970, as 64 bits hold them")


def _found(answer: SearchAnswer) -> Iterator[FoundSpan]:
    for trace in answer.traces:
        for spanset in trace.spansets:
            for span in spanset.spans:
                yield FoundSpan(
                    trace.trace_id.hex(),
                    trace.root_service,
                    trace.root_name,
                    trace.start_ns,
                    trace.duration_ns // _MS,
                    span.span_id.hex(),
                    span.name,
                    span.start_ns,
                    span.duration_ns,
                    dict((*spanset.attributes, *span.attributes)),
                )


def _lines(answer: MetricsAnswer) -> Iterator[Line]:
    times = np.array(answer.timestamps_ms, np.int64)
    for each in answer.series:
        here = ~np.isnan(each.values)
        yield Line(dict(each.labels), times[here].tolist(), each.values[here].tolist())


def _worth(answer: PromQLAnswer) -> Iterator[Line]:
    times: list[int] = answer.grid.times.tolist()
    if answer.type == "scalar":
        yield Line({}, times, answer.scalar.tolist())
    elif answer.type == "string":
        yield Line({"text": answer.text}, times, [None])
    else:
        for each in answer.series():
            histograms = [] if each.histograms is None else [_histogram(one) for one in each.histograms.tolist()]
            values: list[float | None] = each.values.tolist()
            if histograms:
                values = [None if one else value for one, value in zip(histograms, values, strict=True)]
            yield Line(dict(each.labels), each.times.tolist(), values, histograms if any(histograms) else [])


def _histogram(of: Histogram | None) -> dict[str, Any] | None:
    if of is None:
        return None
    buckets = [{"lower": lower, "upper": upper, "count": count} for lower, upper, count in of.ascending()]
    return {"count": of.count, "sum": of.sum, "buckets": buckets}
