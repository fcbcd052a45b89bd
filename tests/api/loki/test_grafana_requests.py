"""The requests that Grafana's Loki data source makes, and what it reads of the answers.

Grafana itself can't be run here. These are contract tests: paths, parameters and headers as its data source sends them
(health check, label browser, Explore with its log volume, dashboards, query statistics).
"""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from otelier.api.application import Application
from otelier.api.options import Options
from otelier.component import Meter, SystemClock
from otelier.server.http import HttpServerSettings
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.telemetry import Batch
from otelier.testing import log_record, logs, span_id, trace_id
from otelier.testing.telemetry import START_NS

SECOND_NS = 10**9
END_NS = START_NS + 60 * SECOND_NS
CATEGORIZE = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}


class Loki:
    """A store, and Loki's API over it."""

    def __init__(self, directory: Path) -> None:
        self.engine = open_store(StoreSettings(data_dir=str(directory)), SystemClock(), Meter())
        settings = HttpServerSettings(endpoint="127.0.0.1:0")
        self.application = Application(Options(server=settings, loki=settings, data_dir=str(directory)))
        self.application.start()

    def store(self, batch: Batch, tenant: str = "default") -> None:
        self.engine.append(tenant, batch)

    def send(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, str, bytes]:
        assert self.application.loki_address
        connection = http.client.HTTPConnection(*self.application.loki_address, timeout=30)
        try:
            connection.request(method, path, body.encode(), headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("content-type", ""), answer.read()
        finally:
            connection.close()

    def get(self, path: str, headers: dict[str, str] | None = None, /, **parameters: Any) -> Any:
        names = {"match": "match[]"}
        query = urlencode({names.get(name, name): value for name, value in parameters.items()}, doseq=True)
        status, kind, body = self.send("GET", f"{path}?{query}", headers=headers)
        assert status == 200, body
        assert kind.startswith("application/json")
        return json.loads(body)

    def range(self, query: str, headers: dict[str, str] | None = None, /, **parameters: Any) -> Any:
        given = {"query": query, "start": START_NS, "end": END_NS, "limit": 1000, "direction": "backward"} | parameters
        return self.get("/loki/api/v1/query_range", headers, **given)

    def close(self) -> None:
        self.application.stop(5)
        close_store(self.engine)


@pytest.fixture
def loki(tmp_path: Path) -> Iterator[Loki]:
    loki = Loki(tmp_path)
    records = [
        log_record("작업을 시작합니다", number=9, time_ns=START_NS + SECOND_NS, attributes={"http.method": "GET"}),
        log_record(
            "결제 실패: timeout", number=17, trace=1, time_ns=START_NS + 2 * SECOND_NS, attributes={"code": 504}
        ),
        log_record('{"msg": "ok", "status": 200}', number=9, time_ns=START_NS + 3 * SECOND_NS),
    ]
    loki.store(logs(*records, resource={"service.name": "shop", "k8s.pod.name": "shop-1"}))
    loki.store(
        logs(log_record("elsewhere", number=13, time_ns=START_NS + SECOND_NS), resource={"service.name": "cart"})
    )
    yield loki
    loki.close()


def test_saving_a_data_source_asks_for_a_sum_of_vectors(loki: Loki) -> None:
    answer = loki.get(
        "/loki/api/v1/query", query="vector(1)+vector(1)", time=START_NS, direction="backward", limit=1000
    )
    assert answer["status"] == "success"
    assert answer["data"]["resultType"] == "vector"
    assert answer["data"]["result"] == [{"metric": {}, "value": [START_NS // SECOND_NS, "2"]}]


def test_what_it_is_and_whether_it_is_ready(loki: Loki) -> None:
    assert loki.get("/loki/api/v1/status/buildinfo")["version"].startswith("3.")
    assert loki.send("GET", "/ready")[2] == b"ready\n"


def test_a_browser_is_told_what_this_is_and_where_the_ui_is(loki: Loki) -> None:
    status, kind, body = loki.send("GET", "/")
    assert (status, kind) == (404, "text/plain; charset=utf-8")
    assert "Otelier's Loki API" in body.decode()
    assert f"the UI is at http://127.0.0.1:{loki.application.address[1]}\n" in body.decode()


def test_the_label_browser(loki: Loki) -> None:
    window = {"start": START_NS, "end": END_NS}
    assert loki.get("/loki/api/v1/labels", **window) == {"status": "success", "data": ["k8s_pod_name", "service_name"]}
    assert loki.get("/loki/api/v1/label/service_name/values", **window)["data"] == ["cart", "shop"]
    chosen = loki.get("/loki/api/v1/label/k8s_pod_name/values", query='{service_name="cart"}', **window)
    assert chosen["data"] == []
    series = loki.get("/loki/api/v1/series", match='{service_name=~"sh.*"}', **window)
    assert series["data"] == [{"k8s_pod_name": "shop-1", "service_name": "shop"}]
    assert loki.get("/loki/api/v1/labels", start=1, end=2)["data"] == []


def test_explore_shows_lines_with_labels_by_where_they_come_from(loki: Loki) -> None:
    answer = loki.range('{service_name="shop"} |= `실패`', CATEGORIZE, step="200ms")
    data = answer["data"]
    assert (data["resultType"], data["encodingFlags"]) == ("streams", ["categorize-labels"])
    [stream] = data["result"]
    assert stream["stream"] == {"k8s_pod_name": "shop-1", "service_name": "shop"}
    [[time, line, categories]] = stream["values"]
    assert (time, line) == (str(START_NS + 2 * SECOND_NS), "결제 실패: timeout")
    assert categories == {
        "structuredMetadata": {
            "code": "504",
            "detected_level": "error",
            "scope_name": "test",
            "severity_number": "17",
            "severity_text": "INFO",
            "span_id": span_id(1).hex(),
            "trace_id": trace_id(1).hex(),
        }
    }
    summary = data["stats"]["summary"]
    assert summary["totalEntriesReturned"] == 1
    assert summary["totalBytesProcessed"] >= len("결제 실패: timeout".encode())
    assert summary["bytesProcessedPerSecond"] > 0
    [parsed] = loki.range('{service_name="shop"} | json | status=200', CATEGORIZE)["data"]["result"]
    assert parsed["values"][0][2]["parsed"] == {"msg": "ok", "status": "200"}


def test_without_the_header_all_labels_are_the_streams(loki: Loki) -> None:
    [stream] = loki.range('{service_name="shop"} | trace_id!=""')["data"]["result"]
    assert stream["stream"]["trace_id"] == trace_id(1).hex()
    assert stream["stream"]["service_name"] == "shop"
    assert stream["values"] == [[str(START_NS + 2 * SECOND_NS), "결제 실패: timeout"]]


def test_direction_and_limit(loki: Loki) -> None:
    def lines(**parameters: Any) -> list[str]:
        streams = loki.range('{service_name="shop"}', CATEGORIZE, **parameters)["data"]["result"]
        return [value[1] for stream in streams for value in stream["values"]]

    newest = ['{"msg": "ok", "status": 200}', "결제 실패: timeout", "작업을 시작합니다"]
    assert lines() == newest
    assert lines(direction="forward") == newest[::-1]
    assert lines(limit=1) == newest[:1]
    assert lines(end=START_NS + 3 * SECOND_NS) == newest[1:], "a range ends before its end"


def test_the_volume_above_the_lines(loki: Loki) -> None:
    query = 'sum by (level, detected_level) (count_over_time({service_name=~".+"} | drop __error__ [2s]))'
    data = loki.range(query, step="2000ms", start=START_NS, end=START_NS + 4 * SECOND_NS)["data"]
    second = START_NS // SECOND_NS
    assert data["resultType"] == "matrix"
    assert data["result"] == [
        {"metric": {"detected_level": "error", "level": "error"}, "values": [[second + 2, "1"]]},
        {"metric": {"detected_level": "info", "level": "info"}, "values": [[second + 2, "1"], [second + 4, "1"]]},
        {"metric": {"detected_level": "warn", "level": "warn"}, "values": [[second + 2, "1"]]},
    ]


def test_a_dashboard_asks_for_rates_by_post(loki: Loki) -> None:
    form = urlencode(
        {
            "query": 'sum by (service_name) (rate({service_name=~".+"} [1m]))',
            "start": START_NS,
            "end": END_NS,
            "step": "60",
        }
    )
    headers = {"content-type": "application/x-www-form-urlencoded"}
    status, _, body = loki.send("POST", "/loki/api/v1/query_range", form, headers)
    assert status == 200
    result = json.loads(body)["data"]["result"]
    assert [each["metric"] for each in result] == [{"service_name": "cart"}, {"service_name": "shop"}]
    assert result[1]["values"] == [[END_NS // SECOND_NS, "0.05"]]


def test_a_table_asks_for_one_moment(loki: Loki) -> None:
    data = loki.get(
        "/loki/api/v1/query", query="sort_desc(sum by (service_name) (count_over_time({} [1h])))", time=END_NS
    )["data"]
    assert data["result"] == [
        {"metric": {"service_name": "shop"}, "value": [END_NS // SECOND_NS, "3"]},
        {"metric": {"service_name": "cart"}, "value": [END_NS // SECOND_NS, "1"]},
    ]


def test_the_hint_of_how_much_a_query_reads(loki: Loki) -> None:
    stats = loki.get("/loki/api/v1/index/stats", query='{service_name=~".+"}', start=START_NS, end=END_NS)
    assert (stats["streams"], stats["entries"]) == (2, 4)
    assert stats["bytes"] > 0
    volume = loki.get("/loki/api/v1/index/volume", query='{service_name=~".+"}', start=START_NS, end=END_NS, limit=10)
    assert [each["metric"] for each in volume["data"]["result"]] == [{"service_name": "shop"}, {"service_name": "cart"}]
    assert volume["data"]["result"][1]["value"][1] == str(len("elsewhere"))


def test_fields_to_filter_by_with_their_types(loki: Loki) -> None:
    window = {"start": START_NS, "end": END_NS}
    answer = loki.get("/loki/api/v1/detected_fields", query='{service_name="shop"}', line_limit=1000, **window)
    fields = {each["label"]: each for each in answer["fields"]}
    assert fields["status"] == {"label": "status", "type": "int", "cardinality": 1, "parsers": ["json"]}
    assert fields["msg"]["type"] == "string"
    assert fields["code"] == {"label": "code", "type": "int", "cardinality": 1, "parsers": None}
    assert "detected_level" not in fields
    parsed = loki.get(
        "/loki/api/v1/detected_fields", query='{service_name="shop"} | json | __error__=""', limit=2, **window
    )
    assert len(parsed["fields"]) == 2
    for path in ("detected_field", "detected_fields"):
        values = loki.get(f"/loki/api/v1/{path}/code/values", query='{service_name="shop"}', **window)
        assert values["values"] == ["504"]
    assert loki.get("/loki/api/v1/detected_field/nothing/values", query="{}", **window)["values"] == []


def test_labels_to_begin_with(loki: Loki) -> None:
    answer = loki.get("/loki/api/v1/detected_labels", start=START_NS, end=END_NS, query="")
    assert answer["detectedLabels"] == [
        {"label": "k8s_pod_name", "cardinality": 1},
        {"label": "service_name", "cardinality": 2},
    ]


def test_volumes_over_time(loki: Loki) -> None:
    data = loki.get(
        "/loki/api/v1/index/volume_range",
        query='{service_name=~".+"}',
        start=START_NS,
        end=START_NS + 10 * SECOND_NS,
        step="2s",
        targetLabels="service_name",
    )["data"]
    second = START_NS // SECOND_NS
    assert data["resultType"] == "matrix"
    assert [each["metric"] for each in data["result"]] == [{"service_name": "shop"}, {"service_name": "cart"}]
    assert data["result"][1]["values"] == [[second, str(len("elsewhere"))]]
    assert [at for at, _ in data["result"][0]["values"]] == [second, second + 2]
    names = loki.get("/loki/api/v1/index/volume", query="{}", start=START_NS, end=END_NS, aggregateBy="labels")["data"]
    assert [each["metric"] for each in names["result"]] == [{"service_name": ""}, {"k8s_pod_name": ""}]


def test_patterns_of_lines(loki: Loki) -> None:
    lines = [
        log_record(f"order {number} of user-{number} is paid", number=9, time_ns=START_NS + number * SECOND_NS)
        for number in range(20)
    ]
    loki.store(logs(*lines, log_record("cache is cold", number=13, time_ns=START_NS), resource={"service.name": "pay"}))
    found = loki.get("/loki/api/v1/patterns", query='{service_name="pay"}', start=START_NS, end=END_NS, step="10s")[
        "data"
    ]
    second = START_NS // SECOND_NS
    assert found[0] == {
        "pattern": "order <_> of <_> is paid",
        "level": "info",
        "samples": [[second, 10], [second + 10, 10]],
    }
    assert found[1]["pattern"] == "cache is cold"
    again = loki.range(f'{{service_name="pay"}} |> "{found[0]["pattern"]}"')["data"]["result"]
    assert sum(len(stream["values"]) for stream in again) == 20


def test_the_editor_writes_a_query_in_one_way(loki: Loki) -> None:
    query = 'sum(rate({a="b"}|="x"[5m]))by(c)'
    assert loki.get("/loki/api/v1/format_query", query=query)["data"] == 'sum by (c)(rate({a="b"} |= "x" [5m]))'
    assert loki.send("GET", "/loki/api/v1/format_query?query=%7B")[0] == 400


def url_of(loki: Loki, path: str, **parameters: Any) -> str:
    assert loki.application.loki_address
    host, port = loki.application.loki_address
    return f"ws://{host}:{port}{path}?{urlencode(parameters)}"


def test_a_live_tail_is_a_websocket(loki: Loki) -> None:
    query = '{service_name="shop"} |= "결제"'
    with connect(url_of(loki, "/loki/api/v1/tail", query=query, start=START_NS)) as tail:
        first = json.loads(tail.recv(10))
        [stream] = first["streams"]
        assert stream["stream"]["service_name"] == "shop"
        assert stream["values"] == [[str(START_NS + 2 * SECOND_NS), "결제 실패: timeout"]]
        now_ns = SystemClock().time_ns()
        loki.store(logs(log_record("결제 완료", number=9, time_ns=now_ns), resource={"service.name": "shop"}))
        loki.store(logs(log_record("something else", number=9, time_ns=now_ns), resource={"service.name": "shop"}))
        [stream] = json.loads(tail.recv(10))["streams"]
        assert stream["values"] == [[str(now_ns), "결제 완료"]]
        assert tail.ping().wait(10)


def test_a_tail_begins_with_the_newest_lines(loki: Loki) -> None:
    with connect(url_of(loki, "/loki/api/v1/tail", query='{service_name="shop"}', start=START_NS, limit=1)) as tail:
        [stream] = json.loads(tail.recv(10))["streams"]
        assert [line for _, line in stream["values"]] == ['{"msg": "ok", "status": 200}']


def test_tails_end_with_the_server(loki: Loki) -> None:
    with connect(url_of(loki, "/loki/api/v1/tail", query='{service_name="nobody"}')) as tail:
        loki.application.stop(5)
        with pytest.raises(ConnectionClosed):
            tail.recv(10)


def test_there_are_as_many_tails_as_there_may_be(loki: Loki) -> None:
    url = url_of(loki, "/loki/api/v1/tail", query='{service_name="nobody"}')
    with ExitStack() as open_:
        for _ in range(10):
            open_.enter_context(connect(url))
        with pytest.raises(InvalidStatus) as refused:
            connect(url)
        assert refused.value.response.status_code == 429


def test_a_handshake_that_can_not_succeed_takes_no_place(loki: Loki) -> None:
    assert loki.application.loki_address
    handshake = (
        b"GET /loki/api/v1/tail?query=%7B%7D HTTP/1.0\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    for _ in range(11):
        with socket.create_connection(loki.application.loki_address, timeout=30) as connection:
            connection.sendall(handshake)
            assert b" 500 " in connection.makefile("rb").readline()
    with connect(url_of(loki, "/loki/api/v1/tail", query='{service_name="nobody"}')) as tail:
        assert tail.ping().wait(10)


@pytest.mark.parametrize(
    ("parameters", "headers", "status"),
    [
        ({"query": "{a="}, {}, 400),
        ({"query": "rate({}[1m])"}, {}, 400),
        ({"query": "{}", "delay_for": "9"}, {}, 400),
        ({"query": "{}", "limit": "x"}, {}, 400),
        ({"query": "{}"}, {"Origin": "https://elsewhere.example"}, 403),
    ],
)
def test_a_tail_that_can_not_be(loki: Loki, parameters: dict[str, str], headers: dict[str, str], status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(url_of(loki, "/loki/api/v1/tail", **parameters), additional_headers=headers)
    assert refused.value.response.status_code == status


def test_a_tail_without_a_websocket_is_told_what_to_do(loki: Loki) -> None:
    status, _, body = loki.send("GET", "/loki/api/v1/tail?query=%7B%7D")
    assert status == 426
    assert b"ws://" in body


def test_from_a_trace_to_its_logs(loki: Loki) -> None:
    query = f'{{service_name="shop"}} | trace_id="{trace_id(1).hex()}"'
    [stream] = loki.range(query)["data"]["result"]
    assert [value[1] for value in stream["values"]] == ["결제 실패: timeout"]


def test_tenants_see_their_own(loki: Loki) -> None:
    loki.store(logs(log_record("of b", time_ns=START_NS)), tenant="b")
    [stream] = loki.range("{}", {"X-Scope-OrgID": "b"})["data"]["result"]
    assert [value[1] for value in stream["values"]] == ["of b"]
    assert loki.get("/loki/api/v1/label/service_name/values", {"X-Scope-OrgID": "c"}, start=0, end=END_NS)["data"] == []


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"query": "{a=b}"}, "parse error at line 1, col 4"),
        ({"query": ""}, "parse error at line 1, col 1"),
        ({"query": "{}", "start": "soon"}, "start is no time"),
        ({"query": "{}", "start": 5, "end": 4}, "end timestamp must not be before"),
        ({"query": "{}", "step": "0"}, "step"),
        ({"query": "{}", "limit": "-1"}, "limit"),
        ({"query": "{}", "direction": "up"}, "direction"),
        ({"query": "rate({}[1m])", "step": "1ms"}, "11000 points"),
    ],
)
def test_errors_are_texts_with_status_400(loki: Loki, parameters: dict[str, Any], text: str) -> None:
    given = {"start": START_NS, "end": END_NS} | parameters
    status, kind, body = loki.send("GET", "/loki/api/v1/query_range?" + urlencode(given))
    assert (status, kind) == (400, "text/plain; charset=utf-8")
    assert text in body.decode()


def test_lines_at_one_moment_are_refused_as_loki_does(loki: Loki) -> None:
    status, _, body = loki.send("GET", "/loki/api/v1/query?" + urlencode({"query": "{}"}))
    assert status == 400
    assert b"log queries are not supported as an instant query type" in body
