"""nop: take everything and keep nothing.

For tests, and for pipelines that exist only for their side effects. Counts what it took as sent.
"""

from ..component import Config, Custody, CustodyKind, Exporter, exporter
from ..telemetry import Batch, items_suffix


class NopConfig(Config):
    """`nop` has no keys."""


@exporter("nop", stability="beta", signals={"traces", "metrics", "logs"})
class Nop(Exporter):
    """The component."""

    cfg: NopConfig

    def consume(self, batch: Batch) -> None:
        """Count."""
        suffix = items_suffix(batch.signal)
        sent = self.ctx.meter.counter(f"otelcol_exporter_sent_{suffix}", "{item}", f"{suffix} that the backend took.")
        sent.add(batch.items, exporter=str(self.ctx.id))

    def custody(self) -> Custody:
        """The end of the pipeline."""
        return Custody(CustodyKind.STORES)
