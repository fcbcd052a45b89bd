"""Where rules ask: an expression of any of the three languages, at one moment, to labels and values."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from ..component import Clock
from ..query.errors import BadQuery
from ..query.logql.run import run_instant
from ..query.logs import Source as LogSource
from ..query.metrics_reader import MetricsReader
from ..query.promql import Engine, Options, Storage
from ..query.promql.arrays import stale
from ..query.promql.ast import Matcher
from ..query.promql.histograms import Histogram
from ..query.promql.labels import Labels, labels_of
from ..query.traceql.answer import AnyValue, MetricsAnswer
from ..storage.directory import DEFAULT_TENANT
from ..wire.prometheus.names import label_name
from .definitions import Source

Vector: TypeAlias = list[tuple[Labels, float | Histogram]]
"""Each series of an answer at one moment; a number is one series without labels."""
_MS = 1_000_000


class Sources(Protocol):
    """What rules ask. Everything raises OtelierError."""

    def ask(self, source: Source, text: str, time_ms: int, window_ms: int) -> Vector:
        """What the expression is worth. `window_ms`: how much time before that counts, where the text does not say."""
        ...

    def last(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> dict[Labels, tuple[int, float]]:
        """Time and value of the last sample of each series in a time; not of those that had ended."""
        ...


class TraceMetrics(Protocol):
    """What is asked of traces."""

    def instant(self, tenant: str, query: str, *, start_ns: int, end_ns: int) -> MetricsAnswer:
        """Series with one point for all that starts in [start_ns, end_ns]."""
        ...


class StoreSources:
    """The store of one tenant. Traces and logs may be left out, as in tests of rules."""

    def __init__(
        self,
        metrics: MetricsReader,
        clock: Clock,
        tenant: str = DEFAULT_TENANT,
        *,
        options: Options | None = None,
        traces: TraceMetrics | None = None,
        logs: Callable[[str], LogSource] | None = None,
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._tenant = tenant
        self._options = options or Options()
        self._traces = traces
        self._logs = logs

    def ask(self, source: Source, text: str, time_ms: int, window_ms: int) -> Vector:
        """As in Sources."""
        match source:
            case "promql":
                return self._promql(text, time_ms)
            case "traceql":
                return self._traceql(text, time_ms, window_ms)
            case "logql":
                return self._logql(text, time_ms)

    def last(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> dict[Labels, tuple[int, float]]:
        """As in Sources."""
        with self._metrics.turn():
            return last_samples(self._metrics.storage(self._tenant, ""), matchers, start_ms, end_ms)

    def _promql(self, text: str, time_ms: int) -> Vector:
        with self._metrics.turn():
            storage = self._metrics.storage(self._tenant, text)
            return promql_vector(Engine(storage, self._options, self._clock.monotonic), text, time_ms)

    def _traceql(self, text: str, time_ms: int, window_ms: int) -> Vector:
        if self._traces is None:
            raise BadQuery("there are no traces to ask here")
        end_ns = time_ms * _MS
        answer = self._traces.instant(self._tenant, text, start_ns=end_ns - window_ms * _MS + 1, end_ns=end_ns)
        if answer.partial:
            raise BadQuery(
                f"the answer is not whole ({answer.partial}): ask for a shorter `window`, or select fewer spans"
            )
        found: Vector = []
        for each in answer.series:
            value = float(each.values[0])
            if not math.isnan(value):
                pairs = (
                    (label_name(label.key), _text(label.value)) for label in each.labels if label.key != "__name__"
                )
                found.append((labels_of(pairs), value))
        return found

    def _logql(self, text: str, time_ms: int) -> Vector:
        if self._logs is None:
            raise BadQuery("there are no logs to ask here")
        value = run_instant(self._logs(self._tenant), text, time_ms * _MS).value
        if not isinstance(value, dict):
            return [((), value)]
        return [(labels, float(values[0])) for labels, values in value.items() if not math.isnan(values[0])]


def promql_vector(engine: Engine, text: str, time_ms: int) -> Vector:
    """The answer to an instant query. Raises BadQuery where it is no vector and no number."""
    answer = engine.instant(text, time_ms)
    if answer.type == "scalar":
        return [((), float(answer.scalar[0]))]
    if answer.type != "vector":
        raise BadQuery("rule result is not a vector or scalar")
    found: Vector = []
    for each in answer.series():
        native: Any = None if each.histograms is None else each.histograms[0]
        found.append((each.labels, float(each.values[0]) if native is None else native))
    return found


def last_samples(
    storage: Storage, matchers: Sequence[Matcher], start_ms: int, end_ms: int
) -> dict[Labels, tuple[int, float]]:
    """As in Sources."""
    found: dict[Labels, tuple[int, float]] = {}
    for group in storage.select(matchers, start_ms, end_ms):
        group = group.between(start_ms, end_ms)
        if not len(group.timestamps):
            continue
        ended = stale(group.values[-1])
        for number, labels in enumerate(group.labels):
            if not ended[number]:
                found[labels] = (int(group.timestamps[-1]), float(group.values[-1, number]))
    return found


def _text(value: AnyValue) -> str:
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
