"""All APIs and the UI of one store behind one HTTP endpoint: what the query process runs."""

from pathlib import Path

from ..component import Clock, Meter, SystemClock
from ..query.gate import Gate
from ..query.names import Names
from ..query.snapshot import Snapshot
from ..query.traces import Traces
from ..server.endpoint import HttpEndpoint
from ..server.hosts import HostCheck
from ..server.router import Router
from ..server.web import Web
from ..storage.local.catalogue import CatalogueReader
from . import pages
from .jaeger.classic import Classic
from .jaeger.v3 import V3
from .options import Options
from .own_metrics import OwnMetrics
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
        reader = Traces(self.snapshot, names, Gate(options.queries_at_once, _WAITING))
        metrics = OwnMetrics(Meter(), clock)
        groups = [
            Classic(reader, clock).group(),
            V3(reader).group(),
            TraceLogs(reader).group(),
            metrics.group(),
            pages.group(),
        ]
        hosts = HostCheck(options.server.address.host, options.allowed_hosts)
        self._web = Web(Router(groups, metrics.observe), hosts)
        threads = options.queries_at_once + _WAITING + _SPARE
        self._endpoint = HttpEndpoint(options.server, self._web, "otelier:query", threads=threads)

    def start(self) -> None:
        """Bind and answer. Raises StartError."""
        self._endpoint.start()
        self.snapshot.keep_fresh(_FOLLOW_S)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens at. Only after `start`."""
        return self._endpoint.address

    def stop(self, grace_s: float) -> None:
        """Answer what is under way for up to `grace_s`, then close."""
        self._endpoint.stop(grace_s)
        self.snapshot.close()
