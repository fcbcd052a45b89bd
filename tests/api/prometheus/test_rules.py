"""Rules and alerts in Prometheus' form, whoever evaluates them."""

from collections.abc import Iterator

import pytest

from otelier.query.rules_state import Alert, Rule, RuleGroup

from .conftest import Prometheus

ALERT = Alert(
    (("alertname", "Down"), ("job", "a")), (("summary", "it is down"),), "firing", 1_500_000_000, 0.0, 3 * 10**9
)
DOWN = Rule(
    "alerting", "Down", "up == 0", (("severity", "page"),), "ok", state="firing", for_s=300.0, keep_firing_for_s=60.0,
    annotations=(("summary", "it is down"),), alerts=(ALERT,), evaluation_s=0.5, evaluated_ns=2_000_000_000,
)  # fmt: skip
SUM = Rule("recording", "job:up:sum", "sum by (job) (up)", (), "err", "no data")


class Evaluated:
    """Two groups of rules."""

    def groups(self, tenant: str) -> list[RuleGroup]:
        if tenant != "default":
            return []
        return [
            RuleGroup("first", "a.yml", 60.0, rules=(DOWN, SUM)),
            RuleGroup("second", "b.yml", 30.0, 5, rules=(SUM,)),
        ]

    def alertmanagers(self) -> tuple[list[str], list[str]]:
        return ["http://alertmanager:9093/api/v2/alerts"], []


@pytest.fixture
def ruled() -> Iterator[Prometheus]:
    server = Prometheus(Evaluated())
    yield server
    server.stop()


def names(answer):
    return {each["name"]: [rule["name"] for rule in each["rules"]] for each in answer.data["groups"]}


def test_a_rule_is_told_with_its_state(ruled):
    first, second = ruled.get("rules").data["groups"]
    assert {key: first[key] for key in ("name", "file", "interval", "limit", "lastEvaluation")} == {
        "name": "first", "file": "a.yml", "interval": 60.0, "limit": 0, "lastEvaluation": "0001-01-01T00:00:00Z",
    }  # fmt: skip
    alert = {
        "labels": {"alertname": "Down", "job": "a"}, "annotations": {"summary": "it is down"}, "state": "firing",
        "activeAt": "1970-01-01T00:00:01.5Z", "keepFiringSince": "1970-01-01T00:00:03Z", "value": "0e+00",
    }  # fmt: skip
    assert first["rules"][0] == {
        "state": "firing", "name": "Down", "query": "up == 0", "duration": 300.0, "keepFiringFor": 60.0,
        "labels": {"severity": "page"}, "annotations": {"summary": "it is down"}, "alerts": [alert], "health": "ok",
        "evaluationTime": 0.5, "lastEvaluation": "1970-01-01T00:00:02Z", "type": "alerting",
    }  # fmt: skip
    assert second["limit"] == 5
    assert second["rules"][0]["lastError"] == "no data"
    assert ruled.get("alerts").data == {"alerts": [alert]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "alert"}, {"first": ["Down"]}),
        ({"type": "record"}, {"first": ["job:up:sum"], "second": ["job:up:sum"]}),
        ({"rule_name": ["Down"]}, {"first": ["Down"]}),
        ({"rule_group": ["second"]}, {"second": ["job:up:sum"]}),
        ({"file": ["a.yml"], "type": "record"}, {"first": ["job:up:sum"]}),
        ({"match": '{severity="page"}'}, {"first": ["Down"]}),
        ({"match": '{severity="none"}'}, {}),
    ],
)
def test_rules_are_chosen(ruled, given, expected):
    assert names(ruled.get("rules", **given)) == expected


def test_groups_come_in_pages(ruled):
    first = ruled.get("rules", group_limit=1)
    assert list(names(first)) == ["first"]
    second = ruled.get("rules", group_limit=1, group_next_token=first.data["groupNextToken"])
    assert list(names(second)) == ["second"]
    assert "groupNextToken" not in second.data


def test_alerts_can_be_left_out_and_tenants_are_apart(ruled):
    assert ruled.get("rules", exclude_alerts="true").data["groups"][0]["rules"][0]["alerts"] is None
    assert ruled.get("rules", {"X-Scope-OrgID": "other"}).data == {"groups": []}


def test_alertmanagers_are_listed(ruled):
    assert ruled.get("alertmanagers").data == {
        "activeAlertmanagers": [{"url": "http://alertmanager:9093/api/v2/alerts"}],
        "droppedAlertmanagers": [],
    }


def test_nobody_evaluates_rules(prometheus):
    assert prometheus.get("rules").data == {"groups": []}
    assert prometheus.get("alerts").data == {"alerts": []}
    assert prometheus.get("alertmanagers").data == {"activeAlertmanagers": [], "droppedAlertmanagers": []}
