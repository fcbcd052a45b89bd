"""Search beyond what Grafana asks: pages, limits, damaged stores, and what can't be."""

from pathlib import Path
from urllib.parse import unquote

import pytest

from otelier.storage.local.manifest import of_signal
from otelier.testing import span, trace_id, traces
from otelier.testing.telemetry import START_NS


def ids(answer) -> list[str]:
    return [each["traceID"] for each in answer.json["traces"]]


@pytest.fixture
def ten(tempo):
    for number in range(10):
        tempo.store(traces(span("GET /", trace=number, start_ns=START_NS + number * 10**9)))
    return tempo


def test_pages_follow_each_other_by_the_cursor_in_a_header(ten):
    found, cursor = list[str](), ""
    for _ in range(10):
        answer = ten.get("/api/search", {"q": "{ }", "limit": 4, "cursor": cursor})
        assert answer.status == 200
        found += ids(answer)
        cursor = unquote(answer.headers.get("otelier-cursor", ""))
        if not cursor:
            break
    assert found == [trace_id(number).hex().lstrip("0") for number in range(9, -1, -1)]


@pytest.mark.parametrize("cursor", ["-Inf", "NaN", "Infinity", "0", "AAAAAAAA", "AA AAA==", "é"])
def test_a_cursor_that_no_answer_gave_is_refused(ten, cursor):
    answer = ten.get("/api/search", {"q": "{ }", "cursor": cursor})
    assert (answer.status, b"cursor" in answer.body) == (400, True)


def test_a_search_without_a_query_is_about_all(ten):
    assert len(ids(ten.get("/api/search"))) == 10
    assert len(ids(ten.get("/api/search", {"limit": 3}))) == 3


def test_a_window_holds_all_of_its_last_second(ten):
    second = START_NS // 10**9 + 5
    found = ids(ten.get("/api/search", {"q": "{ }", "start": second, "end": second + 1}))
    assert found == [trace_id(number).hex().lstrip("0") for number in (6, 5)]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"q": "{ }", "tags": "a=b"}, "can't specify tags and q"),
        ({"limit": 0}, "invalid limit"),
        ({"limit": -1}, "invalid limit"),
        ({"limit": 10_001}, "invalid limit"),
        ({"spss": 101}, "invalid spss"),
        ({"start": 5, "end": 5}, "start must be before end"),
        ({"minDuration": "2s", "maxDuration": "1s"}, "invalid maxDuration"),
        ({"minDuration": "5"}, "invalid minDuration"),
        ({"tags": "a=b a=c"}, "tag a has been set twice"),
        ({"q": "{ } | rate()"}, "metrics"),
        ({"q": "{"}, "invalid TraceQL query: parse error at line 1, col 2"),
        ({"q": "{ 1 = true }"}, "invalid TraceQL query"),
        ({"q": "{ status: error }"}, "did you mean status = error"),
    ],
)
def test_what_can_not_be_asked_is_a_400_in_words(tempo, parameters, message):
    answer = tempo.get("/api/search", parameters)
    assert answer.status == 400
    assert message in answer.body.decode()


def test_all_spans_of_a_set_are_shown_for_a_zero(tempo):
    tempo.store(traces(*(span(f"span {number}", number=number) for number in range(30))))
    [trace] = tempo.get("/api/search", {"q": "{ }", "spss": 0}).json["traces"]
    assert len(trace["spanSets"][0]["spans"]) == 30
    [trace] = tempo.get("/api/search", {"q": "{ }"}).json["traces"]
    assert (len(trace["spanSets"][0]["spans"]), trace["spanSets"][0]["matched"]) == (3, 30)


def test_a_root_that_has_not_come_is_told(tempo):
    tempo.store(traces(span("child", number=2, parent=1)))
    [trace] = tempo.get("/api/search", {"q": "{ }"}).json["traces"]
    assert trace["rootServiceName"] == "<root span not yet received>"
    assert "rootTraceName" not in trace


def test_a_trace_that_may_miss_spans_says_so(tempo, backend, tmp_path: Path):
    tempo.store(traces(span(trace=1)))
    backend.engine.flush(everything=True)
    [first] = of_signal(backend.engine.state, "default", "traces")
    tempo.store(traces(span(trace=2)))
    backend.engine.flush(everything=True)
    file = tmp_path / first.path
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    tempo.get(f"/api/traces/{trace_id(1).hex()}")  # finds the damage
    answer = tempo.get(f"/api/v2/traces/{trace_id(2).hex()}").json
    assert answer["status"] == "PARTIAL"
    assert str(first.path) in answer["message"]
    read = tempo.read("TraceByIDResponse", f"/api/v2/traces/{trace_id(2).hex()}")
    assert (read.status, read.message) == (1, answer["message"])


def test_protobuf_is_given_to_who_asks_for_it(ten):
    read = ten.read("SearchResponse", "/api/search", {"q": "{ }", "limit": 2})
    assert len(read.traces) == 2
    read = ten.read("SearchTagsV2Response", "/api/v2/search/tags")
    assert [each.name for each in read.scopes] == ["resource", "intrinsic"]
    read = ten.read("SearchTagValuesV2Response", "/api/v2/search/tag/name/values")
    assert [(each.type, each.value) for each in read.tagValues] == [("string", "GET /")]
    window = {"start": START_NS // 10**9 - 5, "end": START_NS // 10**9 + 60}
    read = ten.read("QueryRangeResponse", "/api/metrics/query_range", {"q": "{ } | rate()", **window})
    assert sum(each.value for each in read.series[0].samples) == pytest.approx(10)
    read = ten.read("QueryInstantResponse", "/api/metrics/query", {"q": "{ } | count_over_time()", **window})
    assert read.series[0].value == 10
