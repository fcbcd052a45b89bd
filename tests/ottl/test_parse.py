"""The grammar: what is written is read, and what can't be read is told with its place and a way out."""

import pytest
from hypothesis import given

from otelier.ottl import ParseError, parse_condition, parse_expression, parse_statement

from .trees import conditions, statements, values


@given(statements())
def test_a_printed_statement_reads_as_itself(tree):
    assert repr(_plain(parse_statement(str(tree)))) == repr(_plain(tree))


@given(conditions())
def test_a_printed_condition_reads_as_itself(tree):
    assert repr(_plain(parse_condition(str(tree)))) == repr(_plain(tree))


@given(values())
def test_a_printed_value_reads_as_itself(tree):
    assert repr(_plain(parse_expression(str(tree)))) == repr(_plain(tree))


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a == 1 or b == 2 and not c == 3", "a == 1 or (b == 2 and not (c == 3))"),
        ("not a == 1 and b == 2", "not (a == 1) and b == 2"),
        ("not (a == 1 and b == 2)", "not (a == 1 and b == 2)"),
        ("(a == 1 or b == 2) and c == 3", "(a == 1 or b == 2) and c == 3"),
        ("(1 + 2) * a == 9", "(1 + 2) * a == 9"),
        ("1 + 2 * a - 3 == 4", "(1 + (2 * a)) - 3 == 4"),
        ("-a * 2 == -2", "-(a) * 2 == -2"),
        ("(((a))) == 1", "a == 1"),
        ('IsMatch(name, "^x") == true', 'IsMatch(name, "^x") == true'),
        ("true or false", "true or false"),
        ("a==1and b!=2", "a == 1 and b != 2"),
    ],
)
def test_not_binds_before_and_before_or_and_products_before_sums(text, grouped):
    assert str(parse_condition(text)) == grouped


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a\n\t\"\\\x41\101é"', 'a\n\t"\\AAé'),
        (r'"\xc3\xa9"', "é"),
        ('"two\nlines"', "two\nlines"),
        ("0x0aFF", b"\x0a\xff"),
        (".5", 0.5),
        ("1.5e-3", 0.0015),
        ("-9223372036854775808", -(2**63)),
        ("+7", 7),
        ("nil", None),
        ("false", False),
    ],
)
def test_literals(text, value):
    found = parse_expression(text).value
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'column 1: expected an editor, such as `set(name, "x")`, got the end'),
        ("name", 'column 1: expected an editor, such as `set(name, "x")`, got `name`'),
        ("Set(name, 1)", "column 1: `Set` is a converter; a statement begins with an editor, such as `set(…)`"),
        ("set(name, 1) if a == 1", "column 14: expected `where` or the end, got `if`; did you mean `where`?"),
        ("set(name 1)", "column 10: expected `,` or `)`, got `1`"),
        ("set(name, 1", "column 12: expected `,` or `)`, got the end"),
        ("set(name, 'x')", "column 11: write strings in double quotes"),
        ('set(name, "x)', "column 11: this string has no closing quote"),
        (r'set(name, "\d")', r"column 12: `\d` is no escape; write `\\d` for a backslash and `d`"),
        ("set(name, None)", "column 11: did you mean `nil`?"),
        ("set(a = 1, 2)", "column 12: after a named argument, the others need their names, too"),
        ("set(name, upper(name))", "column 11: `upper` is an editor"),
        ("set(name, 1) where a", "column 20: `a` is a value, expected a condition: compare it"),
        ("set(name, 1) where a = 1", "column 22: `=` gives an argument its name; compare with `==`"),
        ("set(name, 1) where a == 1 && b == 2", "column 27: did you mean `and`?"),
        ("set(name, 1) where a == 1 == 2", "column 27: comparisons can't be chained"),
        ("set(name, 1) where (a == 1", "column 27: expected `)`, got the end"),
        ("set(name, 1) where a == 1 )", "column 27: expected the end, got `)`"),
        ("set(name, 1) where (a == 1) + 2 == 3", "column 20: expected a value, got a condition"),
        ('set(name, 1 + "a")', 'column 15: `"a"` can\'t be calculated with'),
        ("set(name, 99999999999999999999)", "column 11: `99999999999999999999` doesn't fit into 64 bits"),
        ("set(name, 0xabc)", "column 11: bytes have two hexadecimal digits each"),
        ("set(name, a.B)", "column 13: expected a field's name"),
        ("set(\n  name,\n  a &&)", "line 3, column 5: did you mean `and`?"),
        ("set(a, " + "(" * 60 + "1", "nested more than 50 deep"),
        ('set(a, "\\ud800")', "column 9: `\\ud800` is no character"),
    ],
)
def test_a_mistake_is_told_with_its_place(text, message):
    with pytest.raises(ParseError) as error:
        parse_statement(text)
    assert message in str(error.value)


def _plain(node):
    """Without places, so that types of constants count: 1 is not 1.0."""
    if isinstance(node, tuple):
        return tuple(map(_plain, node))
    if hasattr(node, "__dataclass_fields__"):
        return (type(node), *(_plain(getattr(node, name)) for name in node.__dataclass_fields__ if name != "at"))
    return node
