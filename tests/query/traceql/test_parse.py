"""The grammar: what binds to what, and what can't be read is told with the nearest right form."""

import pytest

from otelier.query.traceql import TraceqlError, ast, parse, parse_field, read, written
from otelier.query.traceql.tree import walk


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("{ .a || .b && .c }", "{ (.a || .b) && .c }"),
        ("{ .a && .b || .c && .d }", "{ ((.a && .b) || .c) && .d }"),
        ("{ .a && (.b || .c) }", "{ .a && (.b || .c) }"),
        ("{ .a + 1 = 2 && .b }", "{ (.a + 1) = 2 && .b }"),
        ("{ .a + 2 * 3 = 1 }", "{ (.a + (2 * 3)) = 1 }"),
        ("{ .a - 2 - 3 = 1 }", "{ ((.a - 2) - 3) = 1 }"),
        ("{ .a ^ 2 ^ 3 = 1 }", "{ (.a ^ (2 ^ 3)) = 1 }"),
        ("{ -.a * 2 = 1 }", "{ (-(.a * 2)) = 1 }"),
        ("{ -.a + 2 = 1 }", "{ ((-.a) + 2) = 1 }"),
        ("{ -2 * .a = 1 }", "{ (-(2 * .a)) = 1 }"),
        ("{ !.a = .b }", "{ (!.a) = .b }"),
        ("{ !.a * 2 = 1 }", "{ (!(.a * 2)) = 1 }"),
        ("{ 1 < .a = true }", "{ (1 < .a) = true }"),
        ("{ } || { .a } && { .b }", "({ } || { .a }) && { .b }"),
        ("{ } && { .a } >> { .b }", "{ } && ({ .a } >> { .b })"),
        ("{ } >> { .a } > { .b }", "({ } >> { .a }) > { .b }"),
        ("!{ } && { .a }", "(!{ }) && { .a }"),
        ("!{ } ~ { .a }", "(!{ }) ~ { .a }"),
        ("max(.a) + 2 * min(.b) > 1", "(max(.a) + (2 * min(.b))) > 1"),
        ("({ } | rate()) * 100 + 5 > 1", "((({ } | rate()) * 100) + 5) > 1"),
    ],
)
def test_operators_bind_as_in_tempo(text, grouped):
    assert parse(text) == parse(grouped)


def test_a_chain_without_parentheses_is_flat():
    condition = parse("{ .a || .b || .c }").root.stages[0].condition
    assert [operand.name for operand in condition.operands] == ["a", "b", "c"]


def test_nodes_know_where_they_begin():
    text = '{ .a = 1 } | by(span.b) | max( duration ) > 5s | { (name =~ "x") }'
    for node in walk(parse(text)):
        assert text[node.at] in '{.1bsmdm5n"('


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (
            '{resource.service.name="my-service-prod" && status: error && span.http.target="/api/v1/coupon"}',
            "status = error",
        ),
        ("{ status:error }", "status = error"),
        ("{ status = eror }", "error"),
        ("{ status = STATUS_CODE_ERROR }", "error"),
        ("{ kind = SPAN_KIND_SERVER }", "server"),
        ("{ error }", "status = error"),
        ("{ client }", "kind = client"),
        ('{ status = "error" }', "error"),
        ('{ duration > "5s" }', "5s"),
        ("{ name = 500 }", '"500"'),
        ("{ name = server }", '"server"'),
        ("{ .a = foo }", '"foo"'),
        ("{ .a = NULL }", "nil"),
        ("{ .a = True }", "true"),
        ("{ duraton > 1s }", "duration"),
        ("{ attribute = 4 }", ".attribute"),
        ("{ http.status_code = 500 }", "span.http.status_code"),
        ('{ service.name = "x" }', "resource.service.name"),
        ('{ error.type = "x" }', "span.error.type"),
        ('{ name.first = "x" }', "span.name.first"),
        ('{ service = "x" }', "resource.service.name"),
        ('{ traceID = "x" }', "trace:id"),
        ("{ childCount = 1 }", "span:childCount"),
        ("{ span .a = 1 }", "span.a"),
        ("{ trace:status = error }", "span:status"),
        ('{ trace:rootServiceName = "a" }', "trace:rootService"),
        ('{ resource:service = "a" }', "resource.service"),
        ("{ .a == 1 }", "="),
        ("{ .a <> 1 }", "!="),
        ("{ .a = 1 and .b = 2 }", "&&"),
        ("{ .a = 1, .b = 2 }", "&&"),
        ("{ .a = 1 | .b = 2 }", "||"),
        ("{ not .a }", "!"),
        ('{ .a in ("x") }', '= ["a", "b"]'),
        ('{ .a like "x" }', '=~ ".*text.*"'),
        ("{ .a } or { .b }", "||"),
        ("{ } == 10", "="),
        ("{ } rate()", "| rate(…)"),
        ("{ } | cuont() > 1", "count"),
        ("{ } | order_by(duration)", "sort"),
        ("{ } | count > 1", "count()"),
        ("{ } | rate", "rate()"),
        ("{ } | rate() by .a", "by (…)"),
        ("{ } | quantile_over_time(duration, 99)", "0.99"),
    ],
)
def test_an_error_tells_the_nearest_right_form(text, form):
    with pytest.raises(TraceqlError) as error:
        read(text)
    assert error.value.hint == f"did you mean {form}?"
    assert str(error.value).endswith(f"; did you mean {form}?")


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "expected spans in braces"),
        ("status = error", 1, "conditions stand in braces: { status … }"),
        (".a = 1", 1, "conditions stand in braces: { .a … }"),
        ("{ .a = 1", 9, "the query ends before all is closed"),
        ("({ } | count()", 15, "a parenthesis is still open"),
        ("{ } }", 5, "nothing was opened that } could close"),
        ("{ } | count()", 7, "compare it, as in count() > 1"),
        ("{ } | count() | { }", 7, "compare it, as in count() > 1"),
        ("3 = 2", 3, "one side has to be about spans"),
        ("{ } > 10", 5, "count them"),
        ("{ } + { }", 5, "not for spans"),
        ("{ } = { }", 5, "doesn't relate spans"),
        ("count() > 3 && { }", 13, "use a pipe"),
        ("max(.a) > ok", 11, "expected a number to compare with"),
        ("coalesce()", 1, "can't be the first stage"),
        ("rate()", 1, "rate() stands behind spans"),
        ("{ rate() > 1 }", 3, "stands behind a pipe"),
        ("{ } | topk(1)", 7, "topk() stands behind metrics"),
        ("{ } | rate() + 5", 14, "put them in parentheses"),
        ("{ } | rate() | { }", 16, "expected topk(n) or bottomk(n)"),
        ("{ } | rate() | topk(-1)", 21, "a whole number"),
        ("({ } | rate()) % 2", 16, "there are + - * /"),
        ("({ } | rate()) * 2s", 16, "durations can't be calculated with"),
        ("({ } | rate()) * (1 / 0)", 23, "division by zero"),
        ("({ } | rate()) > ({ } | rate())", 18, "compared with a number"),
        ("({ } | rate()) >> { }", 16, ">> can't be applied to series"),
        ("({ } | rate()) + count()", 16, "only be calculated with other series"),
        ("{ } | quantile_over_time(duration)", 34, "a quantile"),
        ("{ } | max_over_time()", 21, "needs a field"),
        ("{ } | select(1)", 14, "expected a field"),
        ("{ } | select(.a", 16, "expected , or )"),
        ("{ } | max() > 1", 11, "needs what to take"),
        ("{ } | count(.a) > 1", 13, "counts spans"),
        ("{ } with(1)", 10, "a hint"),
        ("{ } | compare({ }, 10, 5)", 7, "a start and an end"),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(text, column, message):
    with pytest.raises(TraceqlError) as error:
        parse(text)
    assert message in str(error.value)
    assert error.value.column == column


@pytest.mark.parametrize(
    "text",
    [
        "{ " + "(" * 9999,
        "{ " + "-" * 9999 + "1",
        "{ " + "!" * 9999,
        "{ 1" + "^2" * 9999,
        "{ 1" + "+2" * 9999 + " = 1 }",
        "(" * 9999,
        "!" * 9999 + "{}",
        "{}" + " >> {}" * 9999,
        "({}|rate())" + "+1" * 9999,
        "count() > 1" + "+1" * 9999,
    ],
)
def test_a_query_that_is_too_deep_is_refused(text):
    with pytest.raises(TraceqlError, match=r"deep|inside of each other"):
        parse(text)


def test_many_conditions_are_not_deep():
    query = read("{ " + " || ".join(f".a = {number}" for number in range(2_000)) + " }")
    assert len(query.root.stages[0].condition.operands) == 2_000


def test_a_query_that_is_too_long_is_refused():
    with pytest.raises(TraceqlError, match="at most 131072"):
        parse("{ }" + " " * 131_072)


def test_hints_stand_at_the_end():
    hints = parse("{ } | rate() with(sample=0.1, most_recent=true)").hints
    assert hints == (
        ast.Hint("sample", ast.Constant(0.1, "float")),
        ast.Hint("most_recent", ast.Constant(True, "bool")),
    )


def test_a_number_of_a_pipeline_may_be_compared():
    query = read("({ .a } | count()) > ({ .b } | count())")
    assert written(query.root.stages[0].left) == "({ .a } | count())"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("resource.service.name", ast.Attribute("resource", "service.name")),
        (".a", ast.Attribute("any", "a")),
        ('event."odd key"', ast.Attribute("event", "odd key")),
        ("span:kind", ast.Intrinsic("kind")),
        ("status", ast.Intrinsic("status")),
    ],
)
def test_a_field_alone_is_read(text, field):
    assert parse_field(text) == field


@pytest.mark.parametrize("text", ["", "a", ".a .b", ".a = 1", "1", '"a"', "true", "{ .a }", 'span."a'])
def test_what_is_no_field_alone_is_refused(text):
    with pytest.raises(TraceqlError):
        parse_field(text)


@pytest.mark.parametrize("word", ["nil", "true", "false"])
def test_a_value_where_a_field_should_be_is_not_told_as_what_was_meant(word):
    with pytest.raises(TraceqlError, match=f"{word} is a value, and here stands a field") as error:
        read(f"{{ }} | select({word})")
    assert "did you mean" not in str(error.value)
