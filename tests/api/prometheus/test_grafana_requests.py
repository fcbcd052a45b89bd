"""The requests that Grafana's Prometheus data source makes, and what it reads of the answers.

Grafana itself can't be run here. These are contract tests: methods, paths, parameters and headers as its data source
sends them (save & test, variables, metric browser, panels, exemplars), and all queries of the shipped dashboards.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Prometheus

STEP_MS = 15_000
START_S = 1_700_000_000
SHARED = Path(os.environ.get("OTELIER_SHARED", "/nowhere")) / "conformance" / "dashboards"
FORM = {"accept": "application/json", "x-datasource-uid": "P1", "user-agent": "Grafana/12.0.0"}
BUILT_IN = {"__rate_interval": "1m", "__range": "1h", "__interval": "15s", "__interval_ms": "15000"}
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+)|__(\w+))")


@pytest.fixture
def grafana() -> Iterator[Prometheus]:
    server = Prometheus()
    for service in ("cart", "checkout"):
        labels = f'service_name="{service}",job="demo/{service}"'
        load = server.metrics.load
        load(f"traces_span_metrics_calls_total{{{labels}}} 0+15x40", STEP_MS, START_S * 1000)
        load(f'traces_span_metrics_duration_milliseconds_bucket{{{labels},le="10"}} 0+3x40', STEP_MS, START_S * 1000)
        load(f'traces_span_metrics_duration_milliseconds_bucket{{{labels},le="+Inf"}} 0+5x40', STEP_MS, START_S * 1000)
        load(f"target_info{{{labels}}} 1x40", STEP_MS, START_S * 1000)
    yield server
    server.stop()


def test_save_and_test(grafana):
    assert grafana.get("status/buildinfo", FORM).data["version"].startswith("3.")
    answer = grafana.post("query", FORM, query="1+1", time=f"{START_S}.123")
    assert answer.data == {"resultType": "scalar", "result": [START_S + 0.123, "2"]}


def test_variables(grafana):
    bounds = {"start": START_S, "end": START_S + 600}
    assert grafana.get("label/service_name/values", FORM, match="target_info", **bounds).data == ["cart", "checkout"]
    assert "service_name" in grafana.post("labels", FORM, **bounds).data
    assert "target_info" in grafana.get("label/__name__/values", FORM, **bounds).data
    found = grafana.post(
        "query", FORM, query="query_result_is_a_query or count by (service_name)(target_info)", time=START_S
    )
    assert [each["metric"] for each in found.data["result"]] == [{"service_name": "cart"}, {"service_name": "checkout"}]
    series = grafana.post("series", FORM, match='target_info{job=~"demo/.+"}', **bounds).data
    assert [each["service_name"] for each in series] == ["cart", "checkout"]


def test_metric_browser(grafana):
    grafana.metrics.describe("traces_span_metrics_calls", "counter", "Calls.")
    assert grafana.get("metadata", FORM, limit=1000).data["traces_span_metrics_calls"][0]["type"] == "counter"


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_panel(grafana, method):
    found = getattr(grafana, method)(
        "query_range", FORM, query="sum by (service_name) (rate(traces_span_metrics_calls_total[1m]))",
        start=f"{START_S + 120}", end=f"{START_S + 180}", step="15",
    ).data  # fmt: skip
    assert found["resultType"] == "matrix"
    assert [each["metric"]["service_name"] for each in found["result"]] == ["cart", "checkout"]
    assert [time for time, _ in found["result"][0]["values"]] == [START_S + 120 + 15 * step for step in range(5)]
    assert all(float(value) == pytest.approx(1) for _, value in found["result"][0]["values"])


def test_exemplars_of_a_panel(grafana):
    series = (("__name__", "traces_span_metrics_duration_milliseconds_bucket"), ("le", "10"))
    trace = (("trace_id", "0af7651916cd43dd8448eb211c80319c"), ("span_id", "b7ad6b7169203331"))
    grafana.metrics.add_exemplar(series, (START_S + 30) * 1000, 7.5, trace)
    query = "histogram_quantile(0.95, sum by (le) (rate(traces_span_metrics_duration_milliseconds_bucket[1m])))"
    [found] = grafana.get("query_exemplars", FORM, query=query, start=START_S, end=START_S + 60).data
    assert found["exemplars"][0]["labels"]["trace_id"] == trace[0][1]


def test_rules_and_alerts(grafana):
    assert grafana.get("rules", FORM).data == {"groups": []}


def _queries() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def walk(name: str, part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("expr"), str) and part["expr"].strip():
                found.append((name, part["expr"]))
            for inner in part.values():
                walk(name, inner)
        elif isinstance(part, list):
            for inner in part:
                walk(name, inner)

    for file in sorted(SHARED.glob("*.json")):
        walk(file.stem, json.loads(file.read_text()))
    return found


def _filled_in(query: str) -> str:
    return VARIABLE.sub(lambda match: BUILT_IN.get(match[1] or match[2] or match[3], ".*"), query)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="OTELIER_SHARED is not set")
def test_all_queries_of_the_dashboards_are_answered(grafana):
    queries = _queries()
    assert len(queries) > 170
    answers = []
    for _, query in queries:
        text = _filled_in(query)
        answers.append((text, grafana.post("query", FORM, query=text, time=START_S + 300)))
        ranged = {"start": START_S, "end": START_S + 300, "step": 15}
        answers.append((text, grafana.post("query_range", FORM, query=text, **ranged)))
    assert not [(text, answer.body) for text, answer in answers if answer.status != 200]
