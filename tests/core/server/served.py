"""A server under test: its inbox, the threads that answer deliveries, what they saw. And the simplest clients."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc

from otelier._core import Batch, Delivery, Inbox, Server
from otelier.testing import span, traces

PATHS = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}


PROTOBUF = {"content-type": "application/x-protobuf"}


class Served:
    """A server and one thread per signal that hands each delivery to `answer`."""

    def __init__(
        self,
        kind: str = "grpc",
        answer: Callable[[Delivery], None] = Delivery.accept,
        *,
        inbox_bytes: int = 64 << 20,
        delivery_bytes: int = 4 << 20,
        threads: bool = True,
        **options: Any,
    ) -> None:
        self.batches: list[Batch] = []
        self.requests: list[int] = []
        self.inbox = Inbox(inbox_bytes)
        self._answer = answer
        self._delivery_bytes = delivery_bytes
        options = {"kind": kind, "host": "127.0.0.1", "port": 0, **options}
        self.server = Server(json.dumps(options).encode(), self.inbox)
        self.host, self.port = self.server.address
        self._threads = [threading.Thread(target=self._run, args=(signal,)) for signal in PATHS if threads]
        for thread in self._threads:
            thread.start()

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def items(self) -> int:
        return sum(batch.items for batch in self.batches)

    def count(self, name: str, **labels: str) -> int:
        """The sum of the counters of this name that have these labels."""
        return sum(v for n, have, v in self.server.counters() if n == name and labels.items() <= have.items())

    def until(self, true: Callable[[], bool], within_s: float = 10) -> None:
        """Wait until `true()`."""
        deadline = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def stop(self, grace_s: float = 0) -> None:
        self.server.stop(grace_s)
        self.inbox.close()
        for thread in self._threads:
            thread.join()

    def _run(self, signal: Any) -> None:
        while True:
            delivery = self.inbox.receive(signal, self._delivery_bytes, 60)
            if delivery is not None:
                self.batches.append(delivery.batch)
                self.requests.append(delivery.requests)
                self._answer(delivery)
            elif self.inbox.closed:
                return
            del delivery  # dropped unanswered, it must not live until the next one


def one_span() -> bytes:
    return traces(span()).to_otlp()


def post(served: Served, body: bytes, connection: http.client.HTTPConnection | None = None, **headers: str) -> int:
    connection = connection or http.client.HTTPConnection(served.host, served.port, timeout=20)
    try:
        connection.request("POST", "/v1/traces", body, PROTOBUF | {k.replace("_", "-"): v for k, v in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


def export(served: Served, data: bytes, credentials: grpc.ChannelCredentials | None = None, **options: Any) -> bytes:
    arguments = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0), *options.pop("arguments", [])]
    if credentials:
        channel = grpc.secure_channel(served.target, credentials, options=arguments)
    else:
        channel = grpc.insecure_channel(served.target, options=arguments)
    with channel:
        return channel.unary_unary(PATHS["traces"])(data, timeout=20, **options)


def connect(served: Served, data: bytes = b"") -> socket.socket:
    client = socket.create_connection((served.host, served.port), timeout=20)
    client.sendall(data)
    return client


def closed(client: socket.socket) -> bytes:
    """What came until the server closed."""
    data = b""
    try:
        while part := client.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    client.close()
    return data
