"""What is pushed to the port of Loki's API goes to the receiver `loki`, and its answers come back."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from otelier._core import snappy
from otelier.api.application import Application
from otelier.api.options import Options
from otelier.component import Retryable
from otelier.receivers.loki import Loki, LokiConfig, LokiHttpSettings, LokiProtocols
from otelier.server.http import HttpServerSettings
from otelier.testing import FakeClock, MemoryExporter, component_context, decode

PUSH = {"streams": [{"stream": {"app": "shop"}, "values": [["1700000000000000007", "paid"]]}]}
JSON = {"content-type": "application/json"}


class Pair:
    """A receiver, and Loki's API that knows where it is."""

    def __init__(self, directory: Path, *, there: bool = True) -> None:
        self.out = MemoryExporter()
        settings = LokiHttpSettings(endpoint="127.0.0.1:0", include_metadata=True)
        config = LokiConfig(protocols=LokiProtocols(http=settings), use_incoming_timestamp=True)
        self.clock = FakeClock()
        self.receiver = Loki(config, component_context(clock=self.clock))
        self.receiver.outputs = {"logs": self.out}
        self.receiver.start()
        host, port = self.receiver.address()
        server = HttpServerSettings(endpoint="127.0.0.1:0")
        options = Options(
            server=server, loki=server, data_dir=str(directory), loki_pushes_to=f"{host}:{port}" if there else ""
        )
        self.api = Application(options)
        self.api.start()

    def post(self, body: bytes, path: str = "/loki/api/v1/push", **headers: str) -> tuple[int, str]:
        assert self.api.loki_address
        connection = http.client.HTTPConnection(*self.api.loki_address, timeout=20)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def stop(self) -> None:
        self.api.stop(1.0)
        self.receiver.stop(self.clock.monotonic())


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    made.stop()


def pushed() -> bytes:
    return json.dumps(PUSH).encode()


@pytest.mark.parametrize("path", ["/loki/api/v1/push", "/api/prom/push"])
def test_a_push_arrives_with_the_senders_tenant(pair: Pair, path: str):
    assert pair.post(pushed(), path, **JSON, **{"X-Scope-OrgID": "a"}) == (204, "")
    (batch,) = pair.out.batches
    (resource,) = decode(batch).resource_logs
    (record,) = resource.scope_logs[0].log_records
    assert (record.body.string_value, record.time_unix_nano) == ("paid", 1700000000000000007)
    assert batch.metadata["x-scope-orgid"] == ("a",)


def test_the_receiver_judges_what_comes_as_it_came(pair: Pair):
    status, said = pair.post(snappy(b"\xff"), **{"content-type": "application/x-protobuf"})
    assert (status, pair.out.batches) == (400, [])
    assert said
    pair.out.fail_with(Retryable("full"))
    assert pair.post(pushed(), **JSON)[0] == 503


def test_a_page_in_a_browser_may_not_push(pair: Pair):
    assert pair.post(pushed(), **JSON, origin="http://stranger.example")[0] == 403
    assert pair.post(pushed(), **JSON, host="stranger.example")[0] == 421
    assert pair.out.batches == []


def test_a_sender_is_told_to_try_again_where_the_receiver_does_not_answer(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    server = HttpServerSettings(endpoint="127.0.0.1:0")
    pair = Pair(tmp_path)
    pair.api.stop(1.0)
    pair.api = Application(
        Options(server=server, loki=server, data_dir=str(tmp_path), loki_pushes_to=f"127.0.0.1:{port}")
    )
    pair.api.start()
    status, said = pair.post(pushed(), **JSON)
    pair.stop()
    assert status == 503
    assert "the receiver loki does not answer" in said


def test_without_a_receiver_the_answer_says_where_logs_are_taken(tmp_path: Path):
    pair = Pair(tmp_path, there=False)
    status, said = pair.post(pushed(), **JSON)
    pair.stop()
    assert status == 404
    assert "otelier_query::loki::pushes_to" in said
