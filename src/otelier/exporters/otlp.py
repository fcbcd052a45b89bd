"""otlp: send to an OTLP backend over gRPC.

What the backend refuses for now is offered again (`retry_on_failure`), what it refuses for good is dropped and
counted. The sender is answered when the data is in the queue; without a queue, when the backend has answered.
"""

from ..component import Custody, Exporter, StartError, exporter
from ..sending import GrpcClientSettings, GrpcSender, SendPath, Sent
from ..telemetry import Batch


class OtlpConfig(GrpcClientSettings):
    """Keys of `otlp`."""


@exporter("otlp", aliases=("otlp_grpc",), stability="stable", signals={"traces", "metrics", "logs"})
class Otlp(Exporter):
    """The component."""

    cfg: OtlpConfig

    def setup(self) -> None:
        """No I/O yet."""
        self._sender: GrpcSender | None = None
        self._path = SendPath(self.ctx, self.cfg, self._send)

    def start(self) -> None:
        """Read TLS files; the first send connects."""
        if self.cfg.tls.insecure_skip_verify:
            self.ctx.log.warning("tls.insecure_skip_verify: anybody can pretend to be %s", self.cfg.endpoint)
        try:
            self._sender = GrpcSender(self.ctx, self.cfg)
        except ValueError as error:
            raise StartError(str(error)) from error
        self._path.start()

    def consume(self, batch: Batch) -> None:
        """Hand on to the send path."""
        self._path.consume(batch)

    def prepare_stop(self, deadline: float) -> None:
        """Waits and retries end by then."""
        self._path.prepare_stop(deadline)

    def stop(self, deadline: float) -> None:
        """Send what waits, then disconnect."""
        self._path.stop(deadline)
        if self._sender:
            self._sender.close()

    def custody(self) -> Custody:
        """As the send path's."""
        return self._path.custody()

    def _send(self, batch: Batch, timeout_s: float) -> Sent:
        assert self._sender, "started"
        return self._sender.send(batch, timeout_s)
