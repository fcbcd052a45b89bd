"""The real command in a process of its own, a real gRPC backend in this one."""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

WAIT_S = 30


class Otelier:
    """`otelier` with arguments; its log (JSON on standard error) is read line by line."""

    def __init__(self, *words: str) -> None:
        self.lines: list[dict] = []
        self._new: queue.SimpleQueue[dict | None] = queue.SimpleQueue()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "otelier", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment | {"PYTHONUNBUFFERED": "1"},
        )
        self.out = ""
        """Standard output, complete after the end."""
        self._readers = [threading.Thread(target=read) for read in (self._read_log, self._read_out)]
        for reader in self._readers:
            reader.start()

    def until(self, pattern: str) -> re.Match[str]:
        """The first new log line whose message matches."""
        while (line := self._new.get(timeout=WAIT_S)) is not None:
            if found := re.search(pattern, line["msg"]):
                return found
        raise AssertionError(f"ended with {self.process.wait()} before {pattern!r}: {self.lines}")

    def ready(self) -> "Otelier":
        """Wait until it serves."""
        self.until("everything is ready")
        return self

    def address(self, protocol: str) -> str:
        """Where it listens."""
        for line in self.lines:
            if found := re.search(rf"OTLP/{protocol} at (\S+)", line["msg"]):
                return found[1]
        raise AssertionError(self.lines)

    def send_signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit code after a signal, all output read."""
        self.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(WAIT_S)
        for reader in self._readers:
            reader.join(WAIT_S)
        return code

    def _read_log(self) -> None:
        for text in self.process.stderr:
            try:
                line = json.loads(text)
            except ValueError:
                line = {"msg": text.rstrip("\n")}
            self.lines.append(line)
            self._new.put(line)
        self._new.put(None)

    def _read_out(self) -> None:
        self.out = self.process.stdout.read()


@pytest.fixture
def otelier() -> Iterator[type[Otelier]]:
    """Start `otelier` with arguments; whatever still runs at the end is killed."""
    started: list[Otelier] = []

    def start(*words: str) -> Otelier:
        started.append(Otelier(*words))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.wait()
        each.process.stdout.close()
        each.process.stderr.close()


class Backend:
    """An OTLP/gRPC server of another make (grpcio) that keeps every request."""

    def __init__(self) -> None:
        self.requests: list = []
        self.headers: list[dict[str, str]] = []
        """Of each request."""
        self._arrived = threading.Condition()
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        for add, service, response in (
            (
                trace_service_pb2_grpc.add_TraceServiceServicer_to_server,
                trace_service_pb2_grpc.TraceServiceServicer,
                trace_service_pb2.ExportTraceServiceResponse,
            ),
            (
                metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
                metrics_service_pb2_grpc.MetricsServiceServicer,
                metrics_service_pb2.ExportMetricsServiceResponse,
            ),
            (
                logs_service_pb2_grpc.add_LogsServiceServicer_to_server,
                logs_service_pb2_grpc.LogsServiceServicer,
                logs_service_pb2.ExportLogsServiceResponse,
            ),
        ):
            servicer = type("Servicer", (service,), {"Export": self._export(response)})
            add(servicer(), self._server)
        self.endpoint = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def _export(self, response):
        def export(_servicer, request, context):
            with self._arrived:
                self.requests.append(request)
                self.headers.append(dict(context.invocation_metadata()))
                self._arrived.notify_all()
            return response()

        return export

    def senders(self) -> set[str]:
        """The values of the header `from` so far."""
        with self._arrived:
            return {headers["from"] for headers in self.headers if "from" in headers}

    def until(self, true) -> None:
        """Wait until `true()`, asked whenever a request has arrived."""
        with self._arrived:
            assert self._arrived.wait_for(true, WAIT_S), self.requests

    def stop(self) -> None:
        self._server.stop(None).wait()


@pytest.fixture
def backend() -> Iterator[Backend]:
    server = Backend()
    yield server
    server.stop()
