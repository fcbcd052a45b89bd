"""Prometheus' API over metrics in memory, asked over HTTP as its clients ask."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from otelier.api.prometheus import routes
from otelier.api.prometheus.forward import Forward
from otelier.api.prometheus.options import PrometheusOptions
from otelier.query.rules_state import RulesState
from otelier.server.endpoint import HttpEndpoint
from otelier.server.hosts import HostCheck
from otelier.server.http import HttpServerSettings
from otelier.server.router import Router
from otelier.server.web import Web
from otelier.testing import FakeClock
from otelier.testing.metrics import MemoryMetrics


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


class Prometheus:
    """A server, and the metrics behind it."""

    def __init__(self, rules: RulesState | None = None, **options: Any) -> None:
        self.clock = FakeClock()
        self.metrics = MemoryMetrics()
        server = HttpServerSettings(endpoint="127.0.0.1:0")
        settings = PrometheusOptions(server=server, **options)
        self.forward = Forward(settings.parent) if settings.parent else None
        groups = routes.groups(self.metrics, settings, self.clock, "/data", rules, self.forward)
        self._endpoint = HttpEndpoint(server, Web(Router(groups), HostCheck("127.0.0.1")), "test", threads=4)
        self._endpoint.start()

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
