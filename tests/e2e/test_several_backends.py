"""The shared configurations with several backends, from outside: some die and come back, and no span is missing."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otelier._core import Inbox, Server
from otelier.testing import decode, span, traces

pytestmark = pytest.mark.shared
WAIT_S = 30


class Collector:
    """A backend that can die and come back at the same address."""

    def __init__(self, changed: threading.Condition) -> None:
        """`changed` is shared by all, so that one can be asked about the others."""
        self.names: Counter[str] = Counter()
        """Of spans that were taken."""
        self.homes: set[bytes] = set()
        """Trace ids of these."""
        self._changed = changed
        self._port = 0
        self.up()

    def up(self) -> None:
        self._inbox = Inbox(64 << 20)
        options = {"kind": "grpc", "host": "127.0.0.1", "port": self._port}
        self._server = Server(json.dumps(options).encode(), self._inbox)
        self._port = self._server.address[1]
        threading.Thread(target=self._take, args=(self._inbox,), daemon=True).start()

    def die(self) -> None:
        self._inbox.close()
        self._server.stop(0)

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._port}"

    def _take(self, inbox: Inbox) -> None:
        while not inbox.closed:
            if delivery := inbox.receive("traces", 1 << 20, 0.2):
                spans = [
                    each
                    for resource in decode(delivery.batch).resource_spans
                    for scope in resource.scope_spans
                    for each in scope.spans
                ]
                delivery.accept()
                with self._changed:
                    self.names.update(each.name for each in spans)
                    self.homes.update(each.trace_id for each in spans)
                    self._changed.notify_all()

    def until(self, true) -> None:
        with self._changed:
            assert self._changed.wait_for(true, WAIT_S), self.names


@pytest.fixture
def collectors() -> Iterator[list[Collector]]:
    changed = threading.Condition()
    three = [Collector(changed) for _ in range(3)]
    yield three
    for each in three:
        each.die()


def local(config: Path, **endpoints: str) -> str:
    """The configuration with addresses that a test can have."""
    text = config.read_text().replace("0.0.0.0:4317", "127.0.0.1:0").replace("0.0.0.0:4318", "127.0.0.1:0")
    for name, endpoint in endpoints.items():
        text = text.replace(f"{name.replace('_', '-')}:4317", endpoint)
    return f"yaml:{text}"


QUIET = "yaml:service: {telemetry: {logs: {encoding: json}, metrics: {level: none}}}"


class Sdk:
    """Sends requests of 20 spans, each of a trace of its own."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._stub = TraceServiceStub(self._channel)
        self.sent: set[str] = set()

    def send(self, requests: int) -> None:
        for _ in range(requests):
            numbers = range(len(self.sent), len(self.sent) + 20)
            self._stub.Export(decode(traces(*(span(str(n), trace=n, number=n) for n in numbers))), timeout=WAIT_S)
            self.sent.update(map(str, numbers))

    def close(self) -> None:
        self._channel.close()


@pytest.fixture
def sdk(otelier):
    made: list[Sdk] = []

    def start(config: str) -> Sdk:
        process = otelier("run", "--config", config, "--config", QUIET).ready()
        made.append(Sdk(process.address("grpc")))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_failover_loses_nothing_and_goes_back(shared, sdk, collectors):
    first, second, _ = collectors
    file = shared / "configs" / "failover.yaml"
    sender = sdk(local(file, backend_1=first.endpoint, backend_2=second.endpoint))
    sender.send(10)
    first.until(lambda: len(first.names) == 200)
    assert not second.names
    first.die()
    sender.send(20)
    second.until(lambda: sender.sent <= first.names.keys() | second.names.keys())
    first.up()
    sender.send(5)
    second.until(lambda: sender.sent <= first.names.keys() | second.names.keys())


def test_a_dead_collector_costs_the_balancer_no_span(shared, sdk, collectors):
    names = {f"collector_{number}": each.endpoint for number, each in enumerate(collectors, 1)}
    sender = sdk(local(shared / "configs" / "balancer.yaml", **names))
    sender.send(20)
    collectors[0].until(lambda: sum(len(each.names) for each in collectors) == 400)
    assert all(each.homes for each in collectors)
    assert not collectors[0].homes & collectors[1].homes
    collectors[1].die()
    sender.send(40)
    # What waits for the dead one moves to the others when it leaves the ring.
    collectors[0].until(lambda: sender.sent <= set().union(*(each.names for each in collectors)))
