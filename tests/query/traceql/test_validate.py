"""Types, ranges, and what stands where."""

import pytest

from otelier.query.traceql import TraceqlError, parse, read


@pytest.mark.parametrize(
    "text",
    [
        "{ .a }",
        "{ !.a }",
        '{ .a = 1 || .a = 1.5 || .a = "x" || .a = true || .a = error || .a = server }',
        "{ duration > 1 && duration < 1.5 }",
        "{ .a = nil && nil != .b && name != nil && nil = nil && parent = nil }",
        '{ .a < "x" && name >= "y" }',
        '{ .a = [500, 502] && .b != ["x", 1] && name =~ ["a.*", "b"] }',
        "{ parent } | by(parent.a)",
        "{ !parent = nil && -parent = nil && !.a = true }",
        "!{ .a } && { .b }",
        "{ } | count() = 0",
        "{ } | sort(duration desc, count() asc) | select(name)",
        "({ } | count() > 1) >> { }",
        "{ } | rate() by (.a, .b, .c, .d, .e)",
        "{ } | histogram_over_time(span.a) by (.a, .b, .c, .d)",
        "{ } | quantile_over_time(.a, 0, 1)",
        "{ } | by(.a) | rate()",
        "{ } with(sample=true, span_sample=1, trace_sample=.5, exemplars=3, extrapolate=true, whatever=nil)",
    ],
)
def test_what_makes_sense_passes(text):
    read(text)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("{ 1 }", 3, "the condition in braces is an int"),
        ("{ duration }", 3, "compare it, as in duration != nil"),
        ('{ 1 = "a" }', 7, "1 is an int"),
        ("{ 1 < .a < 3 }", 12, "join two comparisons with &&"),
        ("{ kind > server }", 3, "orders numbers and strings"),
        ("{ true > false }", 3, "orders numbers and strings"),
        ("{ nil > .a }", 9, "nil has no order"),
        ("{ .a + nil = 1 }", 8, "+ takes numbers"),
        ('{ .a + "x" = 1 }', 8, "+ takes numbers"),
        ('{ .a = "x" || "y" }', 15, "write a whole condition at each side"),
        ("{ !1 }", 4, "! takes booleans"),
        ("{ duration =~ `1.*` }", 3, "=~ matches strings"),
        ("{ .a =~ .b }", 9, "takes a pattern in quotes"),
        ('{ .a =~ "[" }', 9, "is no pattern of RE2"),
        ('{ .a =~ ["b", "["] }', 15, "is no pattern of RE2"),
        ("{ .a > [1] }", 8, "> doesn't take a list"),
        ("{ [1] = .a }", 3, "a list stands only at the right"),
        ('{ duration = ["x"] }', 15, "they can't be compared"),
        ("{ name = nil }", 3, 'name is never nil; did you mean name = ""?'),
        ("{ event:name = nil }", 3, "did you mean !(event:name != nil)?"),
        ("{ resource.service.name = nil }", 3, "never nil"),
        ("{ 1 = nil }", 3, "never nil"),
        ("{ } | by(1 + 2)", 10, "name an attribute"),
        ("{ } | max(1) > 1", 11, "name an attribute"),
        ("{ } | max(name) > 1", 11, "name is a string"),
        ("{ } | sort(1)", 12, "name an attribute"),
        ("{ } | sort(name) | { }", 7, "sort() is the last stage"),
        ("{ } | sort(name) | sort(kind)", 7, "sort() is the last stage"),
        ("({ } | sort(name)) && { }", 8, "belongs to the outermost pipeline"),
        ("{ } | sort(name) | rate()", 7, "belongs to the outermost pipeline"),
        ("!{ } >> { }", 1, "join them with &&"),
        ("{ } | rate() by (.a, .b, .c, .d, .e, .f)", 38, "5 fields at most"),
        ("{ } | quantile_over_time(.a, .5) by (.a, .b, .c, .d, .e)", 54, "4 fields at most"),
        ("{ } | quantile_over_time(.a, -.5)", 7, "between 0 and 1"),
        ("{ } | avg_over_time(name)", 21, "takes numbers"),
        ("{ } | rate() | topk(0)", 16, "takes 1 or more"),
        ("{ } | compare({ }, 0)", 7, "1 value or more"),
        ("{ } | compare({ }, 1, 5, 4)", 7, "must end after it starts"),
        ("{ } | compare({ name })", 17, "the condition in braces is a string"),
        ("{ } | compare({ }) | topk(1)", 7, "can't be filtered or ranked"),
        ("({ } | compare({ })) * 2", 8, "can't be calculated with"),
        ("{ } | rate() with(sample=2)", 26, "more than 0 and at most 1"),
        ('{ } with(most_recent="yes")', 22, "most_recent is true or false"),
        ("{ } | rate() with(exemplars=-1)", 29, "true, false or how many"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(text, column, message):
    query = parse(text)
    with pytest.raises(TraceqlError) as error:
        read(text)
    assert query
    assert message in str(error.value)
    assert error.value.column == column
