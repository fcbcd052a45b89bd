"""Backends on loopback that take, refuse, hang, die and come back; and a balancer over them."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from otelier._core import Inbox, Server
from otelier.component import Duration
from otelier.exporters.loadbalancing import LoadBalancing
from otelier.exporters.loadbalancing.settings import (
    HealthSettings,
    LoadBalancingConfig,
    OtlpTemplate,
    ProtocolSettings,
    ResolverSettings,
    StaticSettings,
)
from otelier.sending import QueueSettings, RetrySettings, TlsClientSettings
from otelier.testing import FakeClock, component_context

PATIENT = RetrySettings(initial_interval=Duration(5), randomization_factor=0, max_elapsed_time=Duration(0))
NEVER_LEAVE = HealthSettings(leave_after=Duration(0))


class Sink:
    """One backend: an OTLP/gRPC server that keeps what it takes."""

    def __init__(self) -> None:
        self.batches: list = []
        """What was taken."""
        self.refused = 0
        """Requests that were told to come again."""
        self.takes = True
        self._changed = threading.Condition()
        self._port = 0
        self.up()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._port}"

    def up(self) -> None:
        self._inbox = Inbox(64 << 20)
        options = {"kind": "grpc", "host": "127.0.0.1", "port": self._port}
        self._server = Server(json.dumps(options).encode(), self._inbox)
        self._port = self._server.address[1]
        for signal in ("traces", "metrics", "logs"):
            threading.Thread(target=self._take, args=(self._inbox, signal), daemon=True).start()

    def die(self) -> None:
        """All connections end, new ones are refused."""
        self._inbox.close()
        self._server.stop(0)

    def _take(self, inbox: Inbox, signal: str) -> None:
        while not inbox.closed:
            if (delivery := inbox.receive(signal, 1, 0.1)) is None:
                continue
            with self._changed:
                if self.takes:
                    self.batches.append(delivery.batch)
                    delivery.accept()
                else:
                    self.refused += 1
                    delivery.refuse("as told", retryable=True)
                self._changed.notify_all()

    @property
    def items(self) -> int:
        return sum(batch.items for batch in self.batches)

    def until(self, true: Callable[[], bool]) -> None:
        """Asked whenever a request has come."""
        with self._changed:
            assert self._changed.wait_for(true, 20), (self.items, self.refused)


def digest(*sinks: Sink) -> int:
    return sum(batch.digest() for sink in sinks for batch in sink.batches) % 2**64


@pytest.fixture
def sinks() -> Iterator[Callable[[int], list[Sink]]]:
    """Starts so many backends, in the order of their endpoints."""
    with ExitStack() as stack:

        def start(count: int) -> list[Sink]:
            made = [Sink() for _ in range(count)]
            for sink in made:
                stack.callback(sink.die)
            return sorted(made, key=lambda sink: sink.endpoint)

        yield start


@pytest.fixture
def balance() -> Iterator[Callable[..., LoadBalancing]]:
    """Starts an exporter over sinks; keys of `protocol.otlp` are given as `otlp`, those of the exporter by name."""
    running: list[LoadBalancing] = []

    def start(*sinks: Sink | str, clock=None, signal="traces", otlp=None, extensions=None, **keys) -> LoadBalancing:
        names = tuple(sink if isinstance(sink, str) else sink.endpoint for sink in sinks)
        template = {"tls": TlsClientSettings(insecure=True), "compression": "none", "retry_on_failure": PATIENT}
        protocol = ProtocolSettings(otlp=OtlpTemplate(**template | (otlp or {})))
        keys = {"resolver": ResolverSettings(static=StaticSettings(hostnames=names)), "health": NEVER_LEAVE} | keys
        ctx = component_context("loadbalancing", clock=clock or FakeClock(), signal=signal, extensions=extensions)
        exporter = LoadBalancing(LoadBalancingConfig(protocol=protocol, **keys), ctx)
        exporter.start()
        running.append(exporter)
        return exporter

    yield start
    for exporter in running:
        exporter.stop(exporter.ctx.clock.monotonic())


@pytest.fixture
def no_queue() -> QueueSettings:
    return QueueSettings(enabled=False)


@pytest.fixture
def totals() -> Callable[..., dict[str, float]]:
    """Stops an exporter and reads its counters of items that are not zero: `sent_spans`, `send_failed_spans/x`, …"""

    def read(exporter) -> dict[str, float]:
        exporter.stop(exporter.ctx.clock.monotonic() + 60)
        found: dict[str, float] = {}
        for metric in exporter.ctx.meter.collect():
            if metric.kind == "counter" and metric.unit == "{item}":
                for labels, value in metric.values.items():
                    reason = dict(labels).get("reason")
                    name = metric.name.removeprefix("otelcol_exporter_").removeprefix("otelier_")
                    found |= {name + (f"/{reason}" if reason else ""): value} if value else {}
        return found

    return read
