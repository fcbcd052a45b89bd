"""Names that are like what somebody types: the requests of Grafana's builder, which reads lines of JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.api.prometheus.likeness import likeness


@pytest.fixture
def filled(prometheus):
    now_s = int(prometheus.now_s)
    for metric in ("http_requests_total", "http_request_duration_bucket", "grpc_http_total", "up", "Http"):
        prometheus.metrics.load(f'{metric}{{job="grafana",env="dev"}} 1', 1000, now_s * 1000)
    prometheus.metrics.load('old{job="old",instance="i"} 1', 1000, (now_s - 7200) * 1000)
    prometheus.metrics.load('up{job="prod eu",env="prod"} 1', 1000, now_s * 1000)
    prometheus.metrics.describe("http_requests_total", "counter", "Requests.")
    return prometheus


def lines(answer):
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    return [json.loads(line) for line in answer.body.splitlines()]


def found(answer, key="name"):
    *batches, end = lines(answer)
    assert end["status"] == "success"
    return [each[key] for batch in batches for each in batch["results"]]


def grafana(filled, kind, term, **others):
    """As `packages/grafana-prometheus` asks."""
    given = {"limit": "100", "search[]": term, "sort_by": "score", "batch_size": "100", **others}
    return filled.get(f"search/{kind}", **given)


def test_metrics_are_found_by_some_of_their_letters_the_likest_first(filled):
    answer = grafana(filled, "metric_names", "httptotal", include_metadata="true")
    assert lines(answer) == [
        {
            "results": [
                {"name": "grpc_http_total"},
                {"name": "http_requests_total", "type": "counter", "help": "Requests.", "unit": ""},
            ]
        },
        {"status": "success", "has_more": False},
    ]
    assert found(grafana(filled, "metric_names", "http")) == [
        "http_request_duration_bucket",
        "http_requests_total",
        "grpc_http_total",
    ]
    assert found(grafana(filled, "metric_names", "HTTP", case_sensitive="false"))[0] == "Http"
    assert found(grafana(filled, "metric_names", "nothing")) == []


def test_labels_and_values_are_of_the_selectors_and_the_time(filled):
    assert found(filled.get("search/label_names")) == ["__name__", "env", "job"]
    assert found(filled.get("search/label_names", start=0)) == ["__name__", "env", "instance", "job"]
    assert found(grafana(filled, "label_names", "e", match="up")) == ["env", "__name__"]
    assert found(grafana(filled, "label_values", "deu", label="job"), "value") == ["prod eu"]
    assert found(filled.post("search/label_values", label="env", match='{job="grafana"}')) == ["dev"]
    assert found(filled.get("search/label_values", label="nothing")) == []


def test_results_come_in_batches_up_to_the_limit(filled):
    *batches, end = lines(filled.get("search/metric_names", limit=3, batch_size=2, sort_by="alpha", sort_dir="dsc"))
    assert [[each["name"] for each in batch["results"]] for batch in batches] == [
        ["up", "http_requests_total"],
        ["http_request_duration_bucket"],
    ]
    assert end == {"status": "success", "has_more": True}
    scored = lines(grafana(filled, "metric_names", "up", include_score="true"))
    assert scored[0]["results"][0] == {"name": "up", "score": 1.0}
    assert found(grafana(filled, "metric_names", "hq", fuzz_threshold="60")) == []
    filled.metrics.warnings = ("some series are folded",)
    first, end = lines(filled.get("search/metric_names"))
    assert first["warnings"] == ["some series are folded"]
    assert end == {"status": "success", "has_more": False}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"sort_by": "size"}, 'invalid sort_by "size"'),
        ({"sort_by": "score"}, "sort_by=score requires search[]"),
        ({"sort_dir": "asc"}, "sort_dir is only valid when sort_by is set"),
        ({"search[]": "a", "sort_by": "score", "sort_dir": "asc"}, "not supported for sort_by=score"),
        ({"sort_by": "alpha", "sort_dir": "up"}, 'invalid sort_dir "up"'),
        ({"fuzz_threshold": "101"}, 'invalid fuzz_threshold "101"'),
        ({"fuzz_alg": "jarowinkler"}, 'unsupported fuzz_alg "jarowinkler"'),
        ({"limit": "-1"}, 'invalid limit "-1"'),
        ({"batch_size": "x"}, 'invalid batch_size "x"'),
        ({"case_sensitive": "no"}, 'invalid case_sensitive "no"'),
        ({"search_expr": "a AND b"}, "search_expr is not supported"),
        ({"search[]": "a" * 201}, "at most 32 terms of 200 characters"),
        ({"match": "{"}, "parse error"),
        ({"start": "x"}, "cannot parse"),
        ({}, 'missing required parameter "label"'),
    ],
)
def test_what_can_not_be_asked_is_told(prometheus, parameters, said):
    status, kind, error = prometheus.get("search/label_values", **parameters).error
    assert (status, kind) == (400, "bad_data")
    assert said in error


@pytest.mark.parametrize(
    ("letters", "text", "points"),
    [
        ("up", "up", 1),
        ("up", "up_total", 1),
        ("ab", "xaxb", (2 - 2 / 4) / 4),
        ("ab", "xabyy", (4 - 1 / 5 - 1 / 5) / 4),
        ("ab", "a_ab", (4 - 2 / 4) / 4),
        ("결제", "서울결제", (4 - 2 / 4) / 4),
        ("ba", "ab", 0),
        ("a", "", 0),
    ],
)
def test_likeness(letters, text, points):
    assert likeness(letters, text) == pytest.approx(points)


@given(st.text("ab", min_size=1, max_size=4), st.text("abc", max_size=12))
def test_what_has_the_letters_in_order_is_like_them_and_nothing_is_liker_than_its_beginning(letters, text):
    left = iter(text)
    there = all(letter in left for letter in letters)
    assert (likeness(letters, text) > 0) == there
    assert (likeness(letters, text) == 1) == text.startswith(letters)
    assert likeness(letters, text) <= 1
