"""The requests that Grafana's Tempo data source and Traces Drilldown make, replayed; never run against a live Grafana.

Answers are read as they read them: search as JSON with times as texts, metrics by protobuf's JSON rules and strictly,
traces and streams as protobuf.
"""

import json
from urllib.parse import quote

import grpc
import pytest
from google.protobuf import json_format

from otelier.testing import span, span_id, trace_id, traces
from otelier.testing.telemetry import START_NS
from otelier.testing.tempo import TEMPO_MESSAGES

START_S = START_NS // 10**9
AROUND = {"start": START_S - 60, "end": START_S + 60}
HALF_HOUR = {"start": START_S - 1800, "end": START_S + 1800}
"""Grafana widens the range of the panel for a trace by its id."""
MS = 10**6


@pytest.fixture(autouse=True)
def shop(tempo) -> None:
    """Three traces a second apart: a request to `frontend` that calls `cart`; the third fails."""
    for number in (1, 2, 3):
        start = START_NS + number * 10**9
        failed = "ERROR" if number == 3 else "UNSET"
        tempo.store(
            traces(
                span(
                    "GET /cart",
                    trace=number,
                    number=1,
                    start_ns=start,
                    duration_ns=number * 100 * MS,
                    status=failed,
                    attributes={"http.status_code": 500 if number == 3 else 200, "http.method": "GET"},
                ),
                resource={"service.name": "frontend", "k8s.cluster": "a"},
            )
        )
        tempo.store(
            traces(
                span(
                    "load", trace=number, number=2, parent=1, start_ns=start + MS, duration_ns=5 * MS, kind="INTERNAL"
                ),
                resource={"service.name": "cart"},
            )
        )


def search(tempo, q: str, **parameters):
    answer = tempo.get(
        "/api/search", {"q": q, "limit": 20, "spss": 3, **AROUND, **parameters}, Accept="application/json"
    )
    assert answer.status == 200, answer.body
    return answer.json


def test_save_and_test(tempo):
    assert tempo.get("/api/echo").body == b"echo"


def test_trace_view(tempo):
    found = tempo.read("TraceByIDResponse", f"/api/v2/traces/{trace_id(3).hex()}", HALF_HOUR)
    services = {each.resource.attributes[0].value.string_value for each in found.trace.resourceSpans}
    assert (services, found.status) == ({"frontend", "cart"}, 0)


def test_trace_view_of_an_unknown_id(tempo):
    assert tempo.read("TraceByIDResponse", f"/api/v2/traces/{trace_id(4).hex()}", HALF_HOUR).HasField("trace")
    assert tempo.get(f"/api/traces/{trace_id(4).hex()}", HALF_HOUR, Accept="application/protobuf").status == 404


def test_trace_view_of_what_a_filter_finds(tempo):
    def names(**parameters):
        found = tempo.read("TraceByIDResponse", f"/api/v2/traces/{trace_id(3).hex()}", parameters)
        spans = [
            each.name
            for resource in found.trace.resourceSpans
            for scope in resource.scope_spans
            for each in scope.spans
        ]
        return sorted(spans), found.status

    assert names(q='{ resource.service.name = "cart" }') == (["load"], 1)
    assert names(q='{ resource.service.name = "cart" }', keep_hierarchy="true") == (["GET /cart", "load"], 1)
    assert names(q='{ name = "nothing" }') == ([], 1)
    answer = tempo.get(f"/api/v2/traces/{trace_id(3).hex()}", {"q": "{ status: error }"})
    assert (answer.status, b"line 1, col" in answer.body) == (400, True)


def test_search_builder(tempo):
    found = search(tempo, '{resource.service.name="frontend" && span.http.status_code>=500}')
    [trace] = found["traces"]
    assert trace["traceID"] == trace_id(3).hex().lstrip("0")
    assert (trace["rootServiceName"], trace["rootTraceName"]) == ("frontend", "GET /cart")
    assert trace["startTimeUnixNano"] == str(START_NS + 3 * 10**9)
    assert trace["durationMs"] == 300
    assert trace["spanSet"] == trace["spanSets"][0]
    [spanset] = trace["spanSets"]
    assert spanset["matched"] == 1
    [shown] = spanset["spans"]
    assert shown["spanID"] == span_id(1).hex()
    assert (shown["startTimeUnixNano"], shown["durationNanos"]) == (trace["startTimeUnixNano"], str(300 * MS))
    assert {"key": "http.status_code", "value": {"intValue": "500"}} in shown["attributes"]
    assert {"key": "service.name", "value": {"stringValue": "frontend"}} in shown["attributes"]
    assert trace["serviceStats"] == {"frontend": {"spanCount": 1, "errorCount": 1}, "cart": {"spanCount": 1}}
    json_format.Parse(json.dumps(found), TEMPO_MESSAGES["SearchResponse"]())


def test_search_limits(tempo):
    assert [each["traceID"] for each in search(tempo, "{}", limit=2)["traces"]] == [
        trace_id(number).hex().lstrip("0") for number in (3, 2)
    ]
    [first, *_] = search(tempo, "{}", spss=1)["traces"]
    assert (first["spanSets"][0]["matched"], len(first["spanSets"][0]["spans"])) == (2, 1)


def test_search_before_anything_is_typed(tempo):
    assert len(search(tempo, "{}")["traces"]) == 3


def test_search_of_what_is_not_there(tempo):
    assert search(tempo, '{resource.service.name="nobody"}').get("traces", []) == []


def test_search_of_a_wrong_query_shows_its_error(tempo):
    answer = tempo.get("/api/search", {"q": "{ status: error }", **AROUND})
    assert answer.status == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body.startswith(b"invalid TraceQL query: ")


def test_search_in_the_older_form(tempo):
    answer = tempo.get("/api/search", {"tags": "service.name=front http.status_code=500", "limit": 20, **AROUND})
    assert [each["traceID"] for each in answer.json["traces"]] == [trace_id(3).hex().lstrip("0")]
    assert "spanSets" not in answer.json["traces"][0]
    answer = tempo.get("/api/search", {"minDuration": "150ms", "maxDuration": "250ms", **AROUND})
    assert [each["traceID"] for each in answer.json["traces"]] == [trace_id(2).hex().lstrip("0")]


def test_drop_down_of_tags(tempo):
    scopes = {
        each["name"]: each["tags"]
        for each in tempo.get("/api/v2/search/tags", {"limit": 5000, **AROUND}).json["scopes"]
    }
    assert scopes["resource"] == ["k8s.cluster", "service.name"]
    assert scopes["span"] == ["http.method", "http.status_code"]
    assert {"status", "kind", "name", "duration", "traceDuration", "rootServiceName"} <= set(scopes["intrinsic"])


def values(tempo, name: str, **parameters):
    """Names are encoded twice on their way."""
    path = f"/api/v2/search/tag/{quote(quote(name, safe=''), safe='')}/values"
    found = tempo.get(path, {"limit": 5000, **parameters}).json["tagValues"]
    return [(each["type"], each["value"]) for each in found]


def test_drop_down_of_values(tempo):
    assert values(tempo, "resource.service.name") == [("string", "cart"), ("string", "frontend")]
    assert values(tempo, "span.http.status_code") == [("int", "200"), ("int", "500")]
    assert values(tempo, "status") == [("keyword", "error"), ("keyword", "ok"), ("keyword", "unset")]
    assert ("keyword", "server") in values(tempo, "kind")
    assert values(tempo, "name") == [("string", "GET /cart"), ("string", "load")]


def test_drop_down_of_values_of_what_was_typed_so_far(tempo):
    assert values(tempo, "resource.service.name", q='{span.http.method="GET"}') == [("string", "frontend")]
    assert values(tempo, "span.http.status_code", q="{status=error}") == [("int", "500")]
    half = '{resource.service.name="cart" && span.http.method=}'
    assert values(tempo, "name", q=half) == [("string", "load")]
    for unreadable in ("{", "{ a = ", "nonsense"):
        assert len(values(tempo, "resource.service.name", q=unreadable)) == 2


def metrics(tempo, message: str, path: str, q: str, **parameters):
    answer = tempo.get(path, {"q": q, **AROUND, **parameters}, Accept="application/json")
    assert answer.status == 200, answer.body
    return json_format.Parse(answer.body, TEMPO_MESSAGES[message]())


def labels(series) -> dict[str, str]:
    return {each.key: each.value.string_value for each in series.labels}


def test_metrics_panel(tempo):
    q = "{ } | count_over_time() by (resource.service.name)"
    found = metrics(tempo, "QueryRangeResponse", "/api/metrics/query_range", q, step="30s", exemplars=10)
    totals = {labels(each)["resource.service.name"]: sum(s.value for s in each.samples) for each in found.series}
    assert totals == {"frontend": 3, "cart": 3}
    for series in found.series:
        times = [each.timestamp_ms for each in series.samples]
        assert all(time % 30_000 == 0 for time in times)
        assert times == list(range(times[0], times[-1] + 1, 30_000))


def test_metrics_panel_without_a_step(tempo):
    found = metrics(tempo, "QueryRangeResponse", "/api/metrics/query_range", "{ } | rate()")
    [series] = found.series
    assert labels(series) == {"__name__": "rate"}
    assert sum(each.value for each in series.samples) == pytest.approx(6)


def test_metrics_as_one_value(tempo):
    q = "{ status = error } | count_over_time() by (resource.service.name)"
    found = metrics(tempo, "QueryInstantResponse", "/api/metrics/query", q)
    assert [(labels(each), each.value) for each in found.series] == [({"resource.service.name": "frontend"}, 1)]


@pytest.mark.parametrize("path", ["/api/metrics/query_range", "/api/metrics/query"])
@pytest.mark.parametrize("q", ["{ } | rate(", "{ }", ""])
def test_metrics_of_a_wrong_query_shows_its_error(tempo, path, q):
    answer = tempo.get(path, {"q": q, **AROUND})
    assert (answer.status, bool(answer.body)) == (400, True)


def test_streamed_search(tempo):
    found = tempo.stream("Search", Query='{resource.service.name="frontend"}', Limit=2, SpansPerSpanSet=3, **AROUND)
    assert [each.traceID for part in found for each in part.traces] == [
        trace_id(number).hex().lstrip("0") for number in (3, 2)
    ]
    assert found[-1].metrics.completedJobs == found[-1].metrics.totalJobs > 0


def test_streamed_search_in_the_older_form(tempo):
    [found] = tempo.stream("Search", Tags={"service.name": "front"}, MinDurationMs=250, Limit=20, **AROUND)
    assert len(found.traces) == 1


def test_streamed_search_of_a_wrong_query_shows_its_error(tempo):
    with pytest.raises(grpc.RpcError) as raised:
        tempo.stream("Search", Query="{ status: error }")
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert raised.value.details().startswith("invalid TraceQL query: ")


def test_streamed_metrics(tempo):
    window = {"start": AROUND["start"] * 10**9, "end": AROUND["end"] * 10**9}
    q = "{ } | count_over_time() by (resource.service.name)"
    [found] = tempo.stream("MetricsQueryRange", query=q, step=30 * 10**9, **window)
    assert {labels(each)["resource.service.name"]: sum(s.value for s in each.samples) for each in found.series} == {
        "frontend": 3,
        "cart": 3,
    }
    [found] = tempo.stream("MetricsQueryInstant", query=q, **window)
    assert sorted(each.value for each in found.series) == [3, 3]


@pytest.mark.parametrize("path", ["/api/metrics/query_range", "/api/metrics/query"])
def test_metrics_of_all_time_and_beyond(tempo, path):
    all_time = {"start": "0001-01-01T00:00:00Z", "end": "9999-12-31T23:59:59Z"}
    for window in (all_time, {"start": 1, "end": 2**70}, {"start": 2**70, "end": 2**71}, {"start": 5, "step": 2**70}):
        answer = tempo.get(path, {"q": "{ } | rate()", **window})
        assert answer.status in (200, 400), window
    [found] = tempo.stream("MetricsQueryInstant", query="{ } | count_over_time()", start=1, end=2**64 - 1)
    assert [each.value for each in found.series] == [6]
    with pytest.raises(grpc.RpcError) as raised:
        tempo.stream("MetricsQueryRange", query="{ } | rate()", start=1, end=2, step=2**64 - 1)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_streamed_tags_and_values(tempo):
    [found] = tempo.stream("SearchTags", scope="span")
    assert list(found.tagNames) == ["http.method", "http.status_code"]
    [found] = tempo.stream("SearchTagsV2", **AROUND)
    assert {each.name for each in found.scopes} == {"resource", "span", "intrinsic"}
    [found] = tempo.stream("SearchTagValues", tagName="service.name")
    assert list(found.tagValues) == ["cart", "frontend"]
    [found] = tempo.stream("SearchTagValuesV2", tagName="name", query="{ status = error }")
    assert [(each.type, each.value) for each in found.tagValues] == [("string", "GET /cart")]


def test_tenants_of_streams(tempo):
    [found] = tempo.stream("Search", tenant="other", Query="{}")
    assert not found.traces
    assert not tempo.stream("SearchTags", tenant="other", scope="span")[0].tagNames
    with pytest.raises(grpc.RpcError) as raised:
        tempo.stream("Search", tenant="no/name", Query="{}")
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_compressed_request_of_a_stream(tempo):
    [found] = tempo.stream("Search", compression=grpc.Compression.Gzip, Query="{}", Limit=20)
    assert len(found.traces) == 3


DRILLDOWN_SEARCHES = [
    "{nestedSetParent<0 && true}",
    "{nestedSetParent<0 && true && status = error}",
    "{nestedSetParent<0 && true && duration > 10ms} | select(status, span.http.method)",
    "({nestedSetParent<0 && true  && status = error} &>> { status = error }) || "
    "({nestedSetParent<0 && true  && status = error}) "
    "| select(status, resource.service.name, name, nestedSetParent, nestedSetLeft, nestedSetRight)",
    "{nestedSetParent<0 && true && status = error} | select(resource.service.name, event.exception.message,"
    "event.exception.stacktrace,event.exception.type) with(most_recent=true)",
]
DRILLDOWN_METRICS = [
    "{nestedSetParent<0 && true} | rate()  with(sample=true)",
    "{nestedSetParent<0 && true && status=error} | rate()  with(sample=true)",
    "{nestedSetParent<0 && true} | histogram_over_time(duration) with(sample=true)",
    "{nestedSetParent<0 && true && resource.service.name != nil} | rate() by(resource.service.name)",
    "{nestedSetParent<0 && true && span.http.method != nil} | quantile_over_time(duration, 0.9) by(span.http.method)",
    "{nestedSetParent<0 && true} | compare({status = error}, 10)",
]


@pytest.mark.parametrize("q", DRILLDOWN_SEARCHES)
def test_lists_of_traces_drilldown(tempo, q):
    found = search(tempo, q, limit=200, spss=10)["traces"]
    assert all(each["rootServiceName"] == "frontend" for each in found)
    assert len(found) == (1 if "error" in q else 3)


@pytest.mark.parametrize("q", DRILLDOWN_METRICS)
def test_panels_of_traces_drilldown(tempo, q):
    found = metrics(tempo, "QueryRangeResponse", "/api/metrics/query_range", q, step="120s" if "compare" in q else "5s")
    assert found.series
    assert any(each.value for series in found.series for each in series.samples)
