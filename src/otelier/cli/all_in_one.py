"""`otelier` without a verb: everything on this machine's loopback addresses, with the usual ports.

This version has no store: what arrives is printed. A port in use is named with its owner, and what needs it is
left out, unless it is that of OTLP/gRPC: without it there is nothing to run.
"""

import json
import socket
from collections.abc import Iterable, Mapping

import click

from .. import __version__
from ..component import StartError
from ..config import load
from ..pipeline.interpret import interpret
from ..pipeline.run import run
from ..server.ports import bind_error

HOST = "127.0.0.1"
USUAL: Mapping[str, int] = {"OTLP/gRPC": 4317, "OTLP/HTTP": 4318, "health": 13133, "own metrics": 8888}
_PATHS = {"own metrics": "/metrics"}
_NO_STORE = "This version has no store yet: it prints what arrives and keeps nothing."


def serve() -> None:
    """Run until a signal says stop. Raises StartError if the port of OTLP/gRPC is taken."""
    taken = {what: reason for what, port in USUAL.items() if (reason := _why_not(port))}
    if "OTLP/gRPC" in taken:
        raise StartError(taken["OTLP/gRPC"])
    free = {what: port for what, port in USUAL.items() if what not in taken}
    run(lambda: interpret(load([f"yaml:{configuration(free)}"])), lambda _: _greet(free, taken))


def configuration(ports: Mapping[str, int]) -> str:
    """The configuration that serves these, as YAML (of the kind that is JSON, too)."""
    at = {what: f"{HOST}:{port}" for what, port in ports.items()}
    protocols = {
        key: {"endpoint": at[what]} for key, what in (("grpc", "OTLP/gRPC"), ("http", "OTLP/HTTP")) if what in at
    }
    extensions = {"health_check": {"endpoint": at["health"]}} if "health" in at else {}
    prometheus = [{"host": HOST, "port": port} for what, port in ports.items() if what == "own metrics"]
    pipeline = {"receivers": ["otlp"], "exporters": ["debug"]}
    service = {
        "extensions": list(extensions),
        "telemetry": {
            "logs": {"level": "warn"},
            "metrics": {"readers": [{"pull": {"exporter": {"prometheus": each}}} for each in prometheus]},
        },
        "pipelines": {"traces": pipeline, "metrics": pipeline, "logs": pipeline},
    }
    return json.dumps(
        {
            "receivers": {"otlp": {"protocols": protocols}},
            "exporters": {"debug": {"verbosity": "normal", "use_internal_logger": False}},
            "extensions": extensions,
            "service": service,
        }
    )


def _why_not(port: int) -> str:
    """Why the port can't be had; empty if it can."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        return bind_error(f"{HOST}:{port}", port, error)
    return ""


def _greet(free: Mapping[str, int], taken: Mapping[str, str]) -> None:
    lines = [f"Otelier {__version__}, all in one"]
    lines += _columns((what, f"http://{HOST}:{port}{_PATHS.get(what, '')}") for what, port in free.items())
    lines += _columns((what, f"not served: {reason}") for what, reason in taken.items())
    lines += [_NO_STORE, "Send something: otelier exec -- python app.py", "Stop: Ctrl-C"]
    click.echo("\n".join(lines), err=True)


def _columns(rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {what:<12} {rest}" for what, rest in rows]
