"""What a half-typed query already says for sure."""

import pytest

from otelier.query.traceql import written
from otelier.query.traceql.half_typed import conditions


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("", "{ }"),
        ("{", "{ }"),
        ("{ span.a = }", "{ }"),
        ('{ span.a = "x" && span.b = }', '{ span.a = "x" }'),
        ('{ span.a = "x" && span.', '{ span.a = "x" }'),
        ("{ duration > 5s && foo && kind = server", "{ duration > 5s && kind = server }"),
        ("{ .a = 1 && (.b = 2 || .c = 3) } | rate() by (", "{ .a = 1 }"),
        ("{ .a = 1 || .b = 2 && .c = 3 }", "{ }"),
        ("{ .a = 1 } && { .b = 2 }", "{ }"),
        ('{ duration > "x" && .a = 1 }', "{ .a = 1 }"),
        ("{ 1 = 1 && .a = .b && !.c && .d }", "{ }"),
        ('{ .a = "} && {" && .b = 1', '{ .a = "} && {" && .b = 1 }'),
    ],
)
def test_only_whole_conditions_of_the_only_filter_count(text, sure):
    assert written(conditions(text)) == sure
