"""The Go Collector as a child process: what it makes of telemetry, to compare with.

Tests that need it are skipped where it isn't built; `make peers` builds it.
"""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from otelier.telemetry import Batch, Signal

BINARY = Path(os.environ.get("OTELCOL", Path.home() / ".cache/otelier/bench/peers/otelcol"))
needs_collector = pytest.mark.skipif(not BINARY.exists(), reason=f"{BINARY} is not there: run `make peers`")


def outputs(
    signal: Signal,
    processors: Mapping[str, tuple[str, Mapping[str, Any]]],
    sent: Batch,
    folder: Path,
    *,
    wait_s: float = 0,
) -> dict[str, list[Batch]]:
    """What each of these processors, name to (type, configuration), hands on of what is sent; all in one process."""
    port = free_port()
    endpoint = {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}
    configuration = {
        "receivers": {"otlp": endpoint},
        "processors": {f"{type_}/{name}": config for name, (type_, config) in processors.items()},
        "exporters": {f"file/{name}": {"path": str(folder / f"{name}.json")} for name in processors},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {
                f"{signal}/{name}": {
                    "receivers": ["otlp"],
                    "processors": [f"{type_}/{name}"],
                    "exporters": [f"file/{name}"],
                }
                for name, (type_, _) in processors.items()
            },
        },
    }
    (folder / "collector.yaml").write_text(yaml.safe_dump(configuration))
    with (folder / "collector.log").open("wb") as log:
        process = subprocess.Popen([BINARY, "--config", folder / "collector.yaml"], stderr=log)
        try:
            post(port, signal, sent.to_otlp(), process, folder)
            time.sleep(wait_s)
        finally:
            process.terminate()
            process.wait(30)
    return {name: read(signal, folder / f"{name}.json") for name in processors}


def post(port: int, signal: Signal, body: bytes, process: subprocess.Popen[bytes], folder: Path) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/{signal}", body, {"Content-Type": "application/x-protobuf"}
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(request, timeout=30).close()
            return
        except urllib.error.HTTPError:
            raise
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((folder / "collector.log").read_text()[-3000:]) from None
            time.sleep(0.05)


def read(signal: Signal, path: Path) -> list[Batch]:
    return [Batch.from_json(signal, line) for line in path.read_bytes().splitlines()] if path.exists() else []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
