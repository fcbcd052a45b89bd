"""servicegraph: count and time the calls between services, as metrics that draw a map of them.

A client span and the server span that it is the parent of make a call, a producer and a consumer likewise:
`traces_service_graph_request_total`, `…_failed_total`, and as histograms in seconds `…_server` and `…_client`, with
`client`, `server`, `connection_type` and `failed`. Where one side sends no spans (databases, users, third parties) it
is a virtual node, named after the attributes of the other. A trace's spans must come to the same collector.
Nothing is lost at the stop: spans that still wait are counted as if their time were over, unless `storage` keeps them.
"""

from ..._core import ServiceGraph
from ...component import Connector, Custody, connector
from ...telemetry import Batch
from ..aggregation import Aggregation, Terms
from .config import ServiceGraphConfig

_PREFIX = "otelcol_connector_servicegraph"
_COUNTERS = {
    "total_edges": (f"{_PREFIX}_total_edges", "Calls of which one side came"),
    "expired_edges": (f"{_PREFIX}_expired_edges", "Calls whose other side did not come in time"),
    "dropped_spans": (f"{_PREFIX}_dropped_spans", "Spans not counted, because store.max_items wait for their pair"),
    "without_service": (
        "otelier_servicegraph_without_service",
        "Spans not counted, because their resource has no service.name",
    ),
    "expired_series": ("otelier_servicegraph_expired_series", "Series forgotten after 15 minutes without a call"),
}


@connector("servicegraph", pairs={("traces", "metrics")}, stability="beta", aliases=("service_graph",))
class ServiceGraphConnector(Connector):
    cfg: ServiceGraphConfig

    def setup(self) -> None:
        self._graph: ServiceGraph | None = None
        options = self.cfg.options()
        terms = Terms(
            kind="servicegraph",
            interval=self.cfg.metrics_flush_interval,
            delta=False,
            storage=self.cfg.storage,
            options=options.decode(),
            counters=_COUNTERS,
        )
        self._aggregation = Aggregation(self.ctx, terms, lambda _: self._made(options))

    def start(self) -> None:
        self._aggregation.start(self.next)

    def consume(self, batch: Batch) -> None:
        self._aggregation.consume(batch)

    def stop(self, deadline: float) -> None:
        if self._graph and not self.cfg.storage:
            self._graph.finish(self.ctx.clock.time_ns())
        self._aggregation.stop(deadline)

    def custody(self) -> Custody:
        return self._aggregation.custody()

    def _made(self, options: bytes) -> ServiceGraph:
        self._graph = ServiceGraph(options)
        return self._graph
