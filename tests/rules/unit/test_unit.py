"""Tests of rules themselves: what passes, what fails, and how that is told."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from otelier.cli import main
from otelier.component import ConfigError, SystemClock
from otelier.rules.unit import run_file

RULES = """
groups:
- name: late
  rules:
  - record: twice
    expr: once * 2
- name: early
  rules:
  - record: once
    expr: x
  - alert: Down
    expr: up == 0
    for: 2m
    labels: {severity: page}
    annotations: {about: '{{ $labels.i }} in {{ $externalLabels.region }} {{ $externalURL }}'}
"""


def outcome(tmp_path: Path, tests: str, head: str = "") -> list[str]:
    (tmp_path / "rules.yml").write_text(RULES)
    path = tmp_path / "tests.yml"
    path.write_text(f"rule_files: [rules.yml]\n{head}\ntests:\n{tests}")
    return [text for each in run_file(path, SystemClock()) for text in each.failures]


UP = "  input_series: [{series: 'up{i=\"a\"}', values: '1 0x9'}]\n"


def test_alerts_are_those_that_fire(tmp_path: Path) -> None:
    tests = f"""- interval: 1m
  external_labels: {{region: eu}}
  external_url: http://here
{UP}  alert_rule_test:
  - {{eval_time: 2m, alertname: Down}}
  - eval_time: 3m30s
    alertname: Down
    exp_alerts: [{{exp_labels: {{i: a, severity: page}}, exp_annotations: {{about: a in eu http://here}}}}]
"""
    assert outcome(tmp_path, tests) == []
    [failure] = outcome(tmp_path, tests.replace("severity: page", "severity: other"))
    assert failure.startswith("alertname: Down, time: 3m30s\n  exp: ")
    assert 'severity="other"' in failure.split("got:")[0]
    assert 'severity="page"' in failure.split("got:")[1]


def test_expressions_are_compared_with_labels_values_and_histograms(tmp_path: Path) -> None:
    tests = """- interval: 1m
  input_series:
  - {series: 'x{i="a"}', values: '1+1x9'}
  - {series: h, values: '{{schema:0 count:2 sum:3 buckets:[1 1]}}x9'}
  promql_expr_test:
  - {expr: x, eval_time: 2m, exp_samples: [{labels: 'x{i="a"}', value: 3}]}
  - {expr: sum(x) / 7, eval_time: 0, exp_samples: [{value: 0.14285714285714285}]}
  - {expr: h, eval_time: 1m, exp_samples: [{labels: h, histogram: '{{schema:0 count:2 sum:3 buckets:[1 1]}}'}]}
  - {expr: none, eval_time: 1m}
"""
    assert outcome(tmp_path, tests) == []
    wrong = tests.replace("value: 3}", "value: 4}").replace("sum:3 buckets:[1 1]}}'}]", "sum:4 buckets:[1 1]}}'}]")
    assert len(outcome(tmp_path, wrong)) == 2
    assert outcome(tmp_path, "- promql_expr_test: [{expr: 'x +', eval_time: 1m}]")[0].startswith(
        "expr: 'x +', time: 1m"
    )


def test_numbers_may_differ_in_their_last_bit_if_that_is_allowed(tmp_path: Path) -> None:
    tests = "- promql_expr_test: [{expr: vector(0.1 + 0.2), eval_time: 0, exp_samples: [{value: 0.3}]}]"
    assert len(outcome(tmp_path, tests)) == 1
    assert outcome(tmp_path, tests, "fuzzy_compare: true") == []


def test_groups_may_have_an_order(tmp_path: Path) -> None:
    tests = """- input_series: [{series: x, values: '5x9'}]
  promql_expr_test: [{expr: twice, eval_time: 0, exp_samples: [{labels: twice, value: 10}]}]
"""
    assert len(outcome(tmp_path, tests)) == 1
    assert outcome(tmp_path, tests, "group_eval_order: [early, late]") == []


def test_a_rule_that_fails_is_a_failure(tmp_path: Path) -> None:
    rules = "groups: [{name: g, rules: [{record: r, expr: x, labels: {a: ''}}]}]"
    (tmp_path / "other.yml").write_text(rules)
    path = tmp_path / "t.yml"
    path.write_text("""rule_files: [other.yml]
tests:
- input_series: [{series: 'x{a="1"}', values: '1'}, {series: 'x{a="2"}', values: '1'}]
  promql_expr_test: [{expr: vector(1), eval_time: 0, exp_samples: [{value: 1}]}]
""")
    [one] = run_file(path, SystemClock())
    [failure] = one.failures
    assert failure.startswith("rule r of group g, at 0s: vector contains metrics with the same labelset")


def test_a_test_may_begin_at_any_time(tmp_path: Path) -> None:
    tests = """- start_timestamp: '2026-01-01T00:00:00Z'
  promql_expr_test: [{expr: time(), eval_time: 1m, exp_samples: [{value: 1767225660}]}]
"""
    assert outcome(tmp_path, tests) == []
    assert outcome(tmp_path, tests.replace("2026-01-01T00:00:00Z", "1767225600")) == []
    assert "neither seconds nor a time" in outcome(tmp_path, tests.replace("2026-01-01T00:00:00Z", "soon"))[0]


def test_what_is_wrong_with_the_file_has_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"tests\.yml:4:5: unknown key `alert_rule_tests`"):
        outcome(tmp_path, "  - alert_rule_tests: []")
    assert "expected a series" in outcome(tmp_path, "- input_series: [{series: '5', values: '1'}]")[0]


def test_the_command_checks_and_tests(tmp_path: Path) -> None:
    run = CliRunner().invoke
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "bad.yml").write_text("groups: [{name: g, rules: [{record: a, expr: 'x +'}]}]")
    twice = "groups: [{name: g, rules: [{record: a, expr: x}, {record: a, expr: y}]}]"
    (tmp_path / "twice.yml").write_text(twice)
    (tmp_path / "tests.yml").write_text(
        "rule_files: [rules.yml]\ntests: [{promql_expr_test: [{expr: x, eval_time: 1m}]}]"
    )
    (tmp_path / "fails.yml").write_text(
        "rule_files: [rules.yml]\n"
        "tests: [{name: one, alert_rule_test: [{eval_time: 1m, alertname: Down, exp_alerts: [{}]}]}]"
    )

    good = run(main, ["rules", "check", str(tmp_path / "rules.yml")])
    assert (good.exit_code, "SUCCESS: 3 rules found" in good.output) == (0, True)
    bad = run(main, ["rules", "check", str(tmp_path / "rules.yml"), str(tmp_path / "bad.yml")])
    assert (bad.exit_code, "bad.yml:1:" in bad.output) == (1, True)
    double = run(main, ["rules", "check", "--lint-fatal", str(tmp_path / "twice.yml")])
    assert (double.exit_code, "duplicate: a{}" in double.output) == (3, True)
    assert run(main, ["rules", "check", str(tmp_path / "twice.yml")]).exit_code == 0

    passed = run(main, ["rules", "test", str(tmp_path / "tests.yml")])
    assert (passed.exit_code, "SUCCESS: 1 tests" in passed.output) == (0, True)
    failed = run(main, ["rules", "test", "--json", str(tmp_path / "fails.yml")])
    assert failed.exit_code == 1
    [told] = json.loads(failed.output)
    assert told["failures"][0].startswith("one: alertname: Down, time: 1m")
    assert run(main, ["rules", "test", "--run", "other", str(tmp_path / "fails.yml")]).exit_code == 0
    assert run(main, ["rules", "test", str(tmp_path / "none.yml")]).exit_code == 1


def test_without_a_file_standard_input_is_checked() -> None:
    good = CliRunner().invoke(
        main, ["rules", "check"], input="groups: [{name: g, rules: [{record: a, expr: vector(1)}]}]"
    )
    assert (good.exit_code, "Checking standard input" in good.output, "1 rules found" in good.output) == (0, True, True)
    bad = CliRunner().invoke(main, ["rules", "check"], input="groups: [{name: g, rules: [{record: a, expr: sum(}]}]")
    assert bad.exit_code == 1
    assert "standard input:1:" in bad.output
