"""The rules that come with Otelier, by tests in promtool's form (promtool gives the same outcome)."""

from pathlib import Path

import pytest

from otelier.component import SystemClock
from otelier.rules.definitions import AlertingRule, Defaults
from otelier.rules.shipped import shipped_rules
from otelier.rules.unit import run_file

FILES = sorted((Path(__file__).parent / "shipped").glob("*.yml"))


@pytest.mark.parametrize("path", FILES, ids=[each.stem for each in FILES])
def test_the_shipped_rules_do_what_they_promise(path: Path) -> None:
    outcomes = run_file(path, SystemClock())
    assert outcomes
    assert [text for each in outcomes for text in each.failures] == []


def test_every_shipped_alert_says_what_is_wrong_and_what_to_do() -> None:
    for group in shipped_rules(Defaults()):
        assert group.file.startswith("otelier/")
        for rule in group.rules:
            if isinstance(rule, AlertingRule):
                assert set(dict(rule.annotations)) == {"summary", "description"}
                assert dict(rule.labels)["severity"] in ("warning", "critical")
