"""`otelier` without a verb: everything on this machine's loopback addresses, with the usual ports.

Telemetry is kept on disk before it is acknowledged, and found again by the UI and the query APIs. A port in
use is named with its owner, and what needs it is left out, unless it is that of OTLP/gRPC: without it there is nothing
to run.
"""

import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..component import StartError
from ..config import dump, load
from ..pipeline.interpret import interpret
from ..pipeline.run import run
from ..server.ports import bind_error

HOST = "127.0.0.1"
USUAL: Mapping[str, int] = {
    "UI": 16686,
    "Tempo API": 3200,
    "Loki API": 3100,
    "Loki pushes": 3500,
    "Prometheus API": 9090,
    "OTLP/gRPC": 4317,
    "OTLP/HTTP": 4318,
    "health": 13133,
    "own metrics": 8888,
}
_PATHS = {"own metrics": "/metrics", "Loki pushes": "/loki/api/v1/push"}
_APIS = {"tempo": "Tempo API", "loki": "Loki API", "prometheus": "Prometheus API"}
"""Served by the process of the UI; by the keys of the extension."""


_OWN = (
    "write the configuration down by `otelier --print-config > otelier.yaml`, change it, and `otelier run --config` it"
)


def serve(
    data_dir: Path,
    *,
    print_all: bool = False,
    prometheus_config: Path | None = None,
    allowed_hosts: Sequence[str] = (),
) -> None:
    """Run until a signal says stop; `print_all` also prints what arrives, `prometheus_config` says what is scraped.

    `allowed_hosts`: further names in URLs that are answered.

    Raises StartError if the port of OTLP/gRPC is taken or the data directory can't be used.
    """
    taken = {what: reason for what, port in USUAL.items() if (reason := _why_not(port))}
    if "OTLP/gRPC" in taken:
        raise StartError(f"{taken['OTLP/gRPC']}: {_OWN}")
    if "UI" in taken:
        for api in _APIS.values():
            taken.setdefault(api, "it is answered by the process that serves the UI")
    free = {what: port for what, port in USUAL.items() if what not in taken}
    text = configuration(
        free, data_dir, print_all=print_all, prometheus_config=prometheus_config, allowed_hosts=allowed_hosts
    )
    run(
        lambda: interpret(load([f"yaml:{text}"])),
        started=lambda _: _greet(free, taken, data_dir),
        say=lambda what: click.echo(f"Otelier: {what}", err=True),
    )


def configuration(
    ports: Mapping[str, int],
    data_dir: Path,
    *,
    print_all: bool = False,
    prometheus_config: Path | None = None,
    allowed_hosts: Sequence[str] = (),
) -> str:
    """The configuration that serves these, as YAML."""
    at = {what: f"{HOST}:{port}" for what, port in ports.items()}
    # A sender's metadata says which tenant it is.
    protocols = {
        key: {"endpoint": at[what], "include_metadata": True}
        for key, what in (("grpc", "OTLP/gRPC"), ("http", "OTLP/HTTP"))
        if what in at
    }
    directory = str(data_dir.absolute())
    extensions: dict[str, Any] = {}
    if "health" in at:
        extensions["health_check"] = {"endpoint": at["health"]}
    if prometheus_config or ("UI" in at and "Prometheus API" in at):
        # Before the process that sends on to it what is written over that API.
        scraped = {"config_file": str(prometheus_config.absolute())} if prometheus_config else {}
        extensions["otelier_prometheus"] = {"data_dir": directory, **scraped}
    if "UI" in at:
        query: dict[str, Any] = {"endpoint": at["UI"], "data_dir": directory}
        if allowed_hosts:
            query["allowed_hosts"] = list(allowed_hosts)
        query |= {key: {"endpoint": at[what]} for key, what in _APIS.items() if what in at}
        if "loki" in query and "Loki pushes" in at:
            query["loki"]["pushes_to"] = at["Loki pushes"]
        extensions["otelier_query"] = query
    receivers: dict[str, Any] = {"otlp": {"protocols": protocols}}
    if "Loki pushes" in at:
        http = {"endpoint": at["Loki pushes"], "include_metadata": True}
        receivers["loki"] = {"protocols": {"http": http}, "use_incoming_timestamp": True}
    exporters: dict[str, Any] = {"otelier": {"data_dir": directory}}
    if print_all:
        exporters["debug"] = {"verbosity": "normal", "use_internal_logger": False}
    prometheus = [{"host": HOST, "port": port} for what, port in ports.items() if what == "own metrics"]
    pipeline = {"receivers": ["otlp"], "exporters": list(exporters)}
    service = {
        "extensions": list(extensions),
        "telemetry": {
            "logs": {"level": "warn"},
            "metrics": {"readers": [{"pull": {"exporter": {"prometheus": each}}} for each in prometheus]},
        },
        "pipelines": {"traces": pipeline, "metrics": pipeline, "logs": pipeline | {"receivers": list(receivers)}},
    }
    return dump({"receivers": receivers, "exporters": exporters, "extensions": extensions, "service": service})


def _why_not(port: int) -> str:
    """Why the port can't be had; empty if it can."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        return bind_error(f"{HOST}:{port}", port, error)
    return ""


def _greet(free: Mapping[str, int], taken: Mapping[str, str], data_dir: Path) -> None:
    lines = [f"Otelier {__version__}, all in one"]
    lines += _columns((what, f"http://{HOST}:{port}{_PATHS.get(what, '')}") for what, port in free.items())
    lines += _columns((what, f"not served: {reason}") for what, reason in taken.items())
    lines += _columns([("data", f"{data_dir.absolute()} (traces, logs, metrics)")])
    lines += ["Send something: otelier exec -- python app.py", "Stop: Ctrl-C"]
    click.echo("\n".join(lines), err=True)


def _columns(rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {what:<14} {rest}" for what, rest in rows]
