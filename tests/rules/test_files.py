"""Rule files: what is read, and what is said of what can't be."""

from pathlib import Path

import pytest

from otelier.component import ConfigError
from otelier.component.errors import Location
from otelier.rules.definitions import AlertingRule, Defaults, RecordingRule
from otelier.rules.files import duplicates, expand, read_files, read_rules

WHOLE = """
groups:
- name: one
  interval: 30s
  query_offset: 10s
  limit: 5
  labels: {team: shop, level: a}
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
    labels: {level: b}
  - alert: Down
    expr: up == 0
    for: 1h30m
    keep_firing_for: 1d
    labels: {severity: page, number: 5}
    annotations: {summary: '{{ $labels.job }} is down'}
- name: two
  rules: []
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read_rules(text.encode(), "r.yml")
    return [str(each) for each in raised.value.problems]


def test_a_file_is_read_with_all_its_keys() -> None:
    one, two = read_rules(WHOLE.encode(), "r.yml", Defaults(interval_ms=15_000, query_offset_ms=1))
    assert (one.interval_ms, one.query_offset_ms, one.limit, one.key) == (30_000, 10_000, 5, "r.yml;one")
    assert (two.interval_ms, two.query_offset_ms, two.rules) == (15_000, 1, ())
    assert one.rules == (
        RecordingRule("job:up:sum", "sum by (job) (up)", (("level", "b"), ("team", "shop"))),
        AlertingRule(
            "Down", "up == 0", 5_400_000, 86_400_000,
            (("level", "a"), ("number", "5"), ("severity", "page"), ("team", "shop")),
            (("summary", "{{ $labels.job }} is down"),),
        ),
    )  # fmt: skip
    assert one.rules[0].at == Location("r.yml", 9, 5)


def test_every_problem_has_its_place() -> None:
    text = """groups:
- name: a
  rules:
  - alert: A
    expr: sum(up
    annotations:
      summary: '{{ $labels.x'
  - alert: B
    expr: up
    labels: {x: '{{ nope }}'}
- name: a
"""
    first, *others = problems(text)
    assert others == [
        "r.yml:7:16: template of annotation `summary`: 1: unclosed action",
        'r.yml:10:17: template of label `x`: 1: function "nope" not defined',
        "r.yml:11:9: a second group `a` (the first is at line 2)",
    ]
    assert first.startswith("r.yml:5:11: could not parse expression: 1:7: parse error:")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{record: a, alert: b, expr: x}", "has both"),
        ("{expr: x}", "has neither"),
        ("{record: a, expr: ''}", "`expr` is empty"),
        ("{record: a}", "`expr` is missing"),
        ("{record: a, expr: x, for: 1m}", "has no `for`"),
        ("{record: a, expr: x, keep_firing_for: 1m}", "has no `keep_firing_for`"),
        ("{record: a, expr: x, annotations: {a: b}}", "has no annotations"),
        ("{record: 'a{b=\"c\"}', expr: x}", "has braces"),
        ("{record: a, expr: x, labels: {__name__: b}}", "can't be the name of a label"),
        ("{alert: a, expr: x, fro: 1m}", "did you mean `for`?"),
        ("{alert: a, expr: x, for: 1.5m}", "not a duration"),
        ("{alert: a, expr: 'x[5m]'}", "a rule needs a vector or a number, this is a range vector"),
        ("{alert: a, expr: '\"x\"'}", "this is a string"),
    ],
)
def test_what_a_rule_can_not_be(rule: str, said: str) -> None:
    [problem] = problems(f"groups:\n- name: g\n  rules:\n  - {rule}\n")
    assert said in problem


def test_a_template_outside_of_quotes_is_explained() -> None:
    text = "groups:\n- name: g\n  rules:\n  - alert: a\n    expr: x\n    annotations:\n      s: {{ $value }}\n"
    [problem] = problems(text)
    assert problem.startswith("r.yml:7:")
    assert "template outside of quotes `{{ $value }}`" in problem
    assert "quotes" in problem


def test_traces_and_logs_are_asked_in_their_own_languages() -> None:
    text = """
groups:
- name: t
  source: traceql
  window: 5m
  rules: [{alert: A, expr: '{ status = error } | rate() by (resource.service.name) > 5'}]
- name: l
  source: logql
  rules: [{record: errors, expr: 'sum by (service_name) (count_over_time({service_name=~".+"} |= "error" [5m]))'}]
"""
    traces, logs = read_rules(text.encode(), "r.yml")
    assert (traces.source, traces.window_ms, logs.source) == ("traceql", 300_000, "logql")
    assert "this is a search" in problems(text.replace("| rate() by (resource.service.name) > 5", ""))[0]
    assert (
        "this asks for lines"
        in problems(text.replace("sum by (service_name) (count_over_time(", "").replace(" [5m]))", ""))[0]
    )
    assert "`window` is for" in problems(text.replace("source: traceql", "source: promql"))[0]


def test_files_are_found_by_patterns(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yml", "c.txt"):
        (tmp_path / name).write_text(f"groups: [{{name: {name[0]}}}]")
    assert [each.name for each in expand(["*.yml"], tmp_path)] == ["a.yml", "b.yml"]
    assert [each.name for each in expand([str(tmp_path / "*.txt"), "a.yml"], tmp_path)] == ["c.txt", "a.yml"]
    assert [each.name for each in read_files(expand(["*.yml"], tmp_path))] == ["a", "b"]
    with pytest.raises(ConfigError, match="can't read it"):
        read_files(expand(["none.yml"], tmp_path))
    assert expand(["none*.yml"], tmp_path) == []


def test_rules_that_are_there_twice_are_found() -> None:
    text = "groups:\n- name: a\n  rules:\n  - {record: x, expr: y}\n  - {record: x, expr: z}\n  - {record: x, expr: z, labels: {a: b}}\n"
    assert duplicates(read_rules(text.encode(), "r.yml")) == ["x{} at r.yml:4:5, r.yml:5:5"]
