"""A running otlp receiver, and real clients for it: grpcio for gRPC, a bare socket or http.client for HTTP."""

import base64
import http.client
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

from otelier.component import Consumer, Meter, SystemClock
from otelier.receivers.otlp import Otlp, OtlpConfig, OtlpGrpcSettings, OtlpHttpSettings, OtlpProtocols
from otelier.telemetry import SIGNALS, Signal
from otelier.testing import MemoryExporter, component_context

from .certificates import Authority

METHODS: dict[Signal, str] = {
    signal: f"/opentelemetry.proto.collector.{package}.v1.{service}Service/Export"
    for signal, package, service in (
        ("traces", "trace", "Trace"),
        ("metrics", "metrics", "Metrics"),
        ("logs", "logs", "Logs"),
    )
}
JSON = "application/json"
PROTOBUF = "application/x-protobuf"


@dataclass
class Answer:
    """What an HTTP server answered."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Running:
    """A receiver that runs, what its pipelines took, and its metrics."""

    receiver: Otlp
    outputs: Mapping[Signal, Consumer]
    meter: Meter
    channels: list[grpc.Channel] = field(default_factory=list)

    @property
    def out(self) -> MemoryExporter:
        """What the pipeline of traces took."""
        return self.outputs["traces"]

    def address(self, protocol: str) -> str:
        host, port = self.receiver.address(protocol)
        return f"{host}:{port}"

    def grpc(self, signal: Signal, body: bytes, **options: Any) -> bytes:
        """Export by gRPC; raises grpc.RpcError."""
        if not self.channels:
            self.channels.append(grpc.insecure_channel(self.address("grpc")))
        return self.channels[0].unary_unary(METHODS[signal])(body, **{"timeout": 20, **options})

    def post(
        self,
        signal: Signal,
        body: bytes,
        content_type: str = PROTOBUF,
        *,
        method: str = "POST",
        path: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(*self.receiver.address("http"), timeout=20)
        try:
            wanted = {"content-type": content_type, **(headers or {})}
            connection.request(method, path or f"/v1/{signal}", body, {k: v for k, v in wanted.items() if v})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def raw(self, data: bytes) -> socket.socket:
        """A connection to the HTTP port that has sent these bytes."""
        connection = socket.create_connection(self.receiver.address("http"), timeout=20)
        connection.sendall(data)
        return connection

    def counted(self, name: str, **labels: str) -> float:
        """A value of the receiver's metrics, summed over the labels that are not given."""
        wanted = {"receiver": "otlp", **labels}.items()
        values = next((m.values for m in self.meter.collect() if m.name == name), {})
        return sum(value for key, value in values.items() if wanted <= dict(key).items())

    def stop(self, within_s: float = 10) -> None:
        for channel in self.channels:
            channel.close()
        self.receiver.stop(self.receiver.ctx.clock.monotonic() + within_s)


Run = Callable[..., Running]


def start(
    *,
    grpc: Mapping[str, Any] | None = MappingProxyType({}),
    http: Mapping[str, Any] | None = MappingProxyType({}),
    outputs: Mapping[Signal, Consumer] | None = None,
) -> Running:
    local = {"endpoint": "127.0.0.1:0"}
    protocols = OtlpProtocols(
        grpc=None if grpc is None else OtlpGrpcSettings(**{**local, **grpc}),
        http=None if http is None else OtlpHttpSettings(**{**local, **http}),
    )
    meter = Meter()
    receiver = Otlp(OtlpConfig(protocols=protocols), component_context("otlp", clock=SystemClock(), meter=meter))
    receiver.outputs = {signal: MemoryExporter() for signal in SIGNALS} if outputs is None else outputs
    receiver.start()
    return Running(receiver, receiver.outputs, meter)


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a receiver: `run(grpc={...}, http={...}, outputs={...})`; keys are those of the configuration."""
    started: list[Running] = []

    def start_one(**options: Any) -> Running:
        started.append(start(**options))
        return started[-1]

    yield start_one
    for running in started:
        running.stop()


@pytest.fixture(scope="module")
def it() -> Iterator[Running]:
    """One receiver with all defaults, for all tests of a file that leave it as it was."""
    running = start()
    yield running
    running.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture(autouse=True)
def _forget_what_came(request: pytest.FixtureRequest) -> None:
    if "it" in request.fixturenames:
        for output in request.getfixturevalue("it").outputs.values():
            output.batches.clear()


@pytest.fixture(scope="session")
def otlp_json() -> Callable[[Any], Any]:
    return _otlp_json


def _otlp_json(message: Any) -> Any:
    """OTLP/JSON of a request as a tree: protobuf's JSON, but ids in hex."""

    def fix(value: Any) -> Any:
        if isinstance(value, list):
            return [fix(each) for each in value]
        if isinstance(value, dict):
            return {
                k: base64.b64decode(v).hex() if k in ("traceId", "spanId", "parentSpanId") else fix(v)
                for k, v in value.items()
            }
        return value

    return fix(MessageToDict(message, use_integers_for_enums=True))
