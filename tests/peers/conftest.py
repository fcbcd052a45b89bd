"""Differential tests: the same telemetry through a peer and through Otelier, and both answers compared."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_S = 30


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class GoCollector:
    """The OpenTelemetry Collector with a configuration, in which `{otlp}` is its OTLP/HTTP receiver's port."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary, self._folder = binary, folder

    @contextmanager
    def running(self, config: str, *options: str, **values: object) -> Iterator["GoCollector"]:
        self.port = free_port()
        file = self._folder / "peer.yaml"
        for key, value in {"otlp": self.port, **values}.items():
            config = config.replace(f"{{{key}}}", str(value))
        file.write_text(config)
        log = (self._folder / "peer.log").open("w+")
        process = subprocess.Popen([self._binary, "--config", file, *options], stdout=log, stderr=subprocess.STDOUT)
        try:
            self._wait(process, log)
            yield self
        finally:
            process.terminate()
            process.wait(20)
            log.close()

    def send(self, signal: str, body: bytes) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/{signal}", body, {"Content-Type": "application/x-protobuf"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def _wait(self, process: subprocess.Popen, log) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        log.seek(0)
        raise AssertionError(f"the peer did not start: {log.read()[-2000:]}")


@pytest.fixture
def go_collector(tmp_path: Path) -> GoCollector:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    binary = Path(os.environ.get("OTELCOL", cache / "otelier" / "bench" / "peers" / "otelcol"))
    if not binary.exists():
        pytest.skip("the peer is not built: run `make peers` (needs Go, ten minutes once)")
    return GoCollector(binary, tmp_path)
