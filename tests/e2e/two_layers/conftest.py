"""The deployment of the shared configurations, each process on an address of its own, as pods have them."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from otelier._core import GrpcClient, Inbox, Server
from otelier.telemetry import Batch
from otelier.testing import FakeKubernetes, RemoteWriteSink

TELEMETRY = (
    "service.telemetry={{logs: {{encoding: json}}, "
    "metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: {address}, port: 18888}}}}}}}}]}}}}"
)
BALANCER = "127.0.7.1"
LAYER1 = ["127.0.7.11", "127.0.7.12"]
METRICS = ["127.0.7.21", "127.0.7.22"]
TAIL = ["127.0.7.31", "127.0.7.32"]


class TraceStore:
    """An OTLP/HTTP server that knows the spans of each trace, and who sent them."""

    def __init__(self) -> None:
        self.spans: dict[str, Counter[bytes]] = {}
        """By sender, span ids of each trace: one count for each time that a span came."""
        self.removed_attributes = 0
        """Of those that layer 1 removes, how many came all the same."""
        self._servers: list[Server] = []
        self._inboxes: list[Inbox] = []
        self._lock = threading.Lock()

    def url(self, sender: str) -> str:
        """A port for that sender."""
        inbox = Inbox(64 << 20)
        server = Server(json.dumps({"kind": "otlp_http", "host": "127.0.0.1", "port": 0}).encode(), inbox)
        self._inboxes.append(inbox)
        self._servers.append(server)
        self.spans[sender] = Counter()
        threading.Thread(target=self._take, args=(sender, inbox), daemon=True).start()
        return f"http://127.0.0.1:{server.address[1]}"

    def _take(self, sender: str, inbox: Inbox) -> None:
        while not inbox.closed:
            if delivery := inbox.receive("traces", 1 << 20, 0.5):
                batch = delivery.batch
                delivery.accept()
                data, ids = batch.to_otlp(), batch.trace_ids()
                with self._lock:
                    self.spans[sender].update(ids[at : at + 16] for at in range(0, len(ids), 16))
                    self.removed_attributes += data.count(b"thread.name") + data.count(b"process.command_args")

    def all_spans(self) -> Counter[bytes]:
        with self._lock:
            return sum(self.spans.values(), Counter())

    def close(self) -> None:
        for server in self._servers:
            server.stop(0)
        for inbox in self._inboxes:
            inbox.close()


class Pod:
    """One process of the deployment."""

    def __init__(self, config: Path, address: str, folder: Path, *words: str, **environment: str) -> None:
        self.address = address
        self._log = folder / f"{address}.log"
        self._command = [sys.executable, "-m", "otelier", "run", "--config", str(config)]
        self._command += [f"--set={TELEMETRY.format(address=address)}"]
        self._command += [f"--set={word}" for word in words]
        self._environment = os.environ | {"MY_POD_IP": address} | environment
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=self._log.open("a"), stderr=subprocess.STDOUT
        )

    def until_ready(self, url: str = "") -> None:
        url = url or f"http://{self.address}:13133/"
        until = time.monotonic() + 90
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(url, timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"{self.address} is not ready: {self.log()[-3000:]}")

    def until_logged(self, text: str) -> None:
        until = time.monotonic() + 90
        while text not in self.log():
            assert time.monotonic() < until and self._process.poll() is None, self.log()[-3000:]
            time.sleep(0.05)

    def log(self) -> str:
        return self._log.read_text()

    def counters(self, pattern: str) -> dict[str, float]:
        """Its own metrics whose name and labels match, without those that are 0."""
        with urllib.request.urlopen(f"http://{self.address}:18888/metrics", timeout=5) as answer:
            lines = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
        found = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
        return {name: value for name, value in found.items() if value and re.search(pattern, name)}

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)

    @property
    def running(self) -> bool:
        return self._process.poll() is None


class Deployment:
    """Balancer, two of layer 1, two of each layer 2; a trace store and a remote-write sink behind them."""

    def __init__(
        self, shared: Path, folder: Path, *, durable: bool = False, remote_write: str = "", trace_store: str = ""
    ) -> None:
        """`durable`: samplers keep on disk what they hold, as a user would add it. The last two: where metrics and
        traces go instead."""
        configs = shared / "configs"
        self.kubernetes = FakeKubernetes()
        self.sinks = {address: RemoteWriteSink() for address in METRICS}
        for sink in self.sinks.values():
            sink.__enter__()
        self.store = TraceStore()
        kubeconfig = str(self.kubernetes.write_kubeconfig(folder / "kubeconfig"))
        self.announce(TAIL, METRICS)
        self.tail = [
            Pod(
                configs / "layer2-tailsampling.yaml",
                ip,
                folder,
                *(_durable(folder / f"storage-{ip}") if durable else ()),
                TRACE_STORE_ENDPOINT=trace_store or self.store.url(ip),
            )
            for ip in TAIL
        ]
        self.metrics = [
            Pod(
                configs / "layer2-spanmetrics.yaml",
                ip,
                folder,
                REMOTE_WRITE_ENDPOINT=remote_write or self.sinks[ip].url,
            )
            for ip in METRICS
        ]
        self.layer1 = [Pod(configs / "layer1-loadbalancing.yaml", ip, folder, KUBECONFIG=kubeconfig) for ip in LAYER1]
        hosts = ", ".join(f"{ip}:4317" for ip in LAYER1)
        self.balancer = Pod(
            configs / "balancer.yaml", BALANCER, folder,
            f"receivers.otlp.protocols={{grpc: {{endpoint: {BALANCER}:4317}}, http: {{endpoint: {BALANCER}:4318}}}}",
            f"exporters.loadbalancing/traces.resolver.static.hostnames=[{hosts}]",
            f"exporters.loadbalancing/rest.resolver.static.hostnames=[{hosts}]",
        )  # fmt: skip
        for pod in (*self.tail, *self.metrics, *self.layer1):
            pod.until_ready()
        self.balancer.until_logged("everything is ready")

    @property
    def pods(self) -> list[Pod]:
        return [self.balancer, *self.layer1, *self.metrics, *self.tail]

    def announce(self, tail: list[str], metrics: list[str]) -> None:
        """What Kubernetes says of the services behind layer 1."""
        self.kubernetes.set_endpoints("observability", "tailsampling-collector", dict.fromkeys(tail, True))
        self.kubernetes.set_endpoints("observability", "spanmetrics-collector", dict.fromkeys(metrics, True))

    def send(self, requests: list[bytes], seconds: float) -> None:
        """Spread evenly over that time. Raises AssertionError if one is not taken."""
        options = {"target": f"{BALANCER}:4317", "tls": {"insecure": True}, "compression": "none"}
        client = GrpcClient(json.dumps(options).encode())
        began = time.monotonic()
        for number, request in enumerate(requests):
            time.sleep(max(0.0, began + seconds * number / len(requests) - time.monotonic()))
            result = client.send(Batch.from_otlp("traces", request), [], 10)
            assert result.ok, result
        client.close()

    def calls(self) -> dict[str, Counter[str]]:
        """By backend, the newest calls of each service."""
        found: dict[str, Counter[str]] = {}
        for address, sink in self.sinks.items():
            found[address] = Counter()
            for labels, value in sink.newest("traces_span_metrics_calls_total").items():
                found[address][dict(labels)["service_name"]] += int(value)
        return found

    def close(self) -> None:
        for pod in self.pods:
            pod.end()
        self.store.close()
        self.kubernetes.close()
        for sink in self.sinks.values():
            sink.__exit__()


def _durable(folder: Path) -> list[str]:
    return [
        f"extensions.file_storage={{directory: {folder}, create_directory: true}}",
        "service.extensions=[health_check, memory_ballast, file_storage]",
        "processors.tail_sampling.storage=file_storage",
        "processors.batch.storage=file_storage",
        "exporters.otlphttp.sending_queue.storage=file_storage",
    ]


@pytest.fixture
def durable_deployment(shared: Path, tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment(shared, tmp_path, durable=True)
    yield made
    made.close()


@pytest.fixture
def deployment(shared: Path, tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment(shared, tmp_path)
    yield made
    made.close()
