"""All APIs and the UI of one store behind their HTTP endpoints: what the query process runs."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ..component import Clock, Meter, SystemClock
from ..query.gate import Gate
from ..query.logs import Logs
from ..query.metrics import MAX_SAMPLES, Metrics
from ..query.names import Names
from ..query.snapshot import Snapshot
from ..query.sql.engine import Sql
from ..query.sql.limits import Limits as SqlLimits
from ..query.substitutes import Substitutes
from ..query.tags import Tags
from ..query.traceql.engine import TraceQL
from ..query.traceql.limits import Limits
from ..query.traces import Traces
from ..server.endpoint import HttpEndpoint
from ..server.grpc_calls import no_such_service
from ..server.hosts import HostCheck
from ..server.http import HttpServerSettings
from ..server.passed_on import PassedOn
from ..server.request import Request
from ..server.router import Group, Router, below
from ..server.web import Web
from ..storage.local.catalogue import CatalogueReader
from . import no_pages, pages
from .deletion import Deletions
from .exemplars import ExemplarRoutes
from .jaeger.classic import Classic
from .jaeger.v3 import V3
from .loki import probes as loki_probes
from .loki import pushes as loki_pushes
from .loki.detected import Detected
from .loki.names import Names as LokiNames
from .loki.queries import Queries as LokiQueries
from .loki.tail import Tails
from .options import Options
from .own_metrics import OwnMetrics
from .prometheus import routes as prometheus_routes
from .prometheus.forward import Forward, passed_on
from .rules import rule_service
from .silences import SilenceRoutes
from .sql import SqlQueries
from .tempo import routes
from .trace_logs import TraceLogs

_WAITING = 10
"""Most queries that wait for those at work."""
_SPARE = 4
"""Threads that no query takes: pages and metrics don't wait for them."""
_FOLLOW_S = 0.5
_PROMETHEUS = "/prometheus"
"""PromQL at the UI's port, for those who know that one only."""


def _of_sql(limits: Limits) -> SqlLimits:
    """What a statement may take is what a query of TraceQL may, as far as they have it in common."""
    return SqlLimits(time_s=limits.time_s, spans=limits.rows, bytes=limits.bytes)


def _of_logs(logs: Logs, clock: Clock) -> list[Group]:
    return [each(logs, clock).group() for each in (LokiQueries, LokiNames, Detected, Tails)]


def _of_loki(receiver: str, ui_url: Callable[[Request], str]) -> list[Group]:
    """What is at the port of Loki's API only."""
    return [loki_probes.group(), loki_pushes.group(receiver), no_pages.group("Loki", ui_url)]


def _beside(request: Request, settings: HttpServerSettings, port: int) -> str:
    """The address of another port of the host that was asked."""
    scheme = "https" if settings.tls else "http"
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or "localhost"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


class Application:
    """One life: made → `start` → `stop`."""

    def __init__(self, options: Options, clock: Clock | None = None) -> None:
        """Raises OSError where the data directory is there but can't be read."""
        clock = clock or SystemClock()
        self._options = options
        directory = Path(options.data_dir)
        self.snapshot = Snapshot(directory)
        names = Names(self.snapshot.disk, CatalogueReader(directory))
        gate = Gate(options.queries_at_once, _WAITING)
        statements = max(1, options.queries_at_once // 2)  # They never keep a trace from being found.
        reader = Traces(self.snapshot, names, gate, options.limits.time_s)
        logs = Logs(self.snapshot, gate, options.limits.time_s)
        meter = Meter()
        metrics = OwnMetrics(meter, clock)
        engine, tags = TraceQL(self.snapshot, gate, options.limits), Tags(self.snapshot, gate)
        self._metrics = Metrics(directory, gate, options.prometheus.max_samples if options.prometheus else MAX_SAMPLES)
        sql = Sql(self.snapshot, self._metrics, Gate(statements, _WAITING), _of_sql(options.limits))
        of_logs = _of_logs(logs, clock)
        groups = [
            Classic(reader, clock).group(),
            V3(reader).group(),
            TraceLogs(reader).group(),
            ExemplarRoutes(Substitutes(self.snapshot, gate), self._metrics, clock).group(),
            SqlQueries(sql).group(),
            below(_PROMETHEUS, prometheus_routes.queries(self._metrics, options.prometheus, clock)),
            *routes.for_pages(engine, clock),
            *of_logs,
            Deletions(directory, clock, allowed=options.allow_delete).group(),
            metrics.group(),
            pages.group(self._prometheus_url if options.prometheus else None),
        ]
        tempo = [*routes.groups(reader, engine, tags, clock), metrics.group(), no_pages.group("Tempo", self._ui_url)]
        threads = options.queries_at_once + statements + 2 * _WAITING + _SPARE

        def endpoint(
            settings: HttpServerSettings,
            groups: Sequence[Group],
            name: str,
            writes: Callable[[HostCheck], PassedOn] | None = None,
        ) -> HttpEndpoint:
            hosts = HostCheck(settings.address.host, options.allowed_hosts)
            router = Router(groups, metrics.observe, no_such_service)
            passed = writes(hosts) if writes else None
            return HttpEndpoint(settings, Web(router, hosts), name, threads=threads, passed_on=passed)

        self._endpoint = endpoint(options.server, groups, "otelier:query")
        receiver = options.loki_pushes_to
        loki = [*of_logs, *_of_loki(receiver, self._ui_url), metrics.group()]
        pushes = partial(loki_pushes.passed_on, receiver) if receiver else None
        self._tempo = endpoint(options.tempo, tempo, "otelier:tempo") if options.tempo else None
        self._loki = endpoint(options.loki, loki, "otelier:loki", pushes) if options.loki else None
        self._prometheus = self._forward = self._rules = None
        if options.prometheus:
            settings = options.prometheus
            self._forward = Forward(settings.parent) if settings.parent else None
            if options.rules and self._forward:
                self._rules = rule_service(
                    options.rules,
                    self._metrics,
                    settings.engine(),
                    engine,
                    logs,
                    self._forward,
                    clock,
                    meter,
                    directory,
                )
            prometheus = prometheus_routes.groups(
                self._metrics,
                settings,
                clock,
                options.data_dir,
                self._rules,
                self._forward,
                self._rules.reload if self._rules else None,
                self._ui_url,
            )
            silences = [SilenceRoutes(self._rules.silences).group()] if self._rules else []
            prometheus = [*prometheus, *silences, metrics.group()]
            writes = partial(passed_on, settings.parent, settings.server) if settings.parent else None
            self._prometheus = endpoint(settings.server, prometheus, "otelier:prometheus", writes)

    def start(self) -> None:
        """Bind and answer. Raises StartError."""
        for each in self._endpoints():
            each.start()
        self.snapshot.keep_fresh(_FOLLOW_S)
        if self._prometheus:
            self._metrics.keep_fresh(_FOLLOW_S)
        if self._rules:
            self._rules.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens at. Only after `start`."""
        return self._endpoint.address

    @property
    def loki_address(self) -> tuple[str, int] | None:
        """The same of Loki's API, if it is served."""
        return self._loki.address if self._loki else None

    @property
    def prometheus_address(self) -> tuple[str, int] | None:
        """The same of Prometheus' API, if it is served."""
        return self._prometheus.address if self._prometheus else None

    @property
    def tempo_address(self) -> tuple[str, int] | None:
        """The same of Tempo's API, if it is served."""
        return self._tempo.address if self._tempo else None

    def _ui_url(self, request: Request) -> str:
        """Where whoever sends the request finds the UI."""
        settings = self._options.prometheus
        if settings and settings.ui_url:
            return settings.ui_url.rstrip("/")
        return _beside(request, self._options.server, self.address[1])

    def _prometheus_url(self, request: Request) -> str:
        """Where whoever sends the request finds Prometheus' API."""
        assert self._options.prometheus
        assert self.prometheus_address
        return _beside(request, self._options.prometheus.server, self.prometheus_address[1])

    def stop(self, grace_s: float) -> None:
        """Answer what is under way for up to `grace_s`, then close."""
        if self._rules:
            self._rules.stop()
        for each in self._endpoints():
            each.stop(grace_s)
        if self._forward:
            self._forward.close()
        self._metrics.close()
        self.snapshot.close()

    def _endpoints(self) -> list[HttpEndpoint]:
        return [each for each in (self._endpoint, self._tempo, self._loki, self._prometheus) if each]
