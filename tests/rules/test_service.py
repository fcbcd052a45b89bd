"""The whole of it: files in, series and messages out, also when files change."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from otelier.api.options import decode
from otelier.api.rules import RulesOptions
from otelier.component import ConfigError, Meter, PrometheusDuration, Secret
from otelier.extensions.otelier_query import OtelierQueryConfig, PrometheusSettings
from otelier.rules.group import Sample
from otelier.rules.service import RuleService
from otelier.rules.sources import StoreSources
from otelier.scrape.config import NotifyConfig, RulesSettings
from otelier.scrape.config.rules import ReceiverConfig, TenantRules, WebhookConfig
from otelier.testing import FakeAlertmanager, FakeClock
from otelier.testing.memory_metrics import MemoryMetrics

RULES = "groups: [{name: g, interval: 1s, rules: [{record: a, expr: vector(1)}, {alert: On, expr: a == 1}]}]"


class Desk:
    def __init__(self, folder: Path, config: str, **settings: object) -> None:
        (folder / "prometheus.yml").write_text(config)
        self.folder = folder
        self.clock = FakeClock()
        self.metrics = MemoryMetrics()
        self.meter = Meter()
        self.service = RuleService(
            RulesSettings(**{"shipped": False, **settings}),  # type: ignore[arg-type]
            str(folder / "prometheus.yml"),
            lambda tenant: StoreSources(self.metrics, self.clock, tenant),
            self.append,
            self.clock,
            self.meter,
            folder / "rules",
        )

    def append(self, tenant: str, samples: Sequence[Sample]) -> None:
        for labels, time_ms, value in samples:
            self.metrics.append(labels, time_ms, value, tenant)

    def rules(self, tenant: str = "default") -> list[str]:
        return [rule.name for group in self.service.groups(tenant) for rule in group.rules]


def test_files_intervals_and_labels_come_from_prometheus_yml(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text("groups: [{name: g, rules: [{record: a, expr: vector(1)}]}]")
    desk = Desk(
        tmp_path,
        "global: {evaluation_interval: 7s, rule_query_offset: 1s}\nrule_files: ['*.yml', r.yml]".replace(
            "'*.yml'", "'r*.yml'"
        ),
    )
    desk.service.start()
    [group] = desk.service.groups("default")
    assert (group.interval_s, group.file) == (7.0, str(tmp_path / "r.yml"))
    assert desk.service.groups("other") == []
    desk.service.stop()


@pytest.mark.proves("otelier_query.prometheus.rules.shipped")
def test_shipped_rules_are_evaluated_unless_that_is_switched_off(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "", shipped=True)
    desk.service.start()
    assert "ServiceErrorRatioHigh" in desk.rules()
    desk.clock.advance(180)
    assert [r.last_error for g in desk.service.groups("default") for r in g.rules if r.last_error] == []
    assert all(r.health == "ok" for g in desk.service.groups("default") for r in g.rules)
    desk.service.stop()


@pytest.mark.proves("otelier_query.prometheus.rules.external_url", "otelier_query.prometheus.rules.resend_delay")
def test_an_alertmanager_is_told_and_so_is_another_after_a_reload(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULES)
    text = "rule_files: [r.yml]\nglobal: {{external_labels: {{cluster: eu}}}}\nalerting:\n"
    text += "  alertmanagers: [{{static_configs: [{{targets: ['{}']}}]}}]\n"
    with FakeAlertmanager() as one, FakeAlertmanager() as two:
        desk = Desk(tmp_path, text.format(one.address), resend_delay=0.5, external_url="http://h")
        desk.service.start()
        desk.clock.until_timer("rules")
        while not one.alerts:
            desk.clock.advance(1)
        assert one.alerts[0]["labels"] == {"alertname": "On", "cluster": "eu"}
        assert desk.service.alertmanagers() == ([f"{one.url}/api/v2/alerts"], [])
        [before] = [rule.alerts[0].active_ns for rule in desk.service.groups("default")[0].rules if rule.alerts]

        (tmp_path / "prometheus.yml").write_text(text.format(two.address))
        desk.service.reload()
        while not two.alerts:
            desk.clock.advance(1)
        [after] = [rule.alerts[0].active_ns for rule in desk.service.groups("default")[0].rules if rule.alerts]
        assert after == before
        [known] = [each for each in desk.meter.collect() if each.name.endswith("alertmanagers_discovered")]
        assert list(known.values.values()) == [1.0]
        desk.service.stop()


def test_a_file_that_is_wrong_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULES)
    desk = Desk(tmp_path, "rule_files: [r.yml]")
    desk.service.start()
    (tmp_path / "r.yml").write_text(RULES.replace("a == 1", "a =="))
    with pytest.raises(ConfigError, match=r"r\.yml:1:"):
        desk.service.reload()
    assert desk.rules() == ["a", "On"]
    (tmp_path / "r.yml").write_text(RULES.replace("alert: On", "alert: Other"))
    desk.service.reload()
    assert desk.rules() == ["a", "Other"]
    desk.service.stop()


def test_a_start_with_a_file_that_is_wrong_runs_the_shipped_rules(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "r.yml").write_text("groups: [{name: 5x, rulez: []}]")
    desk = Desk(tmp_path, "rule_files: [r.yml]", shipped=True)
    desk.service.start()
    assert "unknown key `rulez`" in caplog.text
    assert "ScrapeTargetDown" in desk.rules()
    desk.service.stop()


@pytest.mark.proves("otelier_query.prometheus.rules.rule_files")
def test_further_files_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULES)
    desk = Desk(tmp_path, "", rule_files=(str(tmp_path / "r*.yml"),))
    desk.service.start()
    assert desk.rules() == ["a", "On"]
    desk.service.stop()


@pytest.mark.proves("otelier_query.prometheus.rules.enabled")
def test_rules_are_told_to_the_query_process_unless_they_are_switched_off(tmp_path: Path) -> None:
    def told(**rules: object) -> object:
        settings = PrometheusSettings(rules=RulesSettings(**rules))  # type: ignore[arg-type]
        options = OtelierQueryConfig(prometheus=settings).options(tmp_path, None, "prometheus.yml")
        return decode(options).rules

    assert told(enabled=False) is None
    assert told(external_url="http://x") == RulesOptions(
        settings=RulesSettings(external_url="http://x"), config_file="prometheus.yml"
    )


@pytest.mark.proves("otelier_query.prometheus.rules.tenants.{rule_files,shipped}")
def test_tenants_have_rules_of_their_own_over_data_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULES)
    (tmp_path / "t.yml").write_text("groups: [{name: g, interval: 1s, rules: [{alert: Up, expr: up > 0}]}]")
    both = TenantRules(rule_files=(str(tmp_path / "t.yml"),), shipped=False)
    with FakeAlertmanager() as told:
        manager = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{told.address}']}}]}}]}}"
        desk = Desk(tmp_path, f"rule_files: [r.yml]\n{manager}", tenants={"b": both, "c": both, "d": TenantRules()})
        desk.service.start()
        assert (desk.rules(), desk.rules("b"), desk.rules("e")) == (["a", "On"], ["Up"], [])
        assert "ServiceErrorRatioHigh" in desk.rules("d")
        now_ms = desk.clock.time_ns() // 10**6
        for tenant, job in (("b", "of b"), ("default", "of nobody who asks")):
            desk.metrics.append((("__name__", "up"), ("job", job)), now_ms, 1, tenant)
        desk.clock.until_timer("rules")
        while len({each["labels"]["alertname"] for each in told.alerts}) < 2:
            desk.clock.advance(1)
        desk.clock.advance(3)
        found = {tuple(sorted(each["labels"].items())) for each in told.alerts}
        assert found == {
            (("alertname", "On"),), (("alertname", "Up"), ("job", "of b"), ("tenant", "b")),
        }  # fmt: skip
        series = {
            tenant: {dict(each)["__name__"] for each in desk.metrics.series(tenant, [], 0, 2**62, 0).items}
            for tenant in ("default", "b", "c")
        }
        assert series == {
            "default": {"up", "a", "ALERTS", "ALERTS_FOR_STATE"}, "b": {"up", "ALERTS", "ALERTS_FOR_STATE"},
            "c": set(),
        }  # fmt: skip
        groups = [each.values for each in desk.meter.collect() if each.name == "prometheus_rule_group_rules"]
        assert len(groups[0]) == len({str(each) for each in groups[0]}), "groups of tenants are told apart"
        desk.service.stop()


def test_a_name_that_is_no_tenant_is_refused() -> None:
    settings = PrometheusSettings(rules=RulesSettings(tenants={"a/b": TenantRules(), "default": TenantRules()}))
    assert [key for key, _ in settings.problems()] == ["rules.tenants.a/b", "rules.tenants.default"]


def test_our_own_receivers_are_told_besides_an_alertmanager(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(RULES)
    with FakeAlertmanager() as manager, FakeAlertmanager() as hook:
        targets = f"{{static_configs: [{{targets: ['{manager.address}']}}]}}"
        text = f"rule_files: [r.yml]\nalerting: {{alertmanagers: [{targets}]}}"
        receiver = ReceiverConfig(name="hook", webhook=WebhookConfig(url=Secret(f"{hook.url}/hook")))
        desk = Desk(tmp_path, text, notify=NotifyConfig(group_wait=PrometheusDuration(1), receivers=(receiver,)))
        desk.service.start()
        desk.clock.until_timer("rules")
        while not (manager.alerts and hook.posts):
            desk.clock.advance(1)
        assert hook.posts[0][1]["alerts"][0]["labels"] == {"alertname": "On"}
        assert desk.service.alertmanagers() == ([f"{manager.url}/api/v2/alerts"], [])
        desk.service.stop()
