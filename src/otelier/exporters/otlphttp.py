"""otlphttp: send to an OTLP backend over HTTP, as protobuf or JSON.

What the backend refuses for now is offered again (`retry_on_failure`), what it refuses for good is dropped and
counted. The sender is answered when the data is in the queue; without a queue, when the backend has answered.
"""

from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from ..component import Custody, Exporter, StartError, exporter
from ..sending import HttpClientSettings, HttpSender, SendPath, Sent, url_problem
from ..telemetry import SIGNALS, Batch, Signal


class OtlpHttpConfig(HttpClientSettings):
    """Keys of `otlphttp`."""

    endpoint: str = ""
    """URL of the backend; `/v1/traces`, `/v1/metrics` and `/v1/logs` are added to its path."""
    traces_endpoint: str = ""
    """URL for traces, used as it is."""
    metrics_endpoint: str = ""
    """URL for metrics, used as it is."""
    logs_endpoint: str = ""
    """URL for logs, used as it is."""
    encoding: Literal["proto", "json"] = "proto"
    """proto (protobuf) or json (OTLP/JSON)."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """There must be a URL to send to."""
        yield from super().problems()
        keys = ("endpoint", *(f"{signal}_endpoint" for signal in SIGNALS))
        given = {key: url for key in keys if (url := getattr(self, key))}
        if not given:
            yield "endpoint", "must be given, such as http://localhost:4318 (or traces_endpoint and its like)"
        for key, url in given.items():
            if problem := url_problem(url):
                yield key, problem

    def url(self, signal: Signal) -> str:
        """Where a signal is sent; empty if nowhere."""
        if (own := getattr(self, f"{signal}_endpoint")) or not self.endpoint:
            return own
        base = urlsplit(self.endpoint)
        return base._replace(path=f"{base.path.rstrip('/')}/v1/{signal}").geturl()


@exporter("otlphttp", aliases=("otlp_http",), stability="stable", signals={"traces", "metrics", "logs"})
class OtlpHttp(Exporter):
    """The component."""

    cfg: OtlpHttpConfig

    def setup(self) -> None:
        """No I/O yet."""
        self._sender: HttpSender | None = None
        self._path = SendPath(self.ctx, self.cfg, self._send)

    def start(self) -> None:
        """Read TLS files; the first send connects."""
        if self.ctx.signal and not self.cfg.url(self.ctx.signal):
            raise StartError(f"there is no URL for {self.ctx.signal}: set endpoint or {self.ctx.signal}_endpoint")
        if self.cfg.tls.insecure_skip_verify:
            self.ctx.log.warning("tls.insecure_skip_verify: anybody can pretend to be the backend")
        try:
            self._sender = HttpSender(self.ctx, self.cfg, self.cfg.encoding)
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
        return self._sender.send(self.cfg.url(batch.signal), batch, timeout_s)
