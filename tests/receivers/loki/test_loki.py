"""The loki receiver: what Promtail and its like push, JSON and protobuf, and what they are answered."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs

from otelier._core import snappy
from otelier.component import Permanent, Refused, Retryable
from otelier.receivers.loki import Loki, LokiConfig, LokiHttpSettings, LokiProtocols
from otelier.testing import FakeClock, MemoryExporter, component_context, decode
from otelier.wire.protobuf import integer, length_delimited, text

TIME_NS = 1_700_000_000 * 10**9 + 7
PUSH = "/loki/api/v1/push"
JSON, PROTOBUF = "application/json", "application/x-protobuf"


class Running:
    def __init__(self, **keys: Any) -> None:
        self.out = MemoryExporter()
        self.clock = FakeClock()
        http_settings = LokiHttpSettings(endpoint="127.0.0.1:0", include_metadata=True)
        config = LokiConfig(protocols=LokiProtocols(http=http_settings), **keys)
        self.receiver = Loki(config, component_context(clock=self.clock))
        self.receiver.outputs = {"logs": self.out}
        self.receiver.start()

    def post(self, body: bytes | Any, kind: str = JSON, path: str = PUSH, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(*self.receiver.address(), timeout=20)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request("POST", path, data, {"content-type": kind, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def resources(self) -> list[ResourceLogs]:
        return [each for batch in self.out.batches for each in decode(batch).resource_logs]

    def records(self) -> list[LogRecord]:
        return [record for each in self.resources() for scope in each.scope_logs for record in scope.log_records]


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def make(**keys: Any) -> Running:
        running.append(Running(**keys))
        return running[-1]

    yield make
    for each in running:
        each.receiver.stop(each.clock.monotonic())


def stream(labels: dict[str, str], *values: Any) -> dict[str, Any]:
    return {"streams": [{"stream": labels, "values": list(values)}]}


def message(labels: str, *entries: tuple[int, str, dict[str, str]]) -> bytes:
    """`logproto.PushRequest`."""
    encoded = text(1, labels)
    for time_ns, line, metadata in entries:
        at = integer(1, time_ns // 10**9) + integer(2, time_ns % 10**9)
        pairs = b"".join(length_delimited(3, text(1, name) + text(2, value)) for name, value in metadata.items())
        encoded += length_delimited(2, length_delimited(1, at) + text(2, line) + pairs)
    return snappy(length_delimited(1, encoded))


def attributes(pairs: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in pairs}


@pytest.mark.proves("loki.use_incoming_timestamp")
@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_a_stream_becomes_a_resource_and_its_lines_records(start: Callable[..., Running], kind: str) -> None:
    it = start(use_incoming_timestamp=True)
    metadata = {"level": "warn", "trace_id": "0af7651916cd43dd8448eb211c80319c", "user": "작"}
    labels = {"app": "shop", "pod": 'p"1'}
    if kind == JSON:
        body: Any = stream(labels, [str(TIME_NS), "결제 실패", metadata], [str(TIME_NS + 1), "second"])
    else:
        entries = (TIME_NS, "결제 실패", metadata), (TIME_NS + 1, "second", {})
        body = message('{app="shop", pod="p\\"1"}', *entries)
    assert it.post(body, kind) == (204, "")
    [resource] = it.resources()
    assert attributes(resource.resource.attributes) == {**labels, "service.name": "shop"}
    first, second = it.records()
    assert (first.time_unix_nano, first.body.string_value) == (TIME_NS, "결제 실패")
    assert (first.severity_number, first.severity_text) == (13, "warn")
    assert first.trace_id.hex() == metadata["trace_id"]
    assert attributes(first.attributes) == {"level": "warn", "user": "작"}
    assert (second.time_unix_nano, second.body.string_value, second.severity_number) == (TIME_NS + 1, "second", 0)


@pytest.mark.proves("loki.use_incoming_timestamp")
def test_without_their_own_times_lines_have_that_of_their_arrival(start: Callable[..., Running]) -> None:
    it = start()
    assert it.post(stream({"service_name": "shop"}, [str(TIME_NS), "x"]))[0] == 204
    [record] = it.records()
    assert record.time_unix_nano == record.observed_time_unix_nano == it.clock.time_ns()
    [resource] = it.resources()
    assert attributes(resource.resource.attributes) == {"service.name": "shop"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\u00adb", "a\u00adb"),
        (r"\U0001f6d2\x41", "🛒A"),
        (r"\xea\xb2\xb0", "결"),
        (r"\a\b\f\n\r\t\v\\\"", '\a\b\f\n\r\t\v\\"'),
    ],
)
def test_labels_are_read_as_go_quotes_them(start: Callable[..., Running], written: str, meant: str) -> None:
    it = start()
    assert it.post(message(f'{{a="{written}"}}', (TIME_NS, "x", {})), PROTOBUF) == (204, "")
    [resource] = it.resources()
    assert attributes(resource.resource.attributes) == {"a": meant}


def test_whose_logs_they_are_goes_with_them(start: Callable[..., Running]) -> None:
    it = start()
    assert it.post(stream({"a": "b"}, [str(TIME_NS), "x"]), path="/api/prom/push", **{"X-Scope-OrgID": "t1"})[0] == 204
    assert it.out.batches[0].metadata["x-scope-orgid"] == ("t1",)


def test_nothing_to_push_is_fine(start: Callable[..., Running]) -> None:
    it = start()
    assert it.post({"streams": []})[0] == 204
    assert it.out.batches == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", JSON, 400),
        (b"[]", JSON, 400),
        (b'{"streams":[{"stream":{"a":1},"values":[]}]}', JSON, 400),
        (b'{"streams":[{"stream":{"a":"1"},"values":[["now","x"]]}]}', JSON, 400),
        (b'{"streams":[{"stream":{"a":"1"},"values":[["1","x","y"]]}]}', JSON, 400),
        (b"no snappy", PROTOBUF, 400),
        (snappy(b"\xff"), PROTOBUF, 400),
        (message("a=b"), PROTOBUF, 400),
        (message('{a="\\q"}'), PROTOBUF, 400),
        (message('{a="\\xff"}'), PROTOBUF, 400),
        (b"<x/>", "text/xml", 415),
    ],
)
def test_what_can_not_be_read_is_told(start: Callable[..., Running], body: bytes, kind: str, status: int) -> None:
    answered, reason = start().post(body, kind)
    assert answered == status
    assert reason


@pytest.mark.parametrize(
    ("error", "status"),
    [(Refused("the store is full", limit="x", after_s=3), 503), (Retryable("later"), 503), (Permanent("never"), 400)],
)
def test_what_the_pipelines_say_is_answered(start: Callable[..., Running], error: Exception, status: int) -> None:
    it = start()
    it.out.fail_with(error)
    assert it.post(stream({"a": "b"}, [str(TIME_NS), "x"]))[0] == status
