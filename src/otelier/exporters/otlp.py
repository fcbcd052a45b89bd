"""otlp: send to an OTLP backend over gRPC.

What the backend refuses for now is offered again (`retry_on_failure`), what it refuses for good is dropped and
counted. The sender is answered when the data is in the queue; without a queue, when the backend has answered.
"""

from ..component import exporter
from ..sending import ClientExporter, GrpcClientSettings, GrpcSender


class OtlpConfig(GrpcClientSettings):
    """Keys of `otlp`."""


@exporter("otlp", aliases=("otlp_grpc",), stability="stable", signals={"traces", "metrics", "logs"})
class Otlp(ClientExporter):
    """The component."""

    cfg: OtlpConfig

    def connect(self) -> GrpcSender:
        """One client per endpoint."""
        return GrpcSender(self.ctx, self.cfg)
