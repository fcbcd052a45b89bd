"""Reading PromQL: what is understood, and what an error says and where."""

import pytest

from otelier.query.errors import BadQuery
from otelier.query.promql import ParseError, parse, text_of
from otelier.query.promql.ast import Binary, Call, Matcher, Number, Range, Selector, Subquery, Unary


def test_a_name_is_the_first_matcher() -> None:
    assert parse('up{job="a", instance!~"b.*"}') == Selector(
        (Matcher("=", "__name__", "up"), Matcher("=", "job", "a"), Matcher("!~", "instance", "b.*"))
    )


def test_names_and_labels_in_quotes_may_be_any_utf_8() -> None:
    assert parse('{"http.server.duration", "service.name"="x"}') == Selector(
        (Matcher("=", "__name__", "http.server.duration"), Matcher("=", "service.name", "x"))
    )
    assert parse('sum by ("service.name") (up)') == parse("sum(up) by ('service.name')")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000", 1000.0),
        ("0x1F", 31.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("Inf", float("inf")),
    ],
)
def test_numbers_have_many_forms_and_durations_are_numbers(text: str, value: float) -> None:
    assert parse(text) == Number(value)


def test_operators_bind_as_in_arithmetic_and_powers_from_the_right() -> None:
    assert parse("1 + 2 * 3 ^ 2 ^ 2") == parse("1 + 2 * 3 ^ 2 ^ 2")
    power = parse("-2 ^ 2")
    assert isinstance(power, Unary)
    assert isinstance(power.expression, Binary)
    product = parse("-a * b")
    assert isinstance(product, Binary)
    assert product.operator == "*"


def test_modifiers_come_in_any_order() -> None:
    assert parse("a offset 5m @ 10") == parse("a @ 10 offset 5m")
    assert parse("rate(a[5m] @ end() offset -1m)") == parse("rate(a[5m] offset -1m @ end())")


def test_positions_are_those_of_the_text() -> None:
    node = parse("sum( rate(a[5m]) )")
    (call,) = (each for each in [node.expression] if isinstance(each, Call))  # type: ignore[union-attr]
    assert (call.at, call.end) == (5, 16)
    assert isinstance(call.arguments[0], Range)
    assert call.arguments[0].at == 10


def test_an_offset_takes_no_operator_without_parentheses() -> None:
    assert isinstance(parse("a offset 5m + 2m"), Binary)
    assert isinstance(parse("a offset (5m + 2m)"), Selector)


def test_words_of_the_language_may_be_names_of_metrics() -> None:
    for name in ("sum", "fill", "offset", "by", "on", "bool", "start", "anchored", "or"):
        assert parse(name) == Selector((Matcher("=", "__name__", name),)), name
    assert parse("fill + fill(0) other").matching.fill_left == Number(0.0)  # type: ignore[union-attr]


def test_a_subquery_has_a_step_or_the_default() -> None:
    assert parse("max_over_time(a[1h:])") == Call("max_over_time", (Subquery(parse("a"), Number(3600.0)),))
    assert parse("a[1h:30s] @ 5") == Subquery(parse("a"), Number(3600.0), Number(30.0), pinned=5000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: parse error: no expression found in input"),
        (
            "sum(",
            "1:5: parse error: unexpected the end in the expression, expected a metric, function, number or string",
        ),
        (
            "a +\n  * b",
            '2:3: parse error: unexpected "*" in the expression, expected a metric, function, number or string',
        ),
        ("a b", '1:3: parse error: unexpected "b" in the expression, expected an operator or the end'),
        ("rate(a)", '1:6: parse error: expected type range vector in call to function "rate", got instant vector'),
        ("a[5m", '1:5: parse error: unexpected the end in subquery or range selector, expected ":" or "]"'),
        ("foo(a)", '1:1: parse error: unknown function with name "foo"'),
        ("1 > 2", "1:1: parse error: comparisons between scalars must use BOOL modifier"),
        ('{a=""}', "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ('a{b~"c"}', '1:4: parse error: unexpected character "~": write "=~" for a regular expression'),
        ('a{b=~"("}', "1:6: parse error: error parsing regexp: missing ): (: `(`"),
        ("a[5m] offset 1m offset 1m", "1:17: parse error: offset may not be set multiple times"),
        ("topk(a)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1"),
        ("a and on(x) group_left b", '1:13: parse error: no grouping allowed for "and" operation'),
        ("5m10h", '1:1: parse error: not a valid duration string: "5m10h": units go from large to small, each once'),
        ("a && b", '1:3: parse error: unexpected character "&": did you mean "and" or "or"?'),
        ("a[0s]", "1:3: parse error: duration must be greater than 0"),
        ('"x', '1:1: parse error: unterminated quoted string: it begins with " and has no end'),
    ],
)
def test_an_error_says_where_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)

    assert str(caught.value) == message


def test_nesting_has_a_limit() -> None:
    with pytest.raises(BadQuery, match="nested"):
        parse("(" * 500 + "1" + ")" * 500)


@pytest.mark.parametrize("operator", [" or ", "+", " and on() ", "*"])
def test_a_row_of_operators_has_a_limit(operator: str) -> None:
    with pytest.raises(BadQuery, match="in a row"):
        parse(operator.join(["up"] * 1000))
    assert parse(operator.join(["up"] * 250))
    for length in ("up[{}]", "up offset ({})", "up[5m:{}]", "up[{}:1m]"):
        with pytest.raises(BadQuery, match="between lengths of time"):
            parse(length.format("+".join(["1s"] * 1000)))
    sides = operator.join(["up"] * 200)
    assert parse(f"({sides}){operator}({sides})")


def test_what_was_read_is_written_on_one_line() -> None:
    text = 'sum  by(job)(\n rate(x{a="b"}[300]) ) /ignoring(c) group_left y'
    assert text_of(parse(text)) == 'sum by (job) (rate(x{a="b"}[5m])) / ignoring (c) group_left () y'
