"""All APIs and the UI of one store behind their HTTP endpoints: what the query process runs."""

from collections.abc import Sequence
from pathlib import Path

from ..component import Clock, Meter, SystemClock
from ..query.gate import Gate
from ..query.names import Names
from ..query.snapshot import Snapshot
from ..query.tags import Tags
from ..query.traceql.engine import TraceQL
from ..query.traces import Traces
from ..server.endpoint import HttpEndpoint
from ..server.hosts import HostCheck
from ..server.http import HttpServerSettings
from ..server.router import Group, Router
from ..server.web import Web
from ..storage.local.catalogue import CatalogueReader
from . import pages
from .jaeger.classic import Classic
from .jaeger.v3 import V3
from .options import Options
from .own_metrics import OwnMetrics
from .tempo import probes, streaming
from .tempo.complete import Complete
from .tempo.metrics import Metrics
from .tempo.search import Search
from .tempo.tags import TagRoutes
from .tempo.traces import TraceById
from .trace_logs import TraceLogs

_WAITING = 10
"""Most queries that wait for those at work."""
_SPARE = 4
"""Threads that no query takes: pages and metrics don't wait for them."""
_FOLLOW_S = 0.5


class Application:
    """One life: made → `start` → `stop`."""

    def __init__(self, options: Options, clock: Clock | None = None) -> None:
        """Raises OSError where the data directory is there but can't be read."""
        clock = clock or SystemClock()
        directory = Path(options.data_dir)
        self.snapshot = Snapshot(directory)
        names = Names(self.snapshot.disk, CatalogueReader(directory))
        gate = Gate(options.queries_at_once, _WAITING)
        reader = Traces(self.snapshot, names, gate)
        metrics = OwnMetrics(Meter(), clock)
        groups = [
            Classic(reader, clock).group(),
            V3(reader).group(),
            TraceLogs(reader).group(),
            metrics.group(),
            pages.group(),
        ]
        engine = TraceQL(self.snapshot, gate, options.limits)
        found, tags, series = Search(engine), TagRoutes(Tags(self.snapshot, gate)), Metrics(engine, clock)
        tempo = [
            *(each.group() for each in (TraceById(reader, engine), found, tags, series, Complete(engine))),
            streaming.group(found, tags, series),
            probes.group(),
            metrics.group(),
        ]
        threads = options.queries_at_once + _WAITING + _SPARE

        def endpoint(settings: HttpServerSettings, groups: Sequence[Group], name: str) -> HttpEndpoint:
            hosts = HostCheck(settings.address.host, options.allowed_hosts)
            return HttpEndpoint(settings, Web(Router(groups, metrics.observe), hosts), name, threads=threads)

        self._endpoint = endpoint(options.server, groups, "otelier:query")
        self._tempo = endpoint(options.tempo, tempo, "otelier:tempo") if options.tempo else None

    def start(self) -> None:
        """Bind and answer. Raises StartError."""
        self._endpoint.start()
        if self._tempo:
            self._tempo.start()
        self.snapshot.keep_fresh(_FOLLOW_S)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens at. Only after `start`."""
        return self._endpoint.address

    @property
    def tempo_address(self) -> tuple[str, int] | None:
        """The same of Tempo's API, if it is served."""
        return self._tempo.address if self._tempo else None

    def stop(self, grace_s: float) -> None:
        """Answer what is under way for up to `grace_s`, then close."""
        self._endpoint.stop(grace_s)
        if self._tempo:
            self._tempo.stop(grace_s)
        self.snapshot.close()
