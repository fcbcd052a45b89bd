"""The rules of docs/reference/traceql.md, one by one."""

from typing import Any

import pytest

from otelier.query.traceql import read
from otelier.query.traceql.found import Found, Window
from otelier.query.traceql.limits import Budget, Limits
from otelier.query.traceql.plan import plan
from otelier.query.traceql.search import Cursor, search
from otelier.telemetry import Batch
from otelier.testing import span, traces

from . import decoded
from .stand_in import StandIn

VALUES = [5, 5.0, "5", True, -3, 2**53 + 1]


def found(query: str, *batches: Batch) -> list[str]:
    """Names of the spans, in the order of the answer."""
    pipeline = read(query).root
    reading = Found(StandIn(decoded.traces(batches)), "t", Window(0, 2**64 - 1), Budget(Limits()))
    answer = search(reading, plan(pipeline), 100, 100, Cursor())
    return [each.name for trace in answer.traces for spanset in trace.spansets for each in spanset.spans]


def by_value(*values: Any) -> Batch:
    """One span per value, named like it, with the value as `a`."""
    spans = [
        span(repr(value), number=at, start_ns=at, attributes={} if value is None else {"a": value})
        for at, value in enumerate(values, 1)
    ]
    return traces(*spans)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("span.a = 5", ["5", "5.0"]),
        ("span.a = 5.0", ["5", "5.0"]),
        ('span.a = "5"', ["'5'"]),
        ("span.a != 5", ["-3", "9007199254740993"]),
        ("span.a = 9007199254740992.0", []),
        ("span.a > 9007199254740992.0", ["9007199254740993"]),
        ("!(span.a = 5)", ["'5'", "True", "-3", "9007199254740993", "None"]),
        ("span.a", ["True"]),
        ("!span.a", []),
        ("span.a = nil", ["None"]),
        ("span.a != nil", ["5", "5.0", "'5'", "True", "-3", "9007199254740993"]),
        ("-span.a = 3", ["-3"]),
        ("span.a / 0 = 1", []),
        ("span.a / 0.0 > 1", ["5", "5.0", "9007199254740993"]),
        ("span.a / 2 = 2", ["5"]),
        ("span.a / 2 = 2.5", ["5.0"]),
        ("span.a % 2 = -1", ["-3"]),
        ('span.a = [5, "5"]', ["5", "5.0", "'5'"]),
        ('span.a != [5, "5"]', ["-3", "9007199254740993"]),
    ],
)
def test_conditions_of_one_attribute(condition: str, expected: list[str]):
    assert found(f"{{ {condition} }}", by_value(*VALUES, None)) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('span.a = "v"', ["['v', 'w']", "'v'"]),
        ('span.a != "v"', ["['w']"]),
        ('span.a !~ "v.*"', ["['w']"]),
        ('span.a =~ "w|x"', ["['v', 'w']", "['w']"]),
        ("span.a > 5", ["[1, 7]"]),
        ("span.a != 5", ["[1, 7]"]),
        ("span.a + 1 > 0", []),
    ],
)
def test_arrays_fulfil_by_any_element_and_differ_by_all(condition: str, expected: list[str]):
    assert found(f"{{ {condition} }}", by_value(["v", "w"], ["w"], [1, 7], [], "v")) == expected


@pytest.mark.parametrize(
    ("constant", "number"),
    [("2 ^ 3", "8"), ("2 ^ 3 ^ 2", "512"), ("1 + 2 * 3", "7"), ("7 / 2", "3"), ("-7 / 2", "-3"), ("-7 % 3", "-1")],
)
def test_arithmetic_has_the_usual_precedence(constant: str, number: str):
    assert found(f"{{ {constant} = {number} }}", by_value(1)) == ["1"]


def test_durations_are_calculated_as_fractions_and_compared_in_nanoseconds():
    spans = traces(span("short", duration_ns=300), span("long", number=2, start_ns=1, duration_ns=10**9))
    assert found("{ duration / 1s > 0.3 }", spans) == ["long"]
    assert found("{ duration > 0.3 }", spans) == ["long", "short"]


FAMILY = traces(
    span("root", number=1, start_ns=1),
    span("child", number=2, parent=1, start_ns=2, attributes={"a": 1}),
    span("grandchild", number=3, parent=2, start_ns=3),
    span("orphan", number=4, parent=99, start_ns=4),
    span("below orphan", number=5, parent=4, start_ns=5),
    span("second orphan", number=6, parent=99, start_ns=6),
    span("alone", trace=2, start_ns=100),
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('{ name = "root" } >> { }', ["child", "grandchild"]),
        ('{ name = "root" } > { }', ["child"]),
        ('{ } > { name = "below orphan" }', ["below orphan"]),
        ('{ name = "orphan" } ~ { }', ["second orphan"]),
        ('{ } !>> { name =~ "root|orphan|alone" }', ["alone", "root", "orphan"]),
        ('{ name = "root" } !>> { }', ["alone", "root", "orphan", "below orphan", "second orphan"]),
        ('{ name = "root" } &> { }', ["root", "child"]),
        ('{ name = "grandchild" } << { }', ["root", "child"]),
        ('{ name = "root" } >> { } >> { }', ["grandchild"]),
        ("{ nestedSetParent = -1 }", ["alone", "root"]),
        ("{ nestedSetParent = 0 }", ["orphan", "second orphan"]),
        ("{ parent = nil }", ["alone", "root", "orphan", "second orphan"]),
        ("{ parent.a = 1 }", ["grandchild"]),
        ("{ span:childCount = 1 }", ["root", "child", "orphan"]),
        ('!{ name = "root" }', ["alone"]),
        ('!{ name = "child" } && { name =~ ".*" }', ["alone"]),
        ('{ name = "alone" } && !{ name = "root" }', ["alone"]),
        ('{ name = "child" } | count() = 0', ["alone"]),
        ("{ } | count() < 3", ["alone"]),
        ('{ name = "nobody" } | count() < 3', []),
        ("({ } | count()) = ({ name = `root` } | count() * 6)",
         ["root", "child", "grandchild", "orphan", "below orphan", "second orphan"]),
        ('{ name =~ "root|child" } | sort(name)', ["child", "root"]),
        ('{ name =~ "root|alone" } | sort(name desc)', ["root", "alone"]),
    ],
)  # fmt: skip
def test_trees(query: str, expected: list[str]):
    assert found(query, FAMILY) == expected


def test_ids_are_found_with_and_without_leading_zeros():
    one = span("one")
    one.trace_id, one.span_id = bytes(2) + b"\x0b" * 14, bytes(1) + b"\xf0" * 7
    for query in (f'"{one.trace_id.hex()}"', f'"{one.trace_id.hex().lstrip("0")}"'):
        assert found(f"{{ trace:id = {query} }}", traces(one)) == ["one"]
    assert found(f'{{ span:id = "{one.span_id.hex()}" }}', traces(one)) == ["one"]
