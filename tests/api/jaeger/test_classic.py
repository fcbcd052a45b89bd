"""Jaeger's classic API over HTTP: envelopes, statuses, texts and content types that its clients rely on."""

import json
from urllib.parse import quote, urlencode

import pytest

from otelier.testing import span, trace_id, traces
from otelier.testing.telemetry import START_NS

US = 1000
AROUND = {"start": str(START_NS // US - 10**6), "end": str(START_NS // US + 10**8)}
"""The time of all test spans."""


def search(**parameters: str) -> str:
    return f"/api/traces?{urlencode({**AROUND, **parameters})}"


def failed(code: int, message: str) -> dict:
    return {"data": None, "total": 0, "limit": 0, "offset": 0, "errors": [{"msg": message, "code": code}]}


@pytest.fixture
def shop(backend):
    """Three traces of one service, each a second after the other, and one of another service."""
    for number in (1, 2, 3):
        start = START_NS + number * 10**9
        backend.store(
            traces(
                span("GET /", trace=number, number=1, start_ns=start),
                span("SELECT", trace=number, number=2, parent=1, kind="CLIENT", status="ERROR", start_ns=start + 10),
            )
        )
    backend.store(traces(span("other", trace=9, start_ns=START_NS), resource={"service.name": "a/b c"}))
    return backend


def test_lists_come_with_their_length(shop):
    assert shop.ask("/api/services").json == {
        "data": ["a/b c", "shop"],
        "total": 2,
        "limit": 0,
        "offset": 0,
        "errors": None,
    }
    assert shop.ask("/api/services/shop/operations").json["data"] == ["GET /", "SELECT"]
    assert shop.ask(f"/api/services/{quote('a/b c', safe='')}/operations").json["data"] == ["other"]
    operations = shop.ask("/api/operations?service=shop").json
    assert operations["data"] == [
        {"name": "GET /", "spanKind": "server"},
        {"name": "SELECT", "spanKind": "client"},
    ]
    assert operations["total"] == 2
    assert shop.ask("/api/operations?service=shop&spanKind=client").json["data"] == [
        {"name": "SELECT", "spanKind": "client"}
    ]


def test_an_empty_store_has_empty_lists_never_null(backend):
    for path in ("/api/services", "/api/services/x/operations", "/api/operations?service=x", search(service="x")):
        answer = backend.ask(path)
        assert (answer.status, answer.json["data"], answer.json["errors"]) == (200, [], None)
        assert answer.headers["content-type"] == "application/json"


def test_a_search_gives_the_newest_traces_first_and_whole(shop):
    answer = shop.ask(search(service="shop", tags='{"error":"true"}', limit="2"))
    assert [trace["traceID"] for trace in answer.json["data"]] == [trace_id(3).hex(), trace_id(2).hex()]
    assert [len(trace["spans"]) for trace in answer.json["data"]] == [2, 2]


def test_one_span_must_fulfil_all(shop):
    assert len(shop.ask(search(service="shop", operation="SELECT", tag="error:true")).json["data"]) == 3
    assert shop.ask(search(service="shop", operation="GET /", tag="error:true")).json["data"] == []


def test_a_trace_by_its_id(shop):
    [trace] = shop.ask(f"/api/traces/{trace_id(1).hex()}").json["data"]
    root, child = trace["spans"]
    assert (root["operationName"], root["references"]) == ("GET /", [])
    assert child["references"] == [{"refType": "CHILD_OF", "traceID": trace_id(1).hex(), "spanID": root["spanID"]}]


def test_several_traces_by_id_and_those_that_are_not_there(shop):
    unknown = "0" * 30 + "ff"
    pairs = urlencode([("traceID", trace_id(1).hex()), ("traceID", unknown), ("traceID", trace_id(2).hex())])
    answer = shop.ask(f"/api/traces?{pairs}")
    assert answer.status == 200
    assert [trace["traceID"] for trace in answer.json["data"]] == [trace_id(1).hex(), trace_id(2).hex()]
    assert answer.json["errors"] == [{"msg": "trace not found", "traceID": "00000000000000ff"}]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/api/traces/ff", 404, "trace not found"),
        ("GET", "/api/traces/xyz", 400, "invalid length for TraceID"),
        (
            "GET",
            "/api/traces/ff?raw=zz",
            400,
            "unable to parse param 'raw': strconv.ParseBool: parsing \"zz\": invalid syntax",
        ),
        ("GET", "/api/traces", 400, "parameter 'service' is required"),
        ("GET", "/api/traces?service=x&limit=0", 500, "search depth must be greater than 0 and less than max traces"),
        ("GET", "/api/operations", 400, "parameter 'service' is required"),
        (
            "GET",
            "/api/operations?service=x&spanKind=zz",
            400,
            "unable to parse param 'spanKind': unsupported span kind: 'zz'",
        ),
        ("POST", "/api/archive/ff", 500, "archive span storage was not configured"),
        ("POST", "/api/archive/xyz", 400, "invalid length for TraceID"),
        (
            "GET",
            "/api/metrics/calls?service=x",
            501,
            "trace metrics are currently disabled - no metrics backend configured",
        ),
        ("GET", "/api/dependencies", 501, "this version of Otelier does not compute dependencies between services yet"),
    ],
)
def test_errors_have_jaegers_envelope_status_and_type(backend, method: str, path: str, status: int, message: str):
    answer = backend.ask(path, method)
    assert (answer.status, answer.json) == (status, failed(status, message))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.endswith(b"}\n")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/x", "/api/traces/", "/api/traces/ff/x", "/api/v3/x"])
def test_unknown_routes_of_the_api_are_plain_text_never_a_page(backend, path: str):
    answer = backend.ask(path)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")


def test_pretty_print_indents_by_four(backend):
    assert backend.ask("/api/services?prettyPrint=true").body.startswith(b'{\n    "data": [],\n    "total": 0,')
    assert backend.ask("/api/traces/xyz?prettyPrint=true").body.startswith(b'{\n    "data": null,')


def test_transform_shows_otlp_json_as_traces(backend):
    batch = traces(span("GET /", trace=7))
    answer = backend.ask("/api/transform", "POST", batch.to_json())
    assert [trace["traceID"] for trace in answer.json["data"]] == [trace_id(7).hex()]
    bad = backend.ask("/api/transform", "POST", b"{")
    assert bad.status == 400
    assert bad.json["errors"][0]["msg"].startswith("cannot unmarshal OTLP")


def test_each_tenant_sees_its_own(backend):
    backend.store(traces(span("mine")), "team-a")
    backend.store(traces(span("theirs"), resource={"service.name": "other"}), "team-b")
    assert backend.ask("/api/services", X_Scope_OrgID="team-a").json["data"] == ["shop"]
    assert backend.ask("/api/services", X_Scope_OrgID="team-b").json["data"] == ["other"]
    assert backend.ask("/api/services").json["data"] == []
    path = f"/api/traces/{trace_id(1).hex()}"
    names = {
        tenant: backend.ask(path, X_Scope_OrgID=tenant).json["data"][0]["spans"][0]["operationName"]
        for tenant in ("team-a", "team-b")
    }
    assert names == {"team-a": "mine", "team-b": "theirs"}
    assert backend.ask(path).status == 404


@pytest.mark.parametrize("name", ["../x", "a b", "x" * 64, "tenant/1"])
def test_a_name_that_can_be_no_tenant_is_a_400_on_every_route(backend, name: str):
    for path in (
        "/api/services",
        "/api/traces/ff",
        search(service="x"),
        "/api/v3/services",
        "/api/otelier/v1/traces/ff/logs",
    ):
        answer = backend.ask(path, X_Scope_OrgID=name)
        assert answer.status == 400
        assert "X-Scope-OrgID" in json.dumps(answer.json)


def test_times_and_lengths_beyond_what_can_be_are_no_error(shop):
    assert len(shop.ask(f"/api/traces?service=shop&start=-5&end={2**63 - 1}").json["data"]) == 3
    assert shop.ask(search(service="shop", minDuration="2562047h")).json["data"] == []
    assert shop.ask(f"/api/traces?service=shop&start={2**62}").json["data"] == []


def test_hostile_texts_are_searched_for_like_any_other(shop):
    for text in ("'; DROP TABLE spans", "\x00", "%", "*", "a" * 5000, "\ud7ff", '"}'):
        answer = shop.ask(search(service=text, operation=text, tags=json.dumps({text: text})))
        assert (answer.status, answer.json["data"]) == (200, [])
        assert shop.ask(f"/api/services/{quote(text, safe='')}/operations").json["data"] == []
