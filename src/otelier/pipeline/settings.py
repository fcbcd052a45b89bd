"""The `service` section. Keys and defaults are the Collector's."""

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import field

from ..component import Config, Duration
from ..server.address import Address
from ..server.metrics_endpoint import PrometheusReader

LEVELS = ("none", "basic", "normal", "detailed")
LOG_LEVELS = {"debug": 10, "info": 20, "warn": 30, "error": 40, "dpanic": 50, "panic": 50, "fatal": 50}


class PipelineSettings(Config):
    """One pipeline: the ids of its components."""

    receivers: tuple[str, ...] = ()
    """Receivers, and connectors that begin this pipeline; at least one."""
    processors: tuple[str, ...] = ()
    """In the order of flow."""
    exporters: tuple[str, ...] = ()
    """Exporters, and connectors that end this pipeline; at least one."""


class LogSampling(Config):
    """Which of many equal log lines are written."""

    enabled: bool = True
    """False: all of them."""
    tick: Duration = Duration(10)
    """Counting starts anew after this time."""
    initial: int = 10
    """So many equal lines are written first."""
    thereafter: int = 100
    """Then every so-many-th; 0: none."""


class LogSettings(Config):
    """Otelier's own log."""

    level: str = "info"
    """debug, info, warn or error."""
    encoding: Literal["console", "json"] = "console"
    """Lines for people, or one JSON object a line."""
    output_paths: tuple[str, ...] = ("stderr",)
    """stderr, stdout, or files."""
    error_output_paths: tuple[str, ...] = ("stderr",)
    """Where trouble of the log itself goes; accepted, always stderr."""
    development: bool = False
    """Stack traces for warnings, too."""
    disable_caller: bool = False
    """Leave out file and line."""
    disable_stacktrace: bool = False
    """Leave out stack traces."""
    sampling: LogSampling = LogSampling()
    """Keeps a flood of equal lines short."""
    initial_fields: dict[str, Any] = field(default_factory=dict[str, Any])
    """Added to every line."""
    processors: tuple[dict[str, Any], ...] = ()
    """Export of the log as telemetry: accepted, has no effect yet."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """See `Config.problems`."""
        if self.level.lower() not in LOG_LEVELS:
            yield "level", f"`{self.level}` is no log level: write debug, info, warn or error"


class PullExporter(Config):
    """Which format is served."""

    prometheus: PrometheusReader = PrometheusReader()


class PullReader(Config):
    """Metrics that are fetched from Otelier."""

    exporter: PullExporter = PullExporter()


class MetricReader(Config):
    """One way out for Otelier's own metrics."""

    pull: PullReader | None = None
    periodic: dict[str, Any] | None = None
    """Metrics that Otelier sends: accepted, has no effect yet."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """See `Config.problems`."""
        if (self.pull is None) == (self.periodic is None):
            yield "", "a reader is either `pull` or `periodic`"


class MetricSettings(Config):
    """Otelier's own metrics."""

    level: str = "normal"
    """none, basic, normal or detailed; none switches them off."""
    readers: tuple[MetricReader, ...] | None = None
    """Where they can be had; unset: Prometheus on localhost:8888."""
    address: str = ""
    """Old form of a single Prometheus reader: `host:port`."""
    views: tuple[dict[str, Any], ...] = ()
    """Accepted, has no effect."""

    @property
    def on(self) -> bool:
        """Whether they are kept at all."""
        return self.level.lower() != "none"

    def endpoints(self) -> list[PrometheusReader]:
        """Where to serve them."""
        if not self.on:
            return []
        if self.readers is not None:
            return [reader.pull.exporter.prometheus for reader in self.readers if reader.pull]
        if self.address:
            host, port = Address.parse(self.address)
            return [PrometheusReader(host=host, port=port)]
        return [PrometheusReader()]

    def problems(self) -> Iterable[tuple[str, str]]:
        """See `Config.problems`."""
        if self.level.lower() not in LEVELS:
            yield "level", f"`{self.level}` is no level: write none, basic, normal or detailed"
        if self.address:
            try:
                Address.parse(self.address)
            except ValueError as error:
                yield "address", str(error)


class TelemetrySettings(Config):
    """What Otelier tells about itself."""

    logs: LogSettings = LogSettings()
    metrics: MetricSettings = MetricSettings()
    traces: dict[str, Any] | None = None
    """Traces of Otelier itself: accepted, has no effect yet."""
    resource: dict[str, Any] = field(default_factory=dict[str, Any])
    """Resource attributes of all of that; null removes one."""


class ServiceSettings(Config):
    """What runs."""

    extensions: tuple[str, ...] = ()
    """Extensions to start, in this order."""
    pipelines: dict[str, PipelineSettings] = field(default_factory=dict[str, PipelineSettings])
    """By `signal` or `signal/name`."""
    telemetry: TelemetrySettings = TelemetrySettings()
    shutdown_timeout: Duration = Duration(10)
    """How long a graceful stop may take as a whole. Otelier's own key."""
