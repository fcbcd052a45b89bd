"""Whatever somebody types is read, or refused with a place that is in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.query.traceql import TraceqlError, parse, read, written
from otelier.query.traceql.complete import complete
from otelier.query.traceql.half_typed import conditions

from .trees import queries

_PIECES = [
    "{", "}", "(", ")", "[", "]", ",", "|", "||", "&&", "&", "!", "=", "==", "!=", "=~", "!~", "<", ">", ">>",
    "!>>", "&<<", "~", "+", "-", "*", "/", "%", "^", ":", ".", '"', "`", "\\", "'", ".a", "span.", "span.a",
    'span."b c"', "parent.", "event.x", "parent.span.a", "span:", "span:duration", "trace:rootName", "status",
    "error", "nil", "true", "name", "kind", "minInt", "1", "1.5", "10ms", "1d", "5xx", "9223372036854775808",
    "1e999", '"text"', "`raw`", "count()", "max(.a)", "by(", "select(", "coalesce()", "sort(", "desc",
    "rate()", "quantile_over_time(", "compare(", "topk(1)", "with(", "sample=0.1", " ", "\n", "é",
]  # fmt: skip
_pieces = st.lists(st.sampled_from(_PIECES), max_size=14).map("".join)


def survives(text):
    try:
        query = read(text)
    except TraceqlError as error:
        assert 0 <= error.offset <= len(text)
        assert error.line >= 1 and error.column >= 1
        assert str(error)
    else:
        assert parse(written(query)) == query
    assert complete(text).start <= len(text)
    assert conditions(text)


@given(st.text())
def test_any_text(text):
    survives(text)


@given(st.text())
def test_any_text_in_braces(text):
    survives(f"{{ {text} }}")


@given(_pieces)
def test_any_words(text):
    survives(text)


@given(queries(), st.data())
def test_any_slip_of_the_hand(query, data):
    text = written(query)
    at = data.draw(st.integers(0, len(text)))
    to = data.draw(st.integers(at, min(len(text), at + 5)))
    survives(text[:at] + data.draw(_pieces) + text[to:])


@given(queries(), st.data())
def test_any_half_of_a_query(query, data):
    text = written(query)
    survives(text[: data.draw(st.integers(0, len(text)))])


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", '"\ud800\\n"', "{ .\ud800 = 1 }", '{ .a = "\ud800\\n" }', "{ .a = '\U0001f600' }"]
)
def test_texts_that_are_no_texts(text):
    try:
        read(text)
    except TraceqlError as error:
        assert error.line == 1
