"""Behind one address: a connection that lasts for ever must not stay with one collector."""

import socket
import threading
from collections.abc import Iterator
from itertools import cycle

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otelier.testing import decode, span, traces

CONFIG = """yaml:
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:0
        keepalive: {{server_parameters: {{max_connection_age: 200ms, max_connection_age_grace: 5s}}}}
exporters:
  otlp: {{endpoint: "{endpoint}", headers: {{from: "{name}"}}, tls: {{insecure: true}}}}
service:
  telemetry: {{logs: {{encoding: json}}, metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlp]}}
"""


class Balancer:
    """What a Kubernetes service does: each new TCP connection goes to the next address, and stays there."""

    def __init__(self, *addresses: str) -> None:
        self._next = cycle([(host, int(port)) for host, _, port in (a.rpartition(":") for a in addresses)])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(next(self._next))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()

    def stop(self) -> None:
        self._listener.close()


@pytest.fixture
def balanced(otelier, backend) -> Iterator[Balancer]:
    collectors = [
        otelier("run", "--config", CONFIG.format(endpoint=backend.endpoint, name=f"collector-{n}")).ready()
        for n in range(2)
    ]
    balancer = Balancer(*(collector.address("grpc") for collector in collectors))
    yield balancer
    balancer.stop()


def test_one_long_connection_reaches_both_collectors(balanced, backend):
    sent = 0
    with grpc.insecure_channel(balanced.address) as channel:
        stub = TraceServiceStub(channel)
        # One after the other, as an SDK's exporter sends.
        while len(backend.senders()) < 2:
            stub.Export(decode(traces(span(f"GET /{sent}", number=sent))), timeout=30)
            sent += 1
            assert balanced.connections < 20
    backend.until(lambda: len(backend.requests) >= sent)
    assert balanced.connections >= 2
    names = [
        each.name
        for request in backend.requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for each in scope.spans
    ]
    assert sorted(names) == sorted(f"GET /{n}" for n in range(sent))
