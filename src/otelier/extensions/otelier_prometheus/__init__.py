"""otelier_prometheus: scrape by prometheus.yml into the store, and take remote write and OTLP for it.

What only the process that takes telemetry in can answer is served here, on loopback and only to whoever has the token:
the process of `otelier_query` asks for it in the name of its clients. Scraping begins when all pipelines have started,
and samples go straight into the store, without a pipeline.
"""

import secrets
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from ..._core import Samples, Scraped
from ...component import (
    Config,
    ConfigError,
    Extension,
    OtelierError,
    PrometheusDuration,
    StartError,
    extension,
)
from ...scrape.config import PrometheusConfig, load_config
from ...scrape.scraper import Scraper
from ...server.endpoint import Answer, HttpEndpoint, HttpRequest, Response
from ...server.http import HttpServerSettings
from ...server.router import Router
from ...storage.directory import DEFAULT_TENANT
from ...storage.metrics import MetricsEngine, close_metrics, open_metrics
from ...storage.settings import StoreSettings
from .admin import Admin
from .routes import Routes
from .write import Writes

_THREADS = 4
_TOKEN_HEADER = "x-otelier-token"  # noqa: S105 - the name of a header
_BODY_BYTES = 64 * 2**20


class OtelierPrometheusConfig(Config):
    data_dir: str = ""
    """The store's directory; empty: that of the exporter `otelier`."""
    config_file: str = ""
    """A `prometheus.yml`; read again by `/-/reload`."""
    config: PrometheusConfig | None = None
    """The same, written here; `$` is doubled."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """One of them."""
        if self.config_file and self.config:
            yield "config_file", "give either config_file or config"

    def settings(self, exporters: Iterable[Config]) -> StoreSettings:
        """Of the store, given who else is configured. Raises ValueError if that is not where it is written."""
        written = [each for each in exporters if isinstance(each, StoreSettings)]
        if not self.data_dir:
            if len({each.root.absolute() for each in written}) > 1:
                raise ValueError("data_dir must say which one, because exporters `otelier` write to several")
            return written[0] if written else StoreSettings()
        own = StoreSettings(data_dir=self.data_dir)
        return next((each for each in written if each.root.absolute() == own.root.absolute()), own)


@extension("otelier_prometheus", stability="alpha")
class OtelierPrometheus(Extension):
    cfg: OtelierPrometheusConfig

    def setup(self) -> None:
        self._settings = self.cfg.settings(self.ctx.exporters)
        self._token = secrets.token_urlsafe(32)
        self._engine: MetricsEngine | None = None
        self._endpoint: HttpEndpoint | None = None
        self._router: Router | None = None
        self._scraper = Scraper(self.ctx, self._keep)
        self._config = PrometheusConfig()
        self._reloading = threading.Lock()
        self._kept = self.ctx.meter.counter(
            "otelier_scrape_samples", "{sample}", "Samples of scrapes, by whether the store took them."
        )

    @property
    def directory(self) -> Path:
        """The data directory that it writes to."""
        return self._settings.root.absolute()

    @property
    def scraped(self) -> str | PrometheusConfig:
        """Its `prometheus.yml`, or where that is; rules are read from it by the process that evaluates them."""
        if self.cfg.config_file:
            return str(Path(self.cfg.config_file).absolute())
        return self.cfg.config or PrometheusConfig()

    def start(self) -> None:
        try:
            self._config = self._read()
        except ConfigError as error:
            raise StartError(str(error), exit_code=2) from error
        self._engine = open_metrics(self._settings, self.ctx.clock, self.ctx.meter)
        retention = str(PrometheusDuration(self._settings.metrics_retention.max_age))
        routes = Routes(self._scraper, lambda: self._config, self.reload, retention, self.ctx.clock)
        admin = Admin(self._engine, self.directory, self.ctx.clock)
        self._router = Router([Writes(self._engine).group(), routes.group(), admin.group()])
        server = HttpServerSettings(endpoint="127.0.0.1:0", max_request_body_size=_BODY_BYTES)
        self._endpoint = HttpEndpoint(server, self._answer, f"otelier:{self.ctx.id}", threads=_THREADS)
        self._endpoint.start()

    def notify_ready(self) -> None:
        self._scraper.start()
        try:
            self._scraper.apply(self._config)
        except ValueError as error:
            self.ctx.log.error("nothing is scraped: %s", error)

    def internal(self) -> tuple[str, int, str]:
        """Host, port and token of what only this process can answer. Raises LookupError before `start`."""
        if not self._endpoint:
            raise LookupError("not started")
        return (*self._endpoint.address, self._token)

    def reload(self) -> None:
        """Read the configuration again. Raises ConfigError or ValueError; then the old one goes on."""
        with self._reloading:
            config = self._read()
            self._scraper.apply(config)
            self._config = config
        self.ctx.log.info("the configuration of scrapes was read again")

    def notify_stopping(self) -> None:
        self._scraper.stop()

    def stop(self, deadline: float) -> None:
        self._scraper.stop()
        left = max(deadline - self.ctx.clock.monotonic(), 0.0)
        if self._endpoint:
            self._endpoint.stop(min(left, 1.0))
            self._endpoint = None
        if self._engine:
            close_metrics(self._engine, left)
            self._engine = None

    def _read(self) -> PrometheusConfig:
        if self.cfg.config_file:
            return load_config(Path(self.cfg.config_file))
        return self.cfg.config or PrometheusConfig()

    def _keep(self, scraped: Sequence[Scraped]) -> None:
        engine = self._engine
        if engine is None:
            return
        samples = Samples.joined([each.samples for each in scraped])
        try:
            done = engine.append(DEFAULT_TENANT, samples)
        except OtelierError:
            self._kept.add(samples.samples, outcome="failed")
            raise
        self._kept.add(done.samples + done.histograms, outcome="kept")
        for reason, example, count in done.rejected:
            self._kept.add(count, outcome="rejected")
            self.ctx.log.warning("%d samples of scrapes %s, such as %s", count, reason, example)

    def _answer(self, request: HttpRequest) -> Answer:
        given = request.headers.get(_TOKEN_HEADER, "")
        if self._router is None or not secrets.compare_digest(given.encode(), self._token.encode()):
            body = msgspec.json.encode({"status": "error", "errorType": "bad_data", "error": "no or a wrong token"})
            return Response(401, (("content-type", "application/json"),), body)
        return self._router(request)
