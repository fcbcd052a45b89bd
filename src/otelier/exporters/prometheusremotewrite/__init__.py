"""prometheusremotewrite: send metrics to Prometheus, or to whatever takes its remote write.

Batches are sent in the order in which they came, each in several requests at once; a series always goes by the same
lane, so its samples are never out of order. Of a batch that was taken in part, only the rest is sent again. What has no
translation (delta values) is refused and counted, with the reason in the log.
"""

from ...component import Custody, Exporter, StartError, exporter
from ...sending import SendPath, Sent
from ...telemetry import Batch
from .config import RemoteWriteConfig
from .lanes import Lanes


@exporter("prometheusremotewrite", aliases=("prometheus_remote_write",), stability="beta", signals={"metrics"})
class PrometheusRemoteWrite(Exporter):
    cfg: RemoteWriteConfig

    def setup(self) -> None:
        self._path = SendPath(self.ctx, self.cfg.send_settings, self._send)
        self._lanes: Lanes | None = None

    def start(self) -> None:
        try:
            self._lanes = Lanes(self.ctx, self.cfg)
        except ValueError as error:
            raise StartError(str(error)) from error
        self._path.start()

    def consume(self, batch: Batch) -> None:
        self._path.consume(batch)

    def prepare_stop(self, deadline: float) -> None:
        self._path.prepare_stop(deadline)

    def stop(self, deadline: float) -> None:
        self._path.stop(deadline)
        if self._lanes:
            self._lanes.close()

    def custody(self) -> Custody:
        return self._path.custody()

    def _send(self, batch: Batch, timeout_s: float) -> Sent:
        assert self._lanes, "started"
        return self._lanes.send(batch, timeout_s)
