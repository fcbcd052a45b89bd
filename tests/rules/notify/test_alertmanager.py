"""Alertmanagers are told over HTTP, each for itself."""

from pathlib import Path

import pytest

from otelier.component import Meter, SystemClock
from otelier.component.errors import ConfigError, Location
from otelier.rules.alerts import Notice
from otelier.rules.notify.alertmanager import Alertmanagers
from otelier.config.decode import decode
from otelier.config.document import Document
from otelier.config.nodes import Node
from otelier.scrape.config import AlertingConfig
from otelier.rules.notify.told import Outward
from otelier.scrape.relabel import Relabelling
from otelier.testing import FakeAlertmanager


def notice(name: str = "Down", **labels: str) -> Notice:
    pairs = tuple(sorted({"alertname": name, **labels}.items()))
    return Notice(pairs, (("summary", "it is down"),), 1_700_000_000_123, 1_700_000_240_000, False, 'up{a="b"} == 0')


def alerting_of(given: object) -> AlertingConfig:
    return decode(AlertingConfig, given, (), Document(Node({}, Location("p.yml")), []))


def started(alerting: object, meter: Meter | None = None) -> Alertmanagers:
    config = alerting_of(alerting)
    outward = Outward({"cluster": "eu", "job": "outer"}, "http://here:9090/", Relabelling(config.alert_relabel_configs))
    found = Alertmanagers(config.alertmanagers, outward, SystemClock(), meter or Meter())
    found.start()
    return found


def test_an_alert_is_posted_as_the_api_has_it() -> None:
    with FakeAlertmanager() as fake:
        told = started({"alertmanagers": [{"static_configs": [{"targets": [fake.address]}], "path_prefix": "am/"}]})
        told.notify([notice(job="a")])
        fake.until(lambda f: f.alerts)
        told.stop()
    assert fake.posts[0][0] == "/am/api/v2/alerts"
    assert fake.alerts == [
        {
            "labels": {"alertname": "Down", "job": "a", "cluster": "eu"},
            "annotations": {"summary": "it is down"},
            "startsAt": "2023-11-14T22:13:20.123Z",
            "endsAt": "2023-11-14T22:17:20.000Z",
            "generatorURL": "http://here:9090/graph?g0.expr=up%7Ba%3D%22b%22%7D+%3D%3D+0&g0.tab=1",
        }
    ]


def test_each_alertmanager_is_told_however_the_others_are() -> None:
    meter = Meter()
    with FakeAlertmanager() as good, FakeAlertmanager() as other:
        targets = ["127.0.0.1:1", good.address, other.address]
        told = started({"alertmanagers": [{"static_configs": [{"targets": targets}]}]}, meter)
        told.notify([notice()])
        good.until(lambda f: f.alerts)
        other.until(lambda f: f.alerts)
        assert told.urls()[0] == [f"http://{each}/api/v2/alerts" for each in targets]
        told.stop()


def test_a_server_that_fails_is_asked_again_and_one_that_refuses_is_not() -> None:
    meter = Meter()
    with FakeAlertmanager() as fake:
        fake.answers = [500, 429, 200, 400]
        told = started({"alertmanagers": [{"static_configs": [{"targets": [fake.address]}]}]}, meter)
        told.notify([notice("A")])
        fake.until(lambda f: f.alerts)
        told.notify([notice("B")])
        fake.until(lambda f: len(f.headers) == 4)
        told.notify([notice("C")])
        fake.until(lambda f: len(f.alerts) == 2)
        told.stop()
    assert [each["labels"]["alertname"] for each in fake.alerts] == ["A", "C"]
    dropped = meter.counter("prometheus_notifications_dropped", "", "")
    assert dropped.value(alertmanager=f"{fake.url}/api/v2/alerts", reason="failed") == 1


def test_labels_are_rewritten_and_alerts_dropped_on_the_way() -> None:
    rules = [{"source_labels": ["severity"], "regex": "info", "action": "drop"}]
    of_one = [{"target_label": "for", "replacement": "one"}]
    drop = [{"source_labels": ["__address__"], "regex": ".*:1", "action": "drop"}]
    with FakeAlertmanager() as fake, FakeAlertmanager() as other:
        told = started(
            {
                "alert_relabel_configs": rules,
                "alertmanagers": [
                    {
                        "static_configs": [{"targets": [fake.address, "127.0.0.1:1"]}],
                        "alert_relabel_configs": of_one,
                        "relabel_configs": drop,
                    },
                    {"static_configs": [{"targets": [other.address]}]},
                ],
            }
        )
        told.notify([notice(severity="info"), notice(severity="page")])
        fake.until(lambda f: f.alerts)
        other.until(lambda f: f.alerts)
        assert told.urls()[1] == ["http://127.0.0.1:1/api/v2/alerts"]
        told.stop()
    assert fake.alerts[0]["labels"] == {
        "alertname": "Down",
        "severity": "page",
        "cluster": "eu",
        "job": "outer",
        "for": "one",
    }
    assert "for" not in other.alerts[0]["labels"]


def test_many_alerts_go_in_several_requests() -> None:
    with FakeAlertmanager() as fake:
        told = started({"alertmanagers": [{"static_configs": [{"targets": [fake.address]}]}]})
        told.notify([notice(n=str(number)) for number in range(600)])
        fake.until(lambda f: len(f.alerts) == 600)
        told.stop()
    assert max(len(given) for _, given in fake.posts) <= 256


def test_alertmanagers_are_found_in_files_and_prove_who_asks(tmp_path: Path) -> None:
    with FakeAlertmanager() as fake:
        (tmp_path / "am.json").write_text(f'[{{"targets": ["{fake.address}"]}}]')
        entry = {
            "file_sd_configs": [{"files": [str(tmp_path / "am.json")]}],
            "basic_auth": {"username": "me", "password": "secret"},
        }
        told = started({"alertmanagers": [entry]})
        while not told.urls()[0]:
            pass
        told.notify([notice()])
        fake.until(lambda f: f.alerts)
        told.stop()
    assert fake.headers[0]["authorization"] == "Basic bWU6c2VjcmV0"


def test_what_is_wrong_with_the_configuration_is_said() -> None:
    with pytest.raises(ConfigError, match="api_version"):
        alerting_of({"alertmanagers": [{"api_version": "v1"}]})
