"""otelier_query: the UI and the query APIs of what the exporter `otelier` has stored, in a process of their own.

So queries neither slow nor crash what takes telemetry in. If that process ends, it is started again, at once or after
a growing pause. It reads the directory without a lock, so a service that has this extension and no pipeline answers for
a directory that another Otelier writes; any number of them may.
"""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Protocol, runtime_checkable

import msgspec
from msgspec import Meta

from ..component import Config, Duration, Extension, Secret, StartError, extension
from ..scrape.config import PrometheusConfig, RulesSettings
from ..server.address import Address
from ..server.http import HttpServerSettings
from ..server.listen import Inbox, http_options, listen
from ..storage.directory import DEFAULT_TENANT, check_tenant, default_data_directory
from ..storage.local import StoreSettings
from ..storage.segmented.bucket.attach import read_only
from ..storage.settings import BucketSettings, url_problems

_COMMAND = (sys.executable, "-P", "-m", "otelier.api.serve")
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_HEALTHY_S = 60.0
"""After so long the next end counts as the first one."""
_PORT_WAIT_S = 1.0
"""A predecessor that was killed leaves the port to its child for a moment."""
_LAST_WAIT_S = 1.0
_STOP = b"stop\n"
"""Second line that the process is given: answer what is under way, then end."""


class TempoSettings(HttpServerSettings):
    """`tempo`: Tempo's API, for Grafana's data source and other clients; gRPC streams at the same port."""

    endpoint: str = "localhost:3200"
    """`host:port` of Tempo's API; without a host: all addresses."""


class LokiSettings(HttpServerSettings):
    """`loki`: Loki's API, for Grafana's data source and other clients."""

    endpoint: str = "localhost:3100"
    """`host:port` of Loki's API; without a host: all addresses."""
    pushes_to: str = ""
    """`host:port` of a receiver `loki`, without TLS, that gets what is pushed to this port; empty: nothing is taken."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """The server's, and an address that is none."""
        yield from super().problems()
        if self.pushes_to:
            try:
                if not Address.parse(self.pushes_to).port:
                    yield "pushes_to", "needs the port at which the receiver listens, not 0"
            except ValueError as error:
                yield "pushes_to", str(error)


class PrometheusSettings(HttpServerSettings):
    """`prometheus`: Prometheus's API, for Grafana's data source and whatever else asks for metrics."""

    endpoint: str = "localhost:9090"
    """`host:port` of Prometheus's API; without a host: all addresses."""
    lookback_delta: Duration = Duration(300)
    """How old a sample may be to be its series' current value."""
    timeout: Duration = Duration(120)
    """Longest time that a query may take."""
    max_samples: Annotated[int, Meta(ge=1)] = 50_000_000
    """Most samples that a query may read and make."""
    ui_url: str = ""
    """Where browsers find the UI, for links to traces; empty: at the host that was asked, at the port of `endpoint`."""
    rules: RulesSettings = RulesSettings()
    """Rules and alerts. They need the extension `otelier_prometheus`, which writes what they find."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """The server's, and tenants that can't be any."""
        yield from super().problems()
        for name in self.rules.tenants:
            if name == DEFAULT_TENANT:
                yield f"rules.tenants.{name}", "rules of the default tenant stand directly at `rules.rule_files`"
                continue
            try:
                check_tenant(name)
            except ValueError as error:
                yield f"rules.tenants.{name}", str(error)


class OtelierQueryConfig(HttpServerSettings):
    endpoint: str = "localhost:16686"
    """`host:port` of UI and APIs; without a host: all addresses."""
    tempo: TempoSettings | None = None
    """Serve Tempo's API too; `{}`: at localhost:3200."""
    loki: LokiSettings | None = None
    """Serve Loki's API too; `{}`: at localhost:3100."""
    prometheus: PrometheusSettings | None = None
    """Serve Prometheus's API too; `{}`: at localhost:9090. With the extension `otelier_prometheus` it takes writes."""
    data_dir: str = ""
    """The store's directory; empty: that of the exporter `otelier`."""
    storage: str = ""
    """`s3://bucket/prefix` that an Otelier elsewhere writes to, to be read here; `data_dir` is a cache then."""
    s3: BucketSettings = BucketSettings()
    """How that bucket is reached."""
    allowed_hosts: tuple[str, ...] = ()
    """Names in URLs that are answered besides IP addresses and this machine's own; `*.example.com`, or `*` for any."""
    allow_delete: bool = False
    """Whether `DELETE /api/otelier/v1/traces/{id}` deletes a trace, for whoever reaches the endpoint."""
    queries_at_once: Annotated[int, Meta(ge=0)] = 0
    """Queries that run at the same time, others wait; 0 = the number of cores, at least 2."""
    query_timeout: Duration = Duration(30)
    """A query in TraceQL or LogQL, or a search for traces, that takes longer is answered with what was found until
    then, and the answer says so; a query in SQL ends with an error."""
    query_spans: Annotated[int, Meta(ge=1)] = 10_000_000
    """Most spans whose columns a query in TraceQL or SQL may hold in memory at once."""
    query_bytes: Annotated[int, Meta(ge=1)] = 2**30
    """Most bytes that these columns may take."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """The server's, and an address that is none."""
        yield from super().problems()
        for problem in url_problems(self.storage):
            yield "storage", problem

    def warnings(self) -> Iterator[str]:
        """What is allowed but should be known."""
        for server in self.servers():
            if not server.address.is_loopback and not (server.tls and server.tls.client_ca_file):
                can = "read and delete" if self.allow_delete and server is self else "read"
                yield f"anyone who reaches {server.endpoint} can {can} all that is stored: use localhost, or a firewall"

    def servers(self) -> list[HttpServerSettings]:
        """All that listen."""
        return [self, *(each for each in (self.tempo, self.loki, self.prometheus) if each)]

    def directory(self, exporters: Iterable[Config]) -> Path:
        """Where the store is, given who else is configured. Raises ValueError if that is not where it is written."""
        written = {each.root.absolute() for each in exporters if isinstance(each, StoreSettings)}
        if self.storage:
            root = Path(self.data_dir).expanduser().absolute() if self.data_dir else None
            if root in written:
                raise ValueError(
                    f"the exporter `otelier` writes to {root}: leave `storage` out, what it has put into a bucket is "
                    "found there, too; with `storage`, data_dir is a folder for what is read, of its own"
                )
            return read_only(self.storage, self.s3, root)
        names = ", ".join(sorted(map(str, written)))
        if self.data_dir:
            own = Path(self.data_dir).expanduser().absolute()
            if written and own not in written:
                raise ValueError(f"data_dir is {own}, but the exporter `otelier` writes to {names}")
            return own
        if len(written) > 1:
            raise ValueError(f"data_dir must say which one, because exporters `otelier` write to {names}")
        return written.pop() if written else default_data_directory().absolute()

    def options(
        self, directory: Path, parent: dict[str, Any] | None = None, scraped: "str | PrometheusConfig" = ""
    ) -> bytes:
        """As `otelier.api.serve` reads them; `parent`: endpoint and token of what only this process can answer;
        `scraped`: `prometheus.yml`, or where it is."""
        options = {
            "server": _server(self),
            "tempo": _server(self.tempo) if self.tempo else None,
            "loki": _server(self.loki) if self.loki else None,
            "loki_pushes_to": self.loki.pushes_to if self.loki else "",
            "prometheus": _prometheus(self.prometheus, parent) if self.prometheus else None,
            "rules": _rules(self.prometheus.rules, scraped)
            if self.prometheus and self.prometheus.rules.enabled
            else None,
            "data_dir": str(directory),
            "allowed_hosts": self.allowed_hosts,
            "allow_delete": self.allow_delete,
            "queries_at_once": self.queries_at_once or max(2, os.cpu_count() or 2),
            "limits": {"time_s": float(self.query_timeout), "rows": self.query_spans, "bytes": self.query_bytes},
        }
        return msgspec.json.encode(options, enc_hook=_plain)


@runtime_checkable
class TakesMetrics(Protocol):
    """An extension that takes in what clients of Prometheus's API write; `otelier_prometheus` is one."""

    @property
    def directory(self) -> Path:
        """The data directory that it writes to."""
        ...

    @property
    def scraped(self) -> str | PrometheusConfig:
        """Its `prometheus.yml`, or where that is."""
        ...

    def internal(self) -> tuple[str, int, str]:
        """Host, port and token. Raises LookupError before it has started."""
        ...


@extension("otelier_query", stability="alpha")
class OtelierQuery(Extension):
    works_alone = True
    cfg: OtelierQueryConfig

    def setup(self) -> None:
        self._directory = self.cfg.directory(self.ctx.exporters)
        self._restarts = self.ctx.meter.counter(
            "otelier_query_restarts",
            "{restart}",
            "Times that the process that answers queries ended and was started again.",
        ).bind()
        self._stopping = threading.Event()
        self._served = threading.Condition()
        self._addresses: dict[str, tuple[str, int]] = {}
        """Of the UI at "", of the other APIs by their keys; empty while nothing answers."""
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None

    def start(self) -> None:
        for warning in self.cfg.warnings():
            self.ctx.log.warning("%s", warning)
        for server in self.cfg.servers():
            self._try_port(server)
        self._begin(final=False)

    def notify_ready(self) -> None:
        self._begin(final=True)

    def _begin(self, *, final: bool) -> None:
        """Start the process, once, as soon as what it is told is known; it is when all extensions have started."""
        if self._keeper:
            return
        try:
            parent = self._parent()
        except LookupError:
            if not final:
                return
            parent = None
        self._options = self.cfg.options(self._directory, parent, self._scraped())
        self._keeper = threading.Thread(target=self._keep, name=f"otelier:{self.ctx.id}", daemon=True)
        self._keeper.start()

    def _parent(self) -> dict[str, Any] | None:
        """Raises LookupError while it is not known."""
        if (taker := self._taker()) is None:
            return None
        host, port, token = taker.internal()
        return {"endpoint": f"{host}:{port}", "token": token}

    def _scraped(self) -> str | PrometheusConfig:
        taker = self._taker()
        return taker.scraped if taker else ""

    def _taker(self) -> TakesMetrics | None:
        """Who writes metrics into the same directory."""
        all_ = (self.ctx.extensions or {}).values()
        mine = (each for each in all_ if isinstance(each, TakesMetrics) and each.directory == self._directory)
        return next(mine, None)

    def address(self, api: str = "", wait_s: float = 30.0) -> tuple[str, int]:
        """Host and port once it answers there; `api`: those of `tempo`, `loki` or `prometheus`.

        Raises TimeoutError; LookupError if it is not served.
        """
        with self._served:
            if not self._served.wait_for(lambda: self._addresses, wait_s):
                raise TimeoutError(f"nothing answers queries yet after {wait_s:g} s")
            if api not in self._addresses:
                raise LookupError(f"there is no key `{api}`")
            return self._addresses[api]

    @property
    def pid(self) -> int | None:
        """Of the process that answers now."""
        process = self._process
        return process.pid if process else None

    def stop(self, deadline: float) -> None:
        self._stopping.set()
        process = self._process
        if process:
            _tell_to_stop(process)
        if self._keeper:
            self._keeper.join(max(0.0, deadline - self.ctx.clock.monotonic()))
            process = self._process
            if self._keeper.is_alive() and process:
                process.kill()
            self._keeper.join(_LAST_WAIT_S)

    def _try_port(self, server: HttpServerSettings) -> None:
        """Raises StartError now rather than a child's log line later."""
        give_up = self.ctx.clock.monotonic() + _PORT_WAIT_S
        while True:
            try:
                listen(http_options(server), Inbox(1), server).stop(0)
                return
            except StartError as error:
                in_use = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE
                if not in_use or self.ctx.clock.monotonic() >= give_up:
                    raise
            self.ctx.clock.wait(self._stopping, 0.05)

    def _keep(self) -> None:
        pause = 0.0
        while not self._stopping.is_set():
            began = self.ctx.clock.monotonic()
            ended = self._run()
            if self._stopping.is_set():
                return
            if self.ctx.clock.monotonic() - began >= _HEALTHY_S:
                pause = 0.0
            self.ctx.log.error("the process that answers queries %s; starting it again in %g s", ended, pause)
            self.ctx.clock.wait(self._stopping, pause)
            pause = min(max(2 * pause, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
            self._restarts.add(1)

    def _run(self) -> str:
        """One life of the process; how it ended, in words."""
        try:
            # In a process group of its own: a signal to ours is for us, who then tell it to stop.
            process = subprocess.Popen(  # noqa: S603 - ourselves
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0
            )
        except OSError as error:
            return f"can't be started: {error}"
        with process:
            assert process.stdin
            assert process.stdout
            with suppress(OSError):  # it says itself why it has ended
                os.write(process.stdin.fileno(), self._options + b"\n")
            self._process = process
            if self._stopping.is_set():
                _tell_to_stop(process)
            for line in process.stdout:
                self._take(line)
            code = process.wait()
            self._process = None
        with self._served:
            self._addresses = {}
        return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"

    def _take(self, line: bytes) -> None:
        match _decoded(line):
            case {"ready": [str(host), int(port)], **others}:
                served = {api: (address[0], address[1]) for api, address in others.items() if address}
                with self._served:
                    self._addresses = {"": (host, port), **served}
                    self._served.notify_all()
                self.ctx.log.info("UI and queries at http://%s:%d", host, port)
                for api, address in served.items():
                    self.ctx.log.info("%s's API at http://%s:%d", api.capitalize(), *address)
            case {"failed": str(text)}:
                self.ctx.log.error("%s", text)
            case {"log": [int(level), str(), str(text)]}:
                self.ctx.log.log(level, "%s", text)
            case _:
                self.ctx.log.error("%s", line.decode(errors="replace").rstrip())


def _tell_to_stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    with suppress(OSError, ValueError):  # it has ended
        os.write(process.stdin.fileno(), _STOP)


def _decoded(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None


def _server(settings: HttpServerSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in HttpServerSettings.__struct_fields__}


def _prometheus(settings: PrometheusSettings, parent: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "server": _server(settings),
        "parent": parent,
        "lookback_delta": settings.lookback_delta,
        "timeout": settings.timeout,
        "max_samples": settings.max_samples,
        "ui_url": settings.ui_url,
    }


def _rules(settings: RulesSettings, scraped: str | PrometheusConfig) -> dict[str, Any]:
    given = {"config_file": scraped} if isinstance(scraped, str) else {"config": scraped}
    return {"settings": settings, **given}


def _plain(value: object) -> str:
    """What JSON has no name for, as the settings are written."""
    return value.reveal() if isinstance(value, Secret) else str(value)
