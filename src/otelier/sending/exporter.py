"""The life of an exporter that is a client behind the one path."""

from abc import abstractmethod
from typing import Protocol

from ..component import Custody, Exporter, StartError
from ..telemetry import Batch
from .outcome import Sent
from .path import SendPath
from .settings import SendSettings


class Client(Protocol):
    """What knows the way to a backend."""

    def send(self, batch: Batch, timeout_s: float) -> Sent:
        """Send one batch. Raises Retryable or Permanent."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class ClientExporter(Exporter):
    """Subclasses say how to make their client; their configuration is that of a client, with `tls`."""

    @abstractmethod
    def connect(self) -> Client:
        """The client; nothing is sent yet. Raises ValueError for options or files that can't be used, or StartError."""

    def path_settings(self) -> SendSettings:
        """What the send path goes by."""
        return self.cfg

    def setup(self) -> None:
        """No I/O yet."""
        self._client: Client | None = None
        self._path = SendPath(self.ctx, self.path_settings(), self._send)

    def start(self) -> None:
        """Read files; the first send connects."""
        if self.cfg.tls.insecure_skip_verify:
            self.ctx.log.warning("tls.insecure_skip_verify: anybody can pretend to be the backend")
        try:
            self._client = self.connect()
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
        if self._client:
            self._client.close()

    def custody(self) -> Custody:
        """As the send path's."""
        return self._path.custody()

    def _send(self, batch: Batch, timeout_s: float) -> Sent:
        assert self._client, "started"
        return self._client.send(batch, timeout_s)
