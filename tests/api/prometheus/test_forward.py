"""What only the process that takes metrics in can do goes to it, and its answer comes back as it is."""

import json
from collections.abc import Iterator

import pytest

from otelier._core import snappy
from otelier.api.prometheus.forward import Parent
from otelier.component import Secret
from otelier.server.endpoint import HttpEndpoint, HttpRequest, Response
from otelier.server.http import HttpServerSettings

from .conftest import Prometheus


class Internal:
    """A parent that remembers what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, bytes, dict[str, str]]] = []
        self.answer = Response(204, (("x-prometheus-remote-write-samples-written", "3"),))
        self.endpoint = self._new("127.0.0.1:0")

    def _new(self, address: str) -> HttpEndpoint:
        endpoint = HttpEndpoint(HttpServerSettings(endpoint=address), self._answer, "internal")
        endpoint.start()
        return endpoint

    def restart(self) -> None:
        host, port = self.endpoint.address
        self.endpoint.stop(0.1)
        self.endpoint = self._new(f"{host}:{port}")

    def _answer(self, request: HttpRequest) -> Response:
        self.asked.append((request.method, request.path, request.query, request.body, dict(request.headers)))
        return self.answer


@pytest.fixture
def internal() -> Iterator[Internal]:
    made = Internal()
    yield made
    made.endpoint.stop(0.1)


@pytest.fixture
def child(internal) -> Iterator[Prometheus]:
    host, port = internal.endpoint.address
    server = Prometheus(parent=Parent(endpoint=f"{host}:{port}", token=Secret("s3cret")))
    yield server
    server.stop()


def test_a_write_is_sent_on_with_the_token_and_answered_unchanged(child, internal):
    headers = {
        "content-encoding": "snappy", "content-type": "application/x-protobuf", "x-scope-orgid": "t",
        "x-prometheus-remote-write-version": "0.1.0", "x-otelier-token": "guess",
    }  # fmt: skip
    answer = child.ask("POST", "/api/v1/write?x=%2F", snappy(b"body"), headers)
    assert (answer.status, answer.headers["x-prometheus-remote-write-samples-written"]) == (204, "3")
    [(method, path, query, body, seen)] = internal.asked
    assert (method, path, query, body) == ("POST", "/api/v1/write", "x=%2F", b"body")
    assert seen["x-otelier-token"] == "s3cret"
    assert seen["x-scope-orgid"] == "t"
    assert seen["x-prometheus-remote-write-version"] == "0.1.0"
    assert "content-encoding" not in seen


def test_statuses_texts_and_types_come_back(child, internal):
    internal.answer = Response(400, (("content-type", "text/plain"),), b"out of bounds\n")
    answer = child.ask("POST", "/api/v1/otlp/v1/metrics", b"{}", {"content-type": "application/json"})
    assert (answer.status, answer.headers["content-type"], answer.body) == (400, "text/plain", b"out of bounds\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/targets?state=active"), ("GET", "/api/v1/targets/metadata"), ("GET", "/api/v1/scrape_pools"),
        ("POST", "/api/v1/admin/tsdb/delete_series?match[]=up"), ("PUT", "/api/v1/admin/tsdb/snapshot"),
        ("POST", "/-/reload"), ("GET", "/api/v1/status/config"),
    ],
)  # fmt: skip
def test_paths_of_the_parent(child, internal, method, path):
    internal.answer = Response(200, (), b'{"status":"success"}')
    assert child.ask(method, path).json == {"status": "success"}
    assert internal.asked[0][:2] == (method, path.partition("?")[0])


def test_a_connection_that_was_closed_meanwhile_is_replaced(child, internal):
    assert child.ask("POST", "/api/v1/write", b"1").status == 204
    internal.restart()
    assert child.ask("POST", "/api/v1/write", b"2").status == 204
    assert [each[3] for each in internal.asked] == [b"1", b"2"]


def test_a_parent_that_is_gone_is_a_503(child, internal):
    internal.endpoint.stop(0.1)
    status, kind, text = child.ask("POST", "/api/v1/write", b"1").error
    assert (status, kind) == (503, "timeout")
    assert "try again later" in text
    assert child.get("status/config").data == {"yaml": ""}


def test_without_a_parent_only_reading_is_possible(prometheus):
    for method, path in (("POST", "write"), ("GET", "targets")):
        answer = prometheus.ask(method, f"/api/v1/{path}")
        assert answer.status == 503
        assert "add it to service::extensions" in json.loads(answer.body)["error"]


def test_other_pages_of_a_browser_may_not_write(child, internal):
    elsewhere = {"origin": "http://elsewhere.example", "content-type": "text/plain"}
    assert child.ask("POST", "/-/reload", b"", elsewhere).status == 403
    assert not internal.asked
    assert (
        child.ask("POST", "/-/reload", b"", {"origin": "http://localhost:9090", "host": "localhost:9090"}).status == 204
    )
