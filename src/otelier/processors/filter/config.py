"""Keys of `filter`."""

from collections.abc import Iterable, Iterator, Sequence

from ...component import Config
from ...ottl import ErrorMode, Group, GroupError, condition_group
from ...telemetry import SIGNALS, Signal
from .legacy import (
    LogProperties,
    MetricProperties,
    SpanMatching,
    dropping_logs,
    dropping_metrics,
)


class ConditionsConfig(Config):
    """Conditions in one context."""

    context: str = ""
    """What they are about: resource, scope, span, spanevent, metric, datapoint or log. Empty: what the paths' prefixes
    (`span.name`) mean."""
    conditions: tuple[str, ...] = ()
    """Drop what any of these holds for."""
    error_mode: ErrorMode | None = None
    """Instead of the processor's."""


class TraceConditions(Config):
    resource: tuple[str, ...] = ()
    """Drop resources with all their spans."""
    span: tuple[str, ...] = ()
    """Drop spans."""
    spanevent: tuple[str, ...] = ()
    """Drop events of spans; the spans stay."""


class MetricConditions(Config):
    resource: tuple[str, ...] = ()
    """Drop resources with all their metrics."""
    metric: tuple[str, ...] = ()
    """Drop metrics."""
    datapoint: tuple[str, ...] = ()
    """Drop data points, and metrics that have none left."""
    include: MetricProperties | None = None
    """Older form: keep only metrics that match."""
    exclude: MetricProperties | None = None
    """Older form: drop metrics that match."""


class LogConditions(Config):
    resource: tuple[str, ...] = ()
    """Drop resources with all their records."""
    log_record: tuple[str, ...] = ()
    """Drop records."""
    include: LogProperties | None = None
    """Older form: keep only records that match."""
    exclude: LogProperties | None = None
    """Older form: drop records that match."""


class FilterConfig(Config):
    error_mode: ErrorMode = "propagate"
    """When a condition fails for an item: refuse the batch, or keep the item, with a warning (`ignore`) or without."""
    traces: TraceConditions = TraceConditions()
    """Conditions for traces."""
    metrics: MetricConditions = MetricConditions()
    """Conditions for metrics."""
    logs: LogConditions = LogConditions()
    """Conditions for logs."""
    trace_conditions: tuple[str | ConditionsConfig, ...] = ()
    """Conditions for traces whose paths say what they are about, or groups of them."""
    metric_conditions: tuple[str | ConditionsConfig, ...] = ()
    """The same for metrics."""
    log_conditions: tuple[str | ConditionsConfig, ...] = ()
    """The same for logs."""
    spans: SpanMatching = SpanMatching()
    """Older form for spans."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Every condition that isn't OTTL or names what isn't there; forms that don't go together."""
        yield from self._mixed()
        for signal in SIGNALS:
            for written in self._written(signal):
                try:
                    written.group(signal, self.error_mode)
                except GroupError as error:
                    for where, message in error.problems:
                        yield written.place(where), message

    def groups(self, signal: Signal) -> list[Group]:
        """Ready to run. Raises GroupError, unless there are no `problems`."""
        return [written.group(signal, self.error_mode) for written in self._written(signal)]

    def _mixed(self) -> Iterator[tuple[str, str]]:
        message = "can't be used together with `include` or `exclude`; write those as conditions, too"
        older, metrics = self.metrics.include or self.metrics.exclude, self.metrics
        for key in ("resource", "metric", "datapoint"):
            if older and getattr(metrics, key):
                yield f"metrics.{key}", message
        older = self.logs.include or self.logs.exclude
        for key in ("resource", "log_record"):
            if older and getattr(self.logs, key):
                yield f"logs.{key}", message
        older = self.spans.include or self.spans.exclude
        for key in ("resource", "span", "spanevent"):
            if older and getattr(self.traces, key):
                yield f"traces.{key}", message.replace("`include`", "`spans.include`")

    def _written(self, signal: Signal) -> list["_Written"]:
        return [written for written in self._every(signal) if written]

    def _every(self, signal: Signal) -> Iterator["_Written"]:
        match signal:
            case "traces":
                yield _Written(self.spans.conditions(), "span", "spans")
                for context in ("resource", "span", "spanevent"):
                    yield _Written(getattr(self.traces, context), context, f"traces.{context}")
                inferred, key = self.trace_conditions, "trace_conditions"
            case "metrics":
                old = dropping_metrics(self.metrics.include, self.metrics.exclude)
                yield _Written(old, "metric", "metrics.include")
                for context in ("resource", "metric", "datapoint"):
                    yield _Written(getattr(self.metrics, context), context, f"metrics.{context}")
                inferred, key = self.metric_conditions, "metric_conditions"
            case "logs":
                old = dropping_logs(self.logs.include, self.logs.exclude)
                yield _Written(old, "log", "logs.include")
                yield _Written(self.logs.resource, "resource", "logs.resource")
                yield _Written(self.logs.log_record, "log", "logs.log_record")
                inferred, key = self.log_conditions, "log_conditions"
        for at, each in enumerate(inferred):
            if isinstance(each, str):
                yield _Written([each], "", f"{key}.{at}", alone=True)
            else:
                yield _Written(each.conditions, each.context, f"{key}.{at}.conditions", each.error_mode)


class _Written:
    """Conditions as they stand in the configuration."""

    def __init__(
        self,
        conditions: Sequence[str],
        context: str,
        path: str,
        error_mode: ErrorMode | None = None,
        *,
        alone: bool = False,
    ) -> None:
        self._conditions = conditions
        self._context = context
        self._path = path
        self._error_mode: ErrorMode | None = error_mode
        self._alone = alone

    def __bool__(self) -> bool:
        return bool(self._conditions)

    def group(self, signal: Signal, error_mode: ErrorMode) -> Group:
        mode = self._error_mode or error_mode
        return condition_group(self._conditions, signal=signal, context=self._context, error_mode=mode)

    def place(self, where: str) -> str:
        """Of the group's `conditions.3` in the configuration."""
        kind, _, at = where.partition(".")
        if self._alone or self._path in ("spans", "metrics.include", "logs.include"):
            return self._path
        return f"{self._path}.{at}" if at else f"{self._path.removesuffix('.conditions')}.{kind}"
