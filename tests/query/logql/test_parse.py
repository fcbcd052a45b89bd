"""LogQL is read as it is meant, and what is none is told with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.query.logql import ast
from otelier.query.logql.errors import LogqlError
from otelier.query.logql.formats import template
from otelier.query.logql.lex import duration_ns, size_bytes
from otelier.query.logql.parse import parse

MINUTE_NS = 60 * 10**9
SHOP = (ast.Matcher("service_name", "=", "shop"),)


def stages(text: str) -> tuple[ast.Stage, ...]:
    query = parse('{service_name="shop"} ' + text)
    assert isinstance(query, ast.LogQuery)
    assert query.matchers == SHOP
    return query.stages


def test_a_selector_has_any_number_of_matchers():
    assert parse("{}") == ast.LogQuery(())
    assert parse('{a="1", b!=`2`, c=~"3.*", d!~"4",}') == ast.LogQuery(
        (
            ast.Matcher("a", "=", "1"),
            ast.Matcher("b", "!=", "2"),
            ast.Matcher("c", "=~", "3.*"),
            ast.Matcher("d", "!~", "4"),
        )
    )


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ('|= "작업"', ast.LineFilter("|=", ("작업",))),
        ('!= "a" or `b\\n`', ast.LineFilter("!=", ("a", "b\\n"))),
        ('|~ "a\\\\d"', ast.LineFilter("|~", ("a\\d",))),
        ('!~ "x"', ast.LineFilter("!~", ("x",))),
        ('| words "결제 실패"', ast.WordFilter("결제 실패")),
        ("| json", ast.Json()),
        (
            '| json first="a.b[0]", ua="headers[\\"user-agent\\"]", c',
            ast.Json((("first", ("a", "b", 0)), ("ua", ("headers", "user-agent")), ("c", ("c",)))),
        ),
        ('| logfmt --strict --keep-empty a="b", c', ast.Logfmt((("a", "b"), ("c", "c")), True, True)),
        ('| status="500"', ast.LabelFilter(ast.Matcher("status", "=", "500"))),
        ("| status >= 500", ast.LabelFilter(ast.NumberTest("status", ">=", 500, "number"))),
        ("| status = -1.5", ast.LabelFilter(ast.NumberTest("status", "==", -1.5, "number"))),
        ("| took > 1m30s", ast.LabelFilter(ast.NumberTest("took", ">", 90, "duration"))),
        ("| size < 1.5KiB", ast.LabelFilter(ast.NumberTest("size", "<", 1536, "bytes"))),
        (
            '| a="1" or b="2" and c="3", d="4"',
            ast.LabelFilter(
                ast.Either(
                    [
                        ast.Matcher("a", "=", "1"),
                        ast.Both([ast.Matcher(name, "=", value) for name, value in zip("bcd", "234", strict=True)]),
                    ]
                )
            ),
        ),
        ('| line_format "{{.a | upper}}: {{ __line__ }}"', ast.LineFormat(template("{{.a | upper}}: {{ __line__ }}"))),
        ('| label_format to=from, x="{{.y}}!"', ast.LabelFormat((("to", "from"), ("x", template("{{.y}}!"))))),
        ('|> "<_> failed" or "x"', ast.LineFilter("|>", ("<_> failed", "x"))),
        ('!> "GET <_>"', ast.LineFilter("!>", ("GET <_>",))),
        ('|= ip("10.0.0.0/8") or "x"', ast.LineFilter("|=", (ast.Ip("10.0.0.0/8"), "x"))),
        ('| addr != ip("::1")', ast.LabelFilter(ast.IpTest("addr", "!=", ast.Ip("::1")))),
        ('| pattern "<a> <_>"', ast.Pattern("<a> <_>")),
        ('| regexp "(?P<a>x)"', ast.Regexp("(?P<a>x)")),
        ("| unpack", ast.Unpack()),
        ("| decolorize", ast.Decolorize()),
        ('| drop __error__, a="x"', ast.Drop(("__error__", ast.Matcher("a", "=", "x")))),
        ("| keep a, b", ast.Keep(("a", "b"))),
    ],
)
def test_stages(text: str, stage: ast.Stage):
    assert stages(text) == (stage,)


def test_names_of_stages_can_be_labels():
    assert stages('| json="x" | drop="y"') == (
        ast.LabelFilter(ast.Matcher("json", "=", "x")),
        ast.LabelFilter(ast.Matcher("drop", "=", "y")),
    )


def test_a_range_may_stand_behind_the_selector_or_the_stages():
    query = ast.LogQuery(SHOP, (ast.LineFilter("|=", ("x",)), ast.Json()))
    expected = ast.RangeAggregation("rate", query, 5 * MINUTE_NS, 60 * MINUTE_NS)
    assert parse('rate({service_name="shop"} |= "x" | json [5m] offset 1h)') == expected
    assert parse('rate({service_name="shop"}[5m] offset 1h |= "x" | json)') == expected
    assert parse('rate(({service_name="shop"} |= "x" | json) [5m] offset 1h)') == expected


def test_groupings_stand_in_front_or_behind():
    rate = ast.RangeAggregation("rate", ast.LogQuery(SHOP), MINUTE_NS)
    expected = ast.VectorAggregation("sum", rate, ast.Grouping(("a", "b")))
    assert parse('sum by (a, b) (rate({service_name="shop"}[1m]))') == expected
    assert parse('sum(rate({service_name="shop"}[1m])) by (a, b)') == expected
    assert parse('topk without (a) (3, rate({service_name="shop"}[1m]))') == ast.VectorAggregation(
        "topk", rate, ast.Grouping(("a",), without=True), 3
    )


def test_numbers_of_labels_are_unwrapped():
    query = ast.LogQuery(SHOP, (ast.Json(),))
    unwrap = ast.Unwrap("took", "duration", (ast.Matcher("__error__", "=", ""),))
    expected = ast.RangeAggregation("quantile_over_time", query, MINUTE_NS, 0, unwrap, ast.Grouping(("a",)), 0.5)
    text = '{service_name="shop"} | json | unwrap duration(took) | __error__=""'
    assert parse(f"quantile_over_time(0.5, {text} [1m]) by (a)") == expected
    assert parse(f"quantile_over_time(0.5, ({text}) [1m]) by (a)") == expected
    behind = '{service_name="shop"} [1m] | json | unwrap duration(took) | __error__=""'
    assert parse(f"quantile_over_time(0.5, {behind}) by (a)") == expected


def test_many_series_meet_one():
    vector = ast.VectorOf
    on = ast.Grouping(("a",))
    for text, include in [("group_left", ()), ("group_left ()", ()), ("group_left (b, c)", ("b", "c"))]:
        expected = ast.Binary("/", vector(1), vector(2), on=on, many="left", include=include)
        assert parse(f"vector(1) / on (a) {text} vector(2)") == expected
        assert parse(f"vector(1) / on (a) {text} (vector(2))") == expected


def test_operators_bind_as_in_promql():
    number = ast.Number
    assert parse("1 + 2 * 3 ^ 2 ^ 2 > bool 4") == ast.Binary(
        ">",
        ast.Binary(
            "+",
            number(1),
            ast.Binary("*", number(2), ast.Binary("^", number(3), ast.Binary("^", number(2), number(2)))),
        ),
        number(4),
        as_bool=True,
    )
    assert parse("vector(1) or vector(2) and on (a) vector(3)") == ast.Binary(
        "or",
        ast.VectorOf(1),
        ast.Binary("and", ast.VectorOf(2), ast.VectorOf(3), on=ast.Grouping(("a",))),
    )


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", 0, "the query is empty"),
        ("{a=b}", 3, "the value in quotes"),
        ('{service.name="x"}', 8, "label names have `_`"),
        ('{a="x"', 6, "expected `}`"),
        ('{a="x}', 3, "no closing quote"),
        ('{a=~"("}', 4, "no regular expression"),
        ('{a="x"} |= 5', 11, "the text to look for"),
        ('{a="x"} | pattern "<_>"', 18, "needs a name such as"),
        ('{a="x"} | pattern "<a><b>"', 18, "a text between them"),
        ('{a="x"} | pattern "<a> <a>"', 18, "once"),
        ('{a="x"} | regexp "(x)"', 17, "needs a name"),
        ('{a="x"} | regexp "(?P<a>"', 17, "no regular expression"),
        ('{a="x"} | unwrap b', 8, "stands in a range"),
        ('{a="x"} |> "<b>"', 11, "no names, only <_>"),
        ('{a="x"} |~ ip("::1")', 11, "goes with `|=` and `!=`"),
        ('{a="x"} |= ip("10.0.0.300")', 14, "addresses, networks"),
        ('{a="x"} | b > ip("::1")', 14, "goes with `=` and `!=`"),
        ('{a="x"} | label_format b=c, b=d', 28, "made twice"),
        ('{a="x"} | foo', 10, "`foo` is no stage"),
        ('{a="x"} | status >= "500"', 20, "stand without quotes"),
        ('{a="x"} | json b="["', 17, "no path"),
        ('{a="x"} | line_format "{{ .a | ToUper }}"', 22, 'function "ToUper" not defined'),
        ('{a="x"} {b="y"}', 8, "can't follow here"),
        ('rate({a="x"})', 12, "expected the range"),
        ('rate({a="x"}[0s])', 13, "longer than nothing"),
        ('rate({a="x"}[5m]) by (b)', 18, "takes no grouping"),
        ('quantile_over_time({a="x"} | unwrap b [5m])', 19, "the quantile"),
        ('sum_over_time({a="x"}[5m])', 0, "add `| unwrap label`"),
        ('count_over_time({a="x"} | unwrap b [5m])', 0, "leave `unwrap` out"),
        ('sum_over_time({a="x"} | unwrap b [5m]) by (c)', 39, "takes no grouping"),
        ('avg_over_time({a="x"} | unwrap hours(b) [5m])', 31, "no conversion"),
        ('avg_over_time({a="x"} | unwrap b | json [5m])', 35, "only conditions"),
        ('summ(rate({a="x"}[5m]))', 0, "did you mean `sum`?"),
        ('label_replace(rate({a="x"}[5m]), "a", "b", "c", "(")', 48, "no regular expression"),
        ("sum(5)", 0, "takes series"),
        ('topk(0, rate({a="x"}[5m]))', 5, "whole number above 0"),
        ("1 and 2", 2, "takes series on both sides"),
        ("vector(1) / group_left vector(2)", 12, "stands behind `on (…)`"),
        ("vector(1) and on (a) group_left vector(2)", 10, "does not go with it"),
        ("\n  {a='x'}", 6, "double quotes"),
    ],
)
def test_errors_say_what_is_wrong_and_where(text: str, at: int, reason: str):
    with pytest.raises(LogqlError, match="parse error at line") as error:
        parse(text)
    assert reason in str(error.value)
    assert error.value.at == at


def test_errors_count_lines_and_columns():
    with pytest.raises(LogqlError, match="line 2, col 4: "):
        parse("{a=`x`}\n | json b=`[`\n".replace("json b=`[`", "|"))


@given(st.text(alphabet='{}[]()|=!~"`abc_ 15.,msby+-*/^<>#\n작', max_size=60))
def test_whatever_is_asked_is_a_query_or_an_error_with_a_place(text: str):
    try:
        parse(text)
    except LogqlError as error:
        assert 0 <= error.at <= len(text)


def test_parentheses_can_not_exhaust_the_stack():
    with pytest.raises(LogqlError, match="within each other"):
        parse("(" * 5_000 + "1" + ")" * 5_000)
    with pytest.raises(LogqlError, match="within each other"):
        parse("(" * 5_000 + "{}")
    with pytest.raises(LogqlError, match="within each other"):
        parse("sum(" * 90 + "rate({}[5m])" + ")" * 90)
    with pytest.raises(LogqlError, match="within each other"):
        parse("^".join(["1"] * 5_000))


@pytest.mark.parametrize("operator", ["+", " or ", " > ", "*"])
def test_rows_of_operators_can_not_exhaust_the_stack(operator: str):
    with pytest.raises(LogqlError, match="operators in a query"):
        parse(operator.join(["vector(1)"] * 1_000))
    assert parse(operator.join(["vector(1)"] * 250))


@pytest.mark.parametrize(
    "text", ["rate({}[1000000y])", "rate({}[5m] offset 51y)", "rate({}[5m] offset -51y)", "rate({}[999999999999h])"]
)
def test_ranges_and_offsets_beyond_all_logs_are_refused(text: str):
    with pytest.raises(LogqlError, match="is more than 50 years"):
        parse(text)
    assert parse("rate({}[50y] offset -50y)")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{} | took > 5sec", "col 13: `5sec` is no number, no duration such as 5m"),
        ("rate({}[5minutes])", "col 9: `5minutes` is no number"),
        ("{} | unwrap took", "`unwrap` stands in a range, as in sum_over_time"),
    ],
)
def test_what_a_newcomer_writes_is_answered_with_what_to_write(text: str, reason: str):
    with pytest.raises(LogqlError) as refused:
        parse(text)
    assert reason in str(refused.value)


def test_numbers_of_any_length_are_read_or_refused():
    digits = "9" * 400
    assert parse(f"{{}} | a > {digits}") == parse(f"{{}} | a > 0x{'f' * 400}")
    assert parse(f"{{}} | a > {digits}KB")
    with pytest.raises(LogqlError, match="more than 292 years"):
        parse(f"{{}} | a > {digits}h")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1h30m", 5400 * 10**9),
        ("1.5s", 15 * 10**8),
        ("-5m", -300 * 10**9),
        ("0", 0),
        ("5", None),
        ("", None),
        ("9" * 400 + "h", None),
        ("293y", None),
    ],
)
def test_durations(text: str, ns: int | None):
    assert duration_ns(text) == ns


@pytest.mark.parametrize(("text", "size"), [("5KB", 5000), ("1.5 MiB", 1572864), ("7b", 7), ("7", None), ("x", None)])
def test_sizes(text: str, size: float | None):
    assert size_bytes(text) == size
