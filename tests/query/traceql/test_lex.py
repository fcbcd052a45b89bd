"""Words: what a literal is worth, where a name ends."""

import pytest

from otelier.query.traceql import TraceqlError, ast, parse


def value(text):
    return parse(f"{{ .a = {text} }}").root.stages[0].condition.right


def field(text):
    return parse(f"{{ {text} = 1 }}").root.stages[0].condition.left


@pytest.mark.parametrize(
    ("text", "worth", "type_"),
    [
        (r'"a\"\\\n\x41\101é"', 'a"\\\nAAé', "string"),
        ('`a\\n"b`', 'a\\n"b', "string"),
        ("12", 12, "int"),
        ("-12", -12, "int"),
        ("minInt", -(2**63), "int"),
        ("maxInt", 2**63 - 1, "int"),
        (".99", 0.99, "float"),
        ("1e3", 1000.0, "float"),
        ("2.", 2.0, "float"),
        ("1h30m", 5_400_000_000_000, "duration"),
        ("1.5s", 1_500_000_000, "duration"),
        ("10us", 10_000, "duration"),
        ("10µs", 10_000, "duration"),
        ("100ns", 100, "duration"),
        ("1d", 86_400_000_000_000, "duration"),
        ("1y1w", 372 * 86_400_000_000_000, "duration"),
        ("-2ms", -2_000_000, "duration"),
        ("1s1h", 3_601_000_000_000, "duration"),
        ("true", True, "bool"),
        ("error", 2, "status"),
        ("unset", 0, "status"),
        ("consumer", 5, "kind"),
        ("unspecified", 0, "kind"),
        ("nil", None, "nil"),
    ],
)
def test_a_literal_has_a_worth_and_a_type(text, worth, type_):
    assert value(text) == ast.Constant(worth, type_)


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        (".a", ast.Attribute("any", "a")),
        ("span.http.method", ast.Attribute("span", "http.method")),
        ("resource.a-b+c*d/e", ast.Attribute("resource", "a-b+c*d/e")),
        ('span."odd name"', ast.Attribute("span", "odd name")),
        ('span.a."b c".d', ast.Attribute("span", "a.b c.d")),
        (r'."a\"b\\"', ast.Attribute("any", 'a"b\\')),
        ("event.a", ast.Attribute("event", "a")),
        ("link.a", ast.Attribute("link", "a")),
        ("instrumentation.a", ast.Attribute("instrumentation", "a")),
        ("parent.a", ast.Attribute("any", "a", parent=True)),
        ("parent.span.a", ast.Attribute("span", "a", parent=True)),
        ("parent.resource.a", ast.Attribute("resource", "a", parent=True)),
        ("parent.spanner.a", ast.Attribute("any", "spanner.a", parent=True)),
        ("parent.event.a", ast.Attribute("any", "event.a", parent=True)),
        (".span.a", ast.Attribute("any", "span.a")),
        (".名前", ast.Attribute("any", "名前")),
    ],
)
def test_a_name_runs_to_a_space_a_bracket_or_an_operator(text, attribute):
    assert field(text) == attribute


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ('"a', 8, "no closing quote"),
        ("`a", 8, "no closing quote"),
        ("'a'", 8, 'double quotes, or in back-quotes: "text"'),
        (r'"\q"', 9, r"\q is no escape"),
        (r'"\xff"', 9, "not UTF-8"),
        (r'"\400"', 9, "more than a byte"),
        (r'"\ud800"', 9, "no character"),
        ("5sec", 8, "units are ns, us, ms, s, m, h, d, w, y"),
        ("1d1.5h", 8, "write whole numbers from years down"),
        ("0x10", 8, "decimal"),
        ("1_000", 8, "without _"),
        ("9223372036854775808", 8, "64 bits; write 9223372036854775808.0"),
        ("99999999999999999999", 8, "too large"),
        ("1e999", 8, "too large"),
        ("300y", 8, "too large"),
        ("#", 8, "no comments"),
        ("$", 8, "means nothing"),
    ],
)
def test_what_is_no_literal_is_told_with_its_place(text, column, message):
    with pytest.raises(TraceqlError) as error:
        value(text)
    assert error.value.column == column
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".", "an attribute's name follows ."),
        ("span.", "an attribute's name follows span."),
        (".5xx", 'a name that begins with a digit needs quotes, as in ."5xx"'),
        ('span."a', "this quoted name has no closing quote"),
        (r'span."a\n"', r"only \" and \\ are escapes"),
    ],
)
def test_what_is_no_name_is_told(text, message):
    with pytest.raises(TraceqlError, match="line 1, column 3") as error:
        field(text)
    assert message in str(error.value)


def test_lines_and_columns_count_from_one():
    with pytest.raises(TraceqlError) as error:
        parse('{ .a = "x" &&\n  .b == 1 }')
    assert (error.value.line, error.value.column, error.value.offset) == (2, 7, 20)
    assert str(error.value) == "line 2, column 7: expected a field or a value, got =; did you mean =?"
