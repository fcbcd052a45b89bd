"""Selectors outside of queries mean what the same text means in PromQL."""

import pytest

from otelier.query.promql.parse import parse_selector
from otelier.scrape.selector import fits, matchers


@pytest.mark.parametrize(
    "text",
    [
        "up",
        "up{}",
        'up{job="old"}',
        "{job='old', instance!='a\"b'}",
        "{job=~`a\\d+`,}",
        '{job=~"a\\\\d+"}',
        '{a="x\\ny\\t\\u00e9\\x41"}',
        '{"http.requests", "k8s.pod.name"="p-1"}',
        '{"결제", a!~"b|c"}',
        "{a=`b\nc`}",
    ],
)
def test_a_selector_means_what_it_means_in_a_query(text: str) -> None:
    wanted = parse_selector(text)
    assert sorted(matchers(text)) == sorted((each.label, each.operator, each.value) for each in wanted.matchers)


@pytest.mark.parametrize(
    "text", ["{", "up{job}", "{job=old}", '{job="a}', '{a="\\q"}', '{a="\\xff"}', '{a=~"("}', "up up", '{a="b\nc"}']
)
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no selector|no escape|not UTF-8|no regular expression"):
        matchers(text)


@pytest.mark.parametrize("pattern", [r"\C", "(?P<a>x)(?P<a>y)", "(" * 300 + ")" * 300])
def test_a_pattern_that_only_one_of_both_engines_reads_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="no regular expression"):
        matchers(f"{{a=~`{pattern}`}}")


def test_labels_fit() -> None:
    chosen = fits(matchers("{job=~'a|b', 'k8s.pod.name'!=''}"))
    assert chosen({"job": "a", "k8s.pod.name": "p"})
    assert not chosen({"job": "a"})
    assert not chosen({"job": "c", "k8s.pod.name": "p"})
