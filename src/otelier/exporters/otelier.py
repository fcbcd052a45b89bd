"""otelier: keep traces, logs and metrics on this machine's disk, where the query APIs and the UI find them.

Acknowledged means on disk: `consume` returns after the batch is in the log and the disk has it, and has no queue in
between. Whoever sends the header `X-Scope-OrgID` (the receiver must `include_metadata`) gets a tenant of that name,
everybody else the tenant `default`. Metrics become series, as Prometheus has them: deltas are added up, resource
attributes can be used as labels in queries; of what has no place in a series, or comes too late, the sender is told by
OTLP partial success. Exporters with the same `data_dir` share one store.
"""

from ..component import Counter, Custody, CustodyKind, Exporter, Invalid, Rejected, Retryable, exporter
from ..storage.directory import DEFAULT_TENANT, TENANT_HEADER, check_tenant
from ..storage.local import Engine, close_store, open_store
from ..storage.metrics import MetricsEngine, close_metrics, open_metrics
from ..storage.settings import StoreSettings
from ..telemetry import SIGNALS, Batch, Signal, items_suffix


class OtelierConfig(StoreSettings):
    """Keys of `otelier`: those of the store."""


@exporter("otelier", stability="alpha", signals=SIGNALS, shared=True)
class Otelier(Exporter):
    cfg: OtelierConfig

    def setup(self) -> None:
        self._engine: Engine | None = None
        self._metrics: MetricsEngine | None = None
        self._sent = {s: self._counter("sent", s, "that the store took") for s in SIGNALS}
        self._failed = {s: self._counter("send_failed", s, "that the store did not take") for s in SIGNALS}

    def start(self) -> None:
        self._engine = open_store(self.cfg, self.ctx.clock, self.ctx.meter)
        self._metrics = open_metrics(self.cfg, self.ctx.clock, self.ctx.meter)
        self.ctx.log.info("data directory: %s", self.cfg.root)

    def consume(self, batch: Batch) -> None:
        try:
            tenant = tenant_of(batch)
        except ValueError as error:
            self._fail(batch, "tenant")
            raise Invalid(f"X-Scope-OrgID: {error}") from error
        try:
            self._keep(tenant, batch)
        except Retryable:
            self._fail(batch, "retryable")
            raise

    def stop(self, deadline: float) -> None:
        if self._metrics:
            close_metrics(self._metrics, max(deadline - self.ctx.clock.monotonic(), 0.0))
            self._metrics = None
        if self._engine:
            close_store(self._engine, max(deadline - self.ctx.clock.monotonic(), 0.0))
            self._engine = None

    def custody(self) -> Custody:
        window = ""
        if self.cfg.durability != "commit":
            window = f"only if the machine itself goes down: what was acknowledged in the last {self.cfg.interval}"
        return Custody(CustodyKind.STORES, window)

    def _keep(self, tenant: str, batch: Batch) -> None:
        """Raises Retryable, Rejected."""
        assert self._engine, "started"
        assert self._metrics, "started"
        rejected, reason = 0, ""
        if batch.signal == "metrics":
            kept = self._metrics.append_otlp(tenant, batch)
            rejected, reason = kept.rejected, kept.reason
        else:
            self._engine.append(tenant, batch)
        self._sent[batch.signal].add(batch.items - rejected, exporter=str(self.ctx.id))
        if rejected:
            self._fail(batch, "not_kept", rejected)
            raise Rejected(reason, items=rejected)

    def _fail(self, batch: Batch, reason: str, items: int | None = None) -> None:
        count = batch.items if items is None else items
        self._failed[batch.signal].add(count, exporter=str(self.ctx.id), reason=reason)

    def _counter(self, name: str, signal: Signal, what: str) -> Counter:
        suffix = items_suffix(signal)
        return self.ctx.meter.counter(f"otelcol_exporter_{name}_{suffix}", "{item}", f"{suffix} {what}.")


def tenant_of(batch: Batch) -> str:
    """Whose batch it is. Raises ValueError for a name that can't be a tenant's."""
    match batch.metadata.get(TENANT_HEADER, ()):
        case () | ("",):
            return DEFAULT_TENANT
        case (name,):
            return check_tenant(name)
        case several:
            raise ValueError(f"a request has one tenant, not {len(several)}: send {TENANT_HEADER} once")
