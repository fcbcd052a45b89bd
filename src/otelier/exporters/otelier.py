"""otelier: keep traces and logs on this machine's disk, where the query APIs and the UI find them.

Acknowledged means on disk: `consume` returns after the batch is in the log and the disk has it, and has no queue in
between. Whoever sends the header `X-Scope-OrgID` (the receiver must `include_metadata`) gets a tenant of that name,
everybody else the tenant `default`. Metrics are not kept by this version: their senders are told so by OTLP partial
success. Exporters with the same `data_dir` share one store.
"""

from ..component import Counter, Custody, CustodyKind, Exporter, Invalid, Rejected, Retryable, exporter
from ..storage.local import DEFAULT_TENANT, STORED, Engine, StoreSettings, check_tenant, close_store, open_store
from ..telemetry import SIGNALS, Batch, Signal, items_suffix

TENANT_HEADER = "x-scope-orgid"
_NOT_KEPT = "metrics are not kept by this version, and their senders are told so"
_NO_METRICS = "this version of Otelier keeps traces and logs, no metrics: they were received and not stored"


class OtelierConfig(StoreSettings):
    """Keys of `otelier`: those of the store."""


@exporter("otelier", stability="alpha", signals=SIGNALS, shared=True)
class Otelier(Exporter):
    cfg: OtelierConfig

    def setup(self) -> None:
        self._engine: Engine | None = None
        self._sent = {s: self._counter("sent", s, "that the store took") for s in STORED}
        self._failed = {s: self._counter("send_failed", s, "that the store did not take") for s in SIGNALS}

    def start(self) -> None:
        self._engine = open_store(self.cfg, self.ctx.clock, self.ctx.meter)
        self.ctx.log.info("data directory: %s", self.cfg.root)

    def consume(self, batch: Batch) -> None:
        assert self._engine, "started"
        if batch.signal not in STORED:
            self._fail(batch, "not_kept")
            raise Rejected(_NO_METRICS, items=batch.items)
        try:
            tenant = tenant_of(batch)
        except ValueError as error:
            self._fail(batch, "tenant")
            raise Invalid(f"X-Scope-OrgID: {error}") from error
        try:
            self._engine.append(tenant, batch)
        except Retryable:
            self._fail(batch, "retryable")
            raise
        self._sent[batch.signal].add(batch.items, exporter=str(self.ctx.id))

    def stop(self, deadline: float) -> None:
        if self._engine:
            close_store(self._engine, max(deadline - self.ctx.clock.monotonic(), 0.0))
            self._engine = None

    def custody(self) -> Custody:
        window = ""
        if self.cfg.durability != "commit":
            window = f"only if the machine itself goes down: what was acknowledged in the last {self.cfg.interval}"
        return Custody(CustodyKind.STORES, window, {"metrics": _NOT_KEPT})

    def _fail(self, batch: Batch, reason: str) -> None:
        self._failed[batch.signal].add(batch.items, exporter=str(self.ctx.id), reason=reason)

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
