"""otlphttp: send to an OTLP backend over HTTP, as protobuf or JSON.

What the backend refuses for now is offered again (`retry_on_failure`), what it refuses for good is dropped and
counted. The sender is answered when the data is in the queue; without a queue, when the backend has answered.
"""

from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from ..component import StartError, exporter
from ..sending import ClientExporter, HttpClientSettings, HttpSender, url_problem
from ..telemetry import SIGNALS, Signal


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
class OtlpHttp(ClientExporter):
    """The component."""

    cfg: OtlpHttpConfig

    def connect(self) -> HttpSender:
        """One client for all URLs."""
        if self.ctx.signal and not self.cfg.url(self.ctx.signal):
            raise StartError(f"there is no URL for {self.ctx.signal}: set endpoint or {self.ctx.signal}_endpoint")
        return HttpSender(self.cfg, self.cfg.encoding, self.cfg.url)
