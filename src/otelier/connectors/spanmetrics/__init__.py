"""spanmetrics: count spans, errors and durations of every service and operation, as metrics.

For each service, span name, kind, status and whatever `dimensions` add: `traces.span.metrics.calls` (a sum),
`traces.span.metrics.duration` (a histogram) and, if enabled, `traces.span.metrics.events` (a sum). Spans of resources
without `service.name` are not counted, but told by `otelier_spanmetrics_without_service`. The first point of a new
cumulative sum is 0, so that a backend that looks at increases sees the first spans, too.
Nothing is lost at the stop: what was counted is flushed. With `storage`, a kill loses nothing either.
"""

from ..._core import SpanMetrics
from ...component import Connector, Custody, connector
from ...telemetry import Batch
from ..aggregation import Aggregation, Terms
from .config import SpanMetricsConfig

_COUNTED = {
    "spans": "Spans counted",
    "without_service": "Spans not counted, because their resource has no service.name",
    "overflowed": "Measurements of series beyond the cardinality limit",
    "evicted_resources": "Resources forgotten because there were more than resource_metrics_cache_size",
    "expired_resources": "Resources forgotten after metrics_expiration",
    "expired_series": "Series forgotten after series_expiration",
}
_COUNTERS = {key: (f"otelier_spanmetrics_{key}", text) for key, text in _COUNTED.items()}


@connector("spanmetrics", pairs={("traces", "metrics")}, stability="beta", aliases=("span_metrics",))
class SpanMetricsConnector(Connector):
    cfg: SpanMetricsConfig

    def setup(self) -> None:
        terms = Terms(
            kind="spanmetrics",
            interval=self.cfg.metrics_flush_interval,
            delta=self.cfg.delta,
            storage=self.cfg.storage,
            options=self.cfg.options("").decode(),
            counters=_COUNTERS,
        )
        self._aggregation = Aggregation(self.ctx, terms, lambda id_: SpanMetrics(self.cfg.options(id_)))

    def start(self) -> None:
        self._aggregation.start(self.next)

    def consume(self, batch: Batch) -> None:
        self._aggregation.consume(batch)

    def stop(self, deadline: float) -> None:
        self._aggregation.stop(deadline)

    def custody(self) -> Custody:
        return self._aggregation.custody()
