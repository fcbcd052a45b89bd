"""Exemplars of queries, of what rules recorded, and of alerts: which, and which of them first."""

from collections.abc import Iterator

import pytest

from otelier.query.rules_state import Alert, Rule, RuleGroup

from .conftest import Prometheus

NOW_S = 1_700_000_000
TRACE = (("trace_id", "0af7651916cd43dd8448eb211c80319c"), ("span_id", "b7ad6b7169203331"))


class Evaluated:
    """Two services' error ratio, recorded and watched; one alert fires."""

    def groups(self, tenant: str) -> list[RuleGroup]:
        """All of one file."""
        labels = (("alertname", "Failing"), ("service_name", "shop"), ("severity", "critical"))
        firing = Alert(labels, (), "firing", (NOW_S - 60) * 10**9, 0.5)
        return [
            RuleGroup(
                "g",
                "r.yml",
                60.0,
                rules=(
                    Rule("recording", "all:rate", "sum by (service_name) (rate(calls_total[5m]))", ()),
                    Rule(
                        "recording", "bad:rate",
                        'sum by (service_name) (rate(calls_total{status_code="STATUS_CODE_ERROR"}[5m]))', (),
                    ),
                    Rule("recording", "ratio", "bad:rate / all:rate or all:rate * 0", ()),
                    Rule("recording", "ratio", '{ status = error } | rate()', ()),
                    Rule("recording", "loop", "loop + 1", ()),
                    Rule(
                        "alerting", "Failing", "ratio > 0.05 and all:rate > 1", (("severity", "critical"),),
                        state="firing", alerts=(firing,),
                    ),
                    Rule("alerting", "Panics", 'count_over_time({app="x"} |= "panic" [5m]) > 0', (), alerts=(
                        Alert((("alertname", "Panics"),), (), "firing", NOW_S * 10**9, 1.0),
                    )),
                ),
            )
        ]  # fmt: skip

    def alertmanagers(self) -> tuple[list[str], list[str]]:
        """None."""
        return [], []


@pytest.fixture
def ruled() -> Iterator[Prometheus]:
    server = Prometheus(Evaluated())
    server.clock.advance(NOW_S - server.now_s)
    yield server
    server.stop()


def call(server: Prometheus, service: str, status: str, number: int, *, before_s: int = 30, value: float = 1.0) -> str:
    """An exemplar of a span metric; its trace id."""
    series = (("__name__", "calls_total"), ("service_name", service), ("status_code", f"STATUS_CODE_{status}"))
    trace = f"{number:032x}"
    server.metrics.add_exemplar(series, (NOW_S - before_s) * 1000, value, (("trace_id", trace),))
    return trace


@pytest.mark.parametrize("method", ["get", "post"])
def test_exemplars_of_all_series_in_a_query(prometheus, method):
    series = (("__name__", "latency_bucket"), ("le", "0.5"))
    prometheus.metrics.add_exemplar(series, 1_700_000_000_250, 0.42, TRACE)
    prometheus.metrics.add_exemplar((("__name__", "other"),), 1_700_000_000_000, 1, TRACE)
    query = "histogram_quantile(0.95, sum by (le) (rate(latency_bucket[5m])))"
    answer = getattr(prometheus, method)("query_exemplars", query=query, start=1.6e9, end=1.8e9)
    assert b'"timestamp":1700000000.250' in answer.body
    assert answer.data == [
        {
            "seriesLabels": {"__name__": "latency_bucket", "le": "0.5"},
            "exemplars": [{"labels": dict(TRACE), "value": "0.42", "timestamp": 1700000000.25}],
        }
    ]
    assert prometheus.get("query_exemplars", query="1 + 1").status == 204
    assert prometheus.get("query_exemplars", query=query, start=0, end=1).data == []


def found(answer) -> set[str]:
    return {exemplar["labels"]["trace_id"] for each in answer.data for exemplar in each["exemplars"]}


def test_a_recorded_series_leads_to_what_it_was_made_from(ruled):
    ok, bad = call(ruled, "shop", "UNSET", 1), call(ruled, "shop", "ERROR", 2)
    other = call(ruled, "cart", "ERROR", 3)
    assert found(ruled.get("query_exemplars", query="all:rate")) == {ok, bad, other}
    assert found(ruled.get("query_exemplars", query="bad:rate")) == {bad, other}
    assert found(ruled.get("query_exemplars", query='avg_over_time(bad:rate{service_name="shop"}[1h]) > 2')) == {bad}
    assert found(ruled.get("query_exemplars", query='ratio{service_name=~"ca.*"}')) == {other}
    assert found(ruled.get("query_exemplars", query='ratio{service_name!="shop"}')) == {other}
    assert found(ruled.get("query_exemplars", query='{__name__=~"bad.+"}')) == {bad, other}


def test_a_label_that_only_the_recorded_series_has_does_not_hide_what_it_was_made_from(ruled):
    bad = call(ruled, "shop", "ERROR", 2)
    assert found(ruled.get("query_exemplars", query='bad:rate{added="by the rule (1.0)"}')) == {bad}


def test_a_rule_about_itself_ends(ruled):
    assert ruled.get("query_exemplars", query="loop").data == []


def alerts(server: Prometheus, **parameters: str) -> dict[str, list[str]]:
    data = server.get("alerts/exemplars", **parameters).data["alerts"]
    return {each["labels"]["alertname"]: [one["labels"]["trace_id"] for one in each["exemplars"]] for each in data}


def test_an_alert_has_exemplars_of_its_labels_those_first_that_most_of_its_rule_is_about(ruled):
    ok, slow = call(ruled, "shop", "UNSET", 1, value=9), call(ruled, "shop", "ERROR", 2, value=5)
    bad = call(ruled, "shop", "ERROR", 3, value=2)
    call(ruled, "cart", "ERROR", 4)
    call(ruled, "shop", "ERROR", 5, before_s=3600)
    assert alerts(ruled) == {"Failing": [slow, bad, ok], "Panics": []}
    assert alerts(ruled, limit="2", **{"match[]": '{alertname="Failing"}'}) == {"Failing": [slow, bad]}
    assert alerts(ruled, **{"match[]": '{service_name="cart"}'}) == {}


def test_a_trace_is_named_once_and_exemplars_without_one_lead_nowhere(ruled):
    trace = call(ruled, "shop", "ERROR", 2, value=5)
    call(ruled, "shop", "ERROR", 2, before_s=31, value=6)
    series = (("__name__", "calls_total"), ("service_name", "shop"))
    ruled.metrics.add_exemplar(series, (NOW_S - 30) * 1000, 1, (("user", "x"),))
    [failing, _] = ruled.get("alerts/exemplars").data["alerts"]
    assert failing["exemplars"] == [
        {
            "seriesLabels": {
                "__name__": "calls_total", "service_name": "shop", "status_code": "STATUS_CODE_ERROR",
            },
            "labels": {"trace_id": trace}, "value": "6", "timestamp": NOW_S - 31,
        }
    ]  # fmt: skip
