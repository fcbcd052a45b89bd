"""Templates give what Prometheus's give: `measured.jsonl` holds our cases with the answers of its template package.

The data of a case: `instance`, `job` and `weird<` as labels, `cluster` as external label, two series for each query.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.query.promql.labels import Labels, labels_of
from otelier.rules.templates import CallError, Expander, TemplateError, check_template

CASES = [json.loads(line) for line in (Path(__file__).parent / "measured.jsonl").read_text("utf-8").splitlines()]
LABELS = {"instance": "localhost:9100", "job": "node", "weird<": "a&b"}


def query(text: str) -> Iterable[tuple[Labels, float]]:
    if text == "bad":
        raise CallError("bad query")
    if text == "none":
        return []
    return [
        (labels_of({"__name__": "metric", "instance": "b:9", "__value__": "B"}.items()), 11.0),
        (labels_of({"__name__": "metric", "instance": "a:1"}.items()), 21.5),
    ]


def expander() -> Expander:
    return Expander("A", query, {"cluster": "eu"}, "http://testhost:9090/path/prefix", 1_700_000_000.0)


@pytest.mark.parametrize("case", CASES, ids=[f"{number}" for number in range(len(CASES))])
def test_a_template_gives_what_it_gives_elsewhere(case: dict[str, object]) -> None:
    wanted = case.get("out", f"<error expanding template: {case.get('error')}>")
    assert expander().expand(str(case["text"]), LABELS, float(str(case["value"]))) == wanted


@pytest.mark.parametrize("case", [each for each in CASES if "error parsing" in each.get("error", "")])
def test_what_can_not_be_read_is_told_when_it_is_checked(case: dict[str, str]) -> None:
    with pytest.raises(TemplateError) as raised:
        check_template(case["text"])
    assert case["error"].endswith(str(raised.value))


PIECES = st.sampled_from(
    ["{{", "}}", "{{-", "-}}", " ", "$", "$labels", ".instance", ".Value", "if", "else", "end", "range", "with", "(", ")",
     "|", "define", "template", '"x"', "`r`", "'c'", "1", "1.5", "0x1p4", "humanize", "query", "first", "printf", '"%d"',
     "and", "or", "not", "eq", "nil", "true", "break", "continue", ":=", "=", ",", "$x", "/*", "*/", "\n", "ä", ".", "len",
     "index", "slice", "args", "tmpl", "block", "toTime", "value", "label"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join), st.floats())
def test_no_text_does_more_than_fail(text: str, value: float) -> None:
    expander().expand("{{" + text, LABELS, value)
    expander().expand(text, LABELS, value)


def test_a_template_that_never_ends_is_ended() -> None:
    text = '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}'
    assert "exceeded maximum template depth" in expander().expand(text, {}, 0.0)
    text = "{{ range 1000000 }}" + "x" * 100 + "{{ end }}"
    assert "the text is longer than" in expander().expand(text, {}, 0.0)


def test_a_defined_template_may_be_called_by_its_name() -> None:
    assert expander().expand('{{ define "x" }}[{{ . }}]{{ end }}{{ tmpl "x" 5 }}', {}, 0.0) == "[5]"
