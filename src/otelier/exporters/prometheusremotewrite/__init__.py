"""prometheusremotewrite: send metrics to Prometheus, or to whatever takes its remote write.

Batches are sent in the order in which they came, each in several requests at once; a series always goes by the same
lane, so its samples are never out of order. Of a batch that was taken in part, only the rest is sent again. What has no
translation (delta values) is refused and counted, with the reason in the log.
"""

from ...component import exporter
from ...sending import ClientExporter, SendSettings
from .config import RemoteWriteConfig
from .lanes import Lanes


@exporter("prometheusremotewrite", aliases=("prometheus_remote_write",), stability="beta", signals={"metrics"})
class PrometheusRemoteWrite(ClientExporter):
    cfg: RemoteWriteConfig

    def connect(self) -> Lanes:
        return Lanes(self.ctx, self.cfg)

    def path_settings(self) -> SendSettings:
        return self.cfg.send_settings
