"""What the core is asked for expressions."""

import json

import pytest

from otelier.query.traceql import read
from otelier.query.traceql.plan import plan


def _asked(text: str) -> str:
    root = read(text).root
    return json.dumps(plan(root).found.may)  # pyright: ignore[reportArgumentType] - a search


@pytest.mark.parametrize("operator", ["=~", "!~"])
def test_many_patterns_are_few_tests(operator: str) -> None:
    patterns = ", ".join(f'"item {at}.*"' for at in range(3000))
    assert 0 < _asked(f"{{ name {operator} [{patterns}] }}").count('"op"') < 80


def test_a_pattern_of_unknown_size_stands_alone() -> None:
    asked = _asked(r'{ name =~ ["a", "\\w{5}", "b.", "(?i)c"] }')
    assert "^(?s:a|b.)$" in asked
    assert asked.count('"op"') == 3
