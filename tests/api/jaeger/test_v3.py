"""`/api/v3` over HTTP: OTLP as it came, summaries, errors."""

import json
from urllib.parse import urlencode

import pytest

from otelier.telemetry import Batch
from otelier.testing import span, trace_id, traces
from otelier.testing.telemetry import START_NS

TIMES = {"query.startTimeMin": "2023-01-01T00:00:00Z", "query.startTimeMax": "2024-01-01T00:00:00Z"}
US = 1000


def search(path: str, **parameters: str) -> str:
    given = {f"query.{name}": value for name, value in parameters.items()}
    return f"/api/v3/{path}?{urlencode({**TIMES, **given})}"


def spans(answer) -> Batch:
    return Batch.from_json("traces", json.dumps(answer.json["result"]).encode())


def test_lists(backend):
    backend.store(traces(span("GET /"), span("tick", number=2, kind="UNSPECIFIED")))
    assert backend.ask("/api/v3/services").json == {"services": ["shop"]}
    assert backend.ask("/api/v3/operations?service=shop").json == {
        "operations": [{"name": "GET /", "spanKind": "server"}, {"name": "tick", "spanKind": "internal"}]
    }
    assert backend.ask("/api/v3/operations?service=shop&span_kind=SERVER").json == {
        "operations": [{"name": "GET /", "spanKind": "server"}]
    }


def test_a_trace_is_given_as_it_came(backend):
    sent = traces(
        span("GET /", attributes={"nested": {"list": [1, 2.5, "é", b"\0"]}, "big": 2**60}), span("b", number=2)
    )
    backend.store(sent)
    backend.store(traces(span("other", trace=2)))
    answer = backend.ask(f"/api/v3/traces/{trace_id(1).hex()}")
    assert spans(answer).digest() == sent.digest()
    assert answer.headers["content-type"] == "application/json"


def test_a_search_gives_all_spans_of_what_it_finds(backend):
    one, two = traces(span("GET /", trace=1), span("x", trace=1, number=2)), traces(span("GET /", trace=2))
    backend.store(one)
    backend.store(two)
    assert spans(backend.ask(search("traces", operationName="GET /"))).digest() == Batch.join([one, two]).digest()
    assert spans(backend.ask(search("traces", operationName="x"))).digest() == one.digest()


def test_summaries_tell_what_a_list_shows(backend):
    backend.store(
        traces(
            span("GET /", number=1, duration_ns=5000),
            span("SELECT", number=2, parent=1, kind="CLIENT", status="ERROR", start_ns=START_NS + 10, duration_ns=9000),
            span("lost", number=3, parent=77, start_ns=START_NS + 20, duration_ns=1),
        )
    )
    backend.store(traces(span("work", number=4, parent=2, start_ns=START_NS + 30), resource={"service.name": "db"}))
    [summary] = backend.ask(search("trace-summaries")).json["summaries"]
    assert summary == {
        "traceId": trace_id(1).hex(),
        "rootServiceName": "shop",
        "rootOperationName": "GET /",
        "minStartTimeUnixNano": str(START_NS),
        "maxEndTimeUnixNano": str(START_NS + 30 + 10**6),
        "spanCount": 4,
        "errorSpanCount": 1,
        "orphanSpanCount": 1,
        "services": [{"name": "db", "spanCount": 1}, {"name": "shop", "spanCount": 3, "errorSpanCount": 1}],
    }


def test_summaries_come_newest_first_as_many_as_wanted(backend):
    for number in range(5):
        backend.store(traces(span(trace=number, start_ns=START_NS + number)))
    found = backend.ask(search("trace-summaries", searchDepth="3")).json["summaries"]
    assert [each["traceId"] for each in found] == [trace_id(number).hex() for number in (4, 3, 2)]


def test_nothing_found_is_an_empty_list_of_summaries_and_a_404_of_traces(backend):
    assert backend.ask(search("trace-summaries", serviceName="x")).json == {"summaries": []}
    answer = backend.ask(search("traces", serviceName="x"))
    assert (answer.status, answer.json) == (404, {"error": {"httpCode": 404, "message": "No traces found"}})


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/api/v3/traces", 400, "query.startTimeMin and query.startTimeMax are required"),
        ("/api/v3/trace-summaries", 400, "query.startTimeMin and query.startTimeMax are required"),
        (search("trace-summaries", searchDepth="0"), 400, "query.searchDepth must be between 1 and 10000"),
        (search("trace-summaries", searchDepth="10001"), 400, "query.searchDepth must be between 1 and 10000"),
        (
            search("traces", rawTraces="x"),
            400,
            'malformed parameter query.rawTraces: strconv.ParseBool: parsing "x": invalid syntax',
        ),
        (
            "/api/v3/traces/ff?raw_traces=x",
            400,
            'malformed parameter rawTraces: strconv.ParseBool: parsing "x": invalid syntax',
        ),
        ("/api/v3/traces/ff", 404, "trace not found"),
        ("/api/v3/traces/xyz", 400, "malformed parameter trace_id: invalid length for TraceID"),
        ("/api/v3/operations", 400, "malformed parameter service: it is required"),
    ],
)
def test_errors_have_v3s_form(backend, path: str, status: int, message: str):
    answer = backend.ask(path)
    assert (answer.status, answer.json) == (status, {"error": {"httpCode": status, "message": message}})
    assert answer.headers["content-type"] == "application/json"
