"""Queries over HTTP: parameters, envelopes, codes and texts are those of Prometheus 3."""

from urllib.parse import quote

import pytest

TWO = ('up{job="a"} 1x100', 'up{job="b"} 0x100')


def load(prometheus, *lines, step_ms=15_000, start_ms=0):
    for line in lines or TWO:
        prometheus.metrics.load(line, step_ms, start_ms)


def test_a_vector_a_scalar_a_string_and_a_range(prometheus):
    load(prometheus)
    assert prometheus.get("query", query='up{job="a"}', time=60).data == {
        "resultType": "vector",
        "result": [{"metric": {"__name__": "up", "job": "a"}, "value": [60, "1"]}],
    }
    assert prometheus.get("query", query="-1 / 0", time=1.5).data == {"resultType": "scalar", "result": [1.5, "-Inf"]}
    assert prometheus.get("query", query='"x"', time=1).data == {"resultType": "string", "result": [1, "x"]}
    found = prometheus.get("query", query='up{job="b"}[30s]', time=60).data
    assert found["resultType"] == "matrix"
    assert found["result"][0]["values"] == [[45, "0"], [60, "0"]]
    assert prometheus.get("query", query="nothing", time=60).data == {"resultType": "vector", "result": []}


def test_now_is_the_default_time(prometheus):
    assert prometheus.get("query", query="time()").data["result"] == [prometheus.now_s, f"{prometheus.now_s:.0f}"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_range_has_values_at_its_steps(prometheus, method):
    load(prometheus)
    found = getattr(prometheus, method)("query_range", query="up", start=0.0, end="1970-01-01T00:01:00Z", step="30s")
    assert found.data["resultType"] == "matrix"
    assert found.data["result"][1] == {
        "metric": {"__name__": "up", "job": "b"},
        "values": [[0, "0"], [30, "0"], [60, "0"]],
    }


def test_a_form_comes_before_the_url(prometheus):
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = prometheus.ask("POST", "/api/v1/query?query=2&time=7", b"query=1", form)
    assert answer.data["result"] == [7, "1"]


WRONG = """
query?query=sum(                              invalid parameter "query": 1:5: parse error:
query                                         invalid parameter "query": 1:1: parse error: no expression found in input
query?query=1&time=x                          invalid parameter "time": invalid time value for 'time': cannot parse "x"
query?query=1&timeout=x                       invalid parameter "timeout": cannot parse "x" to a valid duration
query?query=1&timeout=99999999999999999999y   invalid parameter "timeout": cannot parse "99999999999999999999y"
query?query=1&timeout=0                       invalid parameter "query": context deadline exceeded
query?query=1&limit=-1                        invalid parameter "limit": limit must be non-negative
query?query=1&limit=x                         invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax
query?query=1&lookback_delta=x                error parsing lookback delta duration: cannot parse "x" to a valid
query?query=1&lookback_delta=100000000000000000000y  error parsing lookback delta duration: cannot parse "1000
query_range?query=1                           invalid parameter "start": cannot parse "" to a valid timestamp
query_range?query=1&start=1&end=x             invalid parameter "end": cannot parse "x" to a valid timestamp
query_range?query=1&start=1&end=0             invalid parameter "end": end timestamp must not be before start time
query_range?query=1&start=0&end=1             invalid parameter "step": cannot parse "" to a valid duration
query_range?query=1&start=0&end=1&step=0      invalid parameter "step": zero or negative query resolution step widths
query_range?query=1&start=0&end=11001&step=1  exceeded maximum resolution of 11,000 points per timeseries. Try
query_range?query=a[1m]&start=0&end=1&step=1  invalid parameter "query": invalid expression type "range vector"
format_query?query=(                          invalid parameter "query": 1:2: parse error:
parse_query?query=(                           invalid parameter "query": 1:2: parse error:
series?match[]=up&start=x                     invalid parameter "start": invalid time value for 'start': cannot
series                                        no match[] parameter provided
series?match[]={a=""}                         invalid parameter "match[]": match[] must contain at least one non-empty
series?match[]=sum(up)                        invalid parameter "match[]": 1:4: parse error:
labels?match[]={                              1:2: parse error:
label/a/values?limit=-2                       invalid parameter "limit": limit must be non-negative
metadata?limit=x                              limit must be a number
metadata?limit_per_metric=x                   limit_per_metric must be a number
query_exemplars?query=up&start=2&end=1        end timestamp must not be before start timestamp
query_exemplars?query=                        1:1: parse error: no expression found in input
status/tsdb?limit=0                           limit must be a positive number
status/tsdb?limit=20000                       limit must not exceed 10000
rules?type=x                                  invalid parameter "type": not supported value "x"
rules?exclude_alerts=x                        invalid parameter "exclude_alerts": error converting exclude_alerts:
rules?group_next_token=x                      invalid parameter "group_next_token": group_limit needs to be present
rules?group_limit=0                           invalid parameter "group_limit": group_limit needs to be greater than 0
rules?group_limit=x                           invalid parameter "group_limit": group_limit needs to be a valid number:
rules?group_limit=1&group_next_token=x        invalid parameter "group_next_token": invalid group_next_token 'x'. were
"""


@pytest.mark.parametrize("line", WRONG.strip().splitlines(), ids=lambda line: line.split()[0])
def test_what_is_wrong_with_a_request_is_told(prometheus, line):
    path, error = line.split(maxsplit=1)
    status, kind, text = prometheus.ask("GET", f"/api/v1/{quote(path, safe='/?&=[]')}").error
    assert (status, kind) == (400, "bad_data")
    assert text.startswith(error)


def test_as_many_points_as_are_allowed_are_answered(prometheus):
    found = prometheus.get("query_range", query="1", start=0, end=11_000, step=1).data["result"]
    assert len(found[0]["values"]) == 11_001


def test_what_has_no_answer_is_an_execution_error(prometheus):
    load(prometheus)
    answer = prometheus.get("query", query="label_replace(up, 'job', 'x', '', '')", time=60)
    assert answer.error == (422, "execution", "vector cannot contain metrics with the same labelset")


def test_a_request_s_own_time_limit_ends_it(prometheus):
    load(prometheus)
    ticks = iter(range(1000))
    prometheus.clock.monotonic = lambda: float(next(ticks))
    assert prometheus.get("query", query="up", time=60, timeout="0.5").error == (
        422, "execution", "context deadline exceeded",
    )  # fmt: skip
    assert prometheus.get("query", query="up", timeout="1h", time=60).data["result"]


def test_lookback_can_be_shorter(prometheus):
    load(prometheus, "up 1")
    assert prometheus.get("query", query="up", time=60).data["result"]
    assert not prometheus.get("query", query="up", time=60, lookback_delta="1m").data["result"]


def test_series_over_the_limit_are_left_out_with_a_warning(prometheus):
    load(prometheus)
    for path, given in (("query", {"time": 60}), ("query_range", {"start": 0, "end": 60, "step": 15})):
        answer = prometheus.get(path, query="up", limit=1, **given)
        assert len(answer.data["result"]) == 1
        assert answer.json["warnings"] == ["results truncated due to limit"]
        assert "warnings" not in prometheus.get(path, query="up", limit=2, **given).json
    assert len(prometheus.get("query", query="up[1m]", limit=1, time=60).data["result"]) == 1


def test_annotations_have_positions_and_levels(prometheus):
    load(prometheus)
    prometheus.metrics.warnings = ("series over the limit were folded",)
    found = prometheus.get("query", query="sum(rate(up[1m]))", time=60).json
    assert found["infos"] == [
        'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up" (1:10)'
    ]
    assert found["warnings"] == ["series over the limit were folded"]


def test_no_more_than_ten_annotations_are_told(prometheus):
    query = " or ".join(f"rate(m{number}[1m])" for number in range(12))
    load(prometheus, *(f"m{number} 1x9" for number in range(12)))
    infos = prometheus.get("query", query=query, time=60).json["infos"]
    assert len(infos) == 11
    assert infos[-1] == "2 more info annotations omitted"


def test_statistics_are_told_to_who_asks(prometheus):
    load(prometheus)
    found = prometheus.get("query", query="up[1m]", time=60, stats="all").data["stats"]
    assert found["samples"]["totalQueryableSamples"] == 8
    assert "evalTotalTime" in found["timings"]
    assert "stats" not in prometheus.get("query", query="up", time=60).data
    odd = prometheus.get("query", query="up", time=60, stats="1").json
    assert odd["data"]["stats"]
    assert odd["warnings"][0].startswith('value "1" for parameter "stats" is deprecated')


def test_tenants_see_their_own(prometheus):
    load(prometheus)
    prometheus.metrics.load('up{job="z"} 1', 1000, tenant="other")
    other = {"X-Scope-OrgID": "other"}
    assert [each["metric"]["job"] for each in prometheus.get("query", other, query="up", time=1).data["result"]] == [
        "z"
    ]
    assert prometheus.get("labels", other).data == ["__name__", "job"]
    assert prometheus.get("query", {"X-Scope-OrgID": "../x"}, query="up").status == 400


def test_a_query_is_formatted_over_lines_of_a_hundred(prometheus):
    assert prometheus.get("format_query", query="sum(  rate(x[5m]))by(job)").data == "sum by (job) (rate(x[5m]))"
    long = 'sum(rate(http_requests_total{job="api-server",instance=~"a.+"}[5m] offset 1h)) by (job, instance, path) / 2'
    assert prometheus.post("format_query", query=long).data == (
        "  sum by (job, instance, path) (\n"
        '    rate(http_requests_total{instance=~"a.+",job="api-server"}[5m] offset 1h)\n'
        "  )\n/\n  2"
    )


def test_a_query_is_told_as_a_tree(prometheus):
    found = prometheus.get("parse_query", query="-topk by (a) (2, x offset -1m) > bool on (b) group_left y[5m:]").error
    assert found[0] == 400
    found = prometheus.get("parse_query", query="topk by (a) (2, x offset -1m) > bool on (b) group_left y @ 3").data
    assert (found["type"], found["op"], found["bool"]) == ("binaryExpr", ">", True)
    assert found["matching"] == {
        "card": "many-to-one", "labels": ["b"], "on": True, "include": [], "fillValues": {"lhs": None, "rhs": None},
    }  # fmt: skip
    left = found["lhs"]
    assert (left["type"], left["op"], left["grouping"], left["without"]) == ("aggregation", "topk", ["a"], False)
    assert left["param"] == {"type": "numberLiteral", "val": "2"}
    assert left["expr"]["offset"] == -60_000
    assert found["rhs"]["timestamp"] == 3000
    call = prometheus.get("parse_query", query='label_join(up, "a", ",", "b")').data
    assert call["func"] == {
        "name": "label_join", "argTypes": ["vector", "string", "string", "string"], "variadic": -1,
        "returnType": "vector",
    }  # fmt: skip


def test_a_query_is_explained_without_being_run(prometheus):
    load(prometheus)
    found = prometheus.get("explain_query", query="sum(rate(up[1m]))", start=60, end=120, step=15).data
    assert (found["series"], found["samples"]) == (2, 16)
    assert [each["text"] for each in found["plan"]] == ["sum", "rate()", "up[1m]"]


def test_answers_are_compressed_for_others_than_this_machine(prometheus):
    load(prometheus, *(f'up{{job="{number}"}} 1' for number in range(200)))
    far = {"accept-encoding": "gzip", "host": "metrics"}
    assert prometheus.get("query", far, query="up", time=1).headers["content-encoding"] == "gzip"


def test_unknown_paths_are_not_found(prometheus):
    answer = prometheus.get("nothing")
    assert (answer.status, answer.body) == (404, b"404 page not found\n")
