"""Prometheus' API over metrics in memory, asked over HTTP as its clients ask."""

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from otelier.api.prometheus import routes
from otelier.api.prometheus.forward import Forward, Parent, passed_on
from otelier.api.prometheus.options import PrometheusOptions
from otelier.component import Secret
from otelier.query.rules_state import RulesState
from otelier.server.endpoint import HttpEndpoint, HttpRequest, Response
from otelier.server.hosts import HostCheck
from otelier.server.http import HttpServerSettings
from otelier.server.router import Router
from otelier.server.web import Web
from otelier.testing import FakeClock
from otelier.testing.memory_metrics import MemoryMetrics


class Answer:
    def __init__(self, raw: http.client.HTTPResponse) -> None:
        self.status = raw.status
        self.headers = raw.headers
        self.body = raw.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        assert self.status == 200, self.body
        assert self.headers["content-type"] == "application/json"
        found = self.json
        assert found["status"] == "success"
        return found["data"]

    @property
    def error(self) -> tuple[int, str, str]:
        found = self.json
        assert found["status"] == "error"
        return self.status, found["errorType"], found["error"]


class Internal:
    """A parent that remembers what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, bytes, dict[str, str]]] = []
        self.answer = Response(204, (("x-prometheus-remote-write-samples-written", "3"),))
        self.hold: threading.Event | None = None
        """Answers wait for it."""
        self.arrived = threading.Event()
        self.start("127.0.0.1:0")

    def start(self, address: str) -> None:
        self.endpoint = HttpEndpoint(HttpServerSettings(endpoint=address), self._answer, "internal", threads=4)
        self.endpoint.start()

    def restart(self) -> None:
        host, port = self.endpoint.address
        self.endpoint.stop(0.1)
        self.start(f"{host}:{port}")

    def parent(self) -> Parent:
        host, port = self.endpoint.address
        return Parent(endpoint=f"{host}:{port}", token=Secret("s3cret"))

    def _answer(self, request: HttpRequest) -> Response:
        self.asked.append((request.method, request.path, request.query, request.body, dict(request.headers)))
        self.arrived.set()
        if self.hold:
            self.hold.wait(30)
        return self.answer


@pytest.fixture
def internal() -> Iterator[Internal]:
    made = Internal()
    yield made
    made.endpoint.stop(0.1)


class Prometheus:
    """A server, and the metrics behind it."""

    def __init__(self, rules: RulesState | None = None, max_request_body_size: int = 0, **options: Any) -> None:
        self.clock = FakeClock()
        self.metrics = MemoryMetrics()
        server = HttpServerSettings(endpoint="127.0.0.1:0", max_request_body_size=max_request_body_size)
        settings = PrometheusOptions(server=server, **options)
        self.forward = Forward(settings.parent) if settings.parent else None
        groups = routes.groups(self.metrics, settings, self.clock, "/data", rules, self.forward)
        hosts = HostCheck("127.0.0.1", ["known.example.com"])
        writes = passed_on(settings.parent, server, hosts) if settings.parent else None
        self._endpoint = HttpEndpoint(server, Web(Router(groups), hosts), "test", threads=4, passed_on=writes)
        self._endpoint.start()

    @property
    def address(self) -> tuple[str, int]:
        return self._endpoint.address

    @property
    def now_s(self) -> float:
        return self.clock.time_ns() / 1e9

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(*self._endpoint.address, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, headers: dict[str, str] | None = None, /, **parameters: Any) -> Answer:
        query = urlencode(_named(parameters), doseq=True)
        return self.ask("GET", f"/api/v1/{path}?{query}", headers=headers)

    def post(self, path: str, headers: dict[str, str] | None = None, /, **parameters: Any) -> Answer:
        form = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.ask("POST", f"/api/v1/{path}", urlencode(_named(parameters), doseq=True).encode(), form)

    def stop(self) -> None:
        self._endpoint.stop()
        if self.forward:
            self.forward.close()


def _named(parameters: dict[str, Any]) -> dict[str, Any]:
    lists = {"match", "rule_name", "rule_group", "file"}
    return {f"{name}[]" if name in lists else name: value for name, value in parameters.items()}


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    server = Prometheus()
    yield server
    server.stop()
