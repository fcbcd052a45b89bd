"""The Collector itself, run over a payload with many configurations of one processor at once."""

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

PATHS = {"traces": "/v1/traces", "metrics": "/v1/metrics", "logs": "/v1/logs"}


def binary() -> Path | None:
    """Where it is on this machine, if it is."""
    path = Path(os.environ.get("OTELCOL", Path.home() / ".cache/otelier/bench/peers/otelcol"))
    return path if path.is_file() else None


def components(path: Path) -> str:
    return subprocess.run([path, "components"], capture_output=True, text=True, check=True).stdout


def run(
    path: Path, folder: Path, signal: str, processors: Mapping[str, Sequence[Mapping[str, Any]]], payload: bytes
) -> dict[str, list[dict[str, Any]]]:
    """What each case made of the payload: its processors in a row (type and keys each), OTLP/JSON requests out.

    A case that refused the payload has an empty list.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names = {case: [f"{each['type']}/{case}_{at}" for at, each in enumerate(row)] for case, row in processors.items()}
    config = {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
        "processors": {
            name: each["keys"] for case, row in processors.items() for name, each in zip(names[case], row, strict=True)
        },
        "exporters": {f"file/{case}": {"path": str(folder / f"{case}.json")} for case in processors},
        "service": {
            "telemetry": {"metrics": {"level": "none"}, "logs": {"sampling": {"enabled": False}}},
            "pipelines": {
                f"{signal}/{case}": {
                    "receivers": ["otlp"],
                    "processors": names[case],
                    "exporters": [f"file/{case}"],
                }
                for case in processors
            },
        },
    }
    file = folder / "collector.yaml"
    file.write_text(yaml.safe_dump(config))
    log = (folder / "collector.log").open("w+")
    process = subprocess.Popen([path, "--config", file], stderr=log, stdout=log)
    try:
        _send(process, folder, f"http://127.0.0.1:{port}{PATHS[signal]}", payload)
    finally:
        process.terminate()
        process.wait(30)
        log.close()
    return {
        case: [json.loads(line) for line in (folder / f"{case}.json").read_text().splitlines()] for case in processors
    }


def _send(process: subprocess.Popen[bytes], folder: Path, url: str, payload: bytes) -> None:
    request = urllib.request.Request(url, payload, {"Content-Type": "application/x-protobuf"})
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(request, timeout=30).close()
        except urllib.error.HTTPError:
            return  # some case refused it; the others had it, too
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError((folder / "collector.log").read_text()[-3000:]) from None
            time.sleep(0.05)
            continue
        return
