"""Strings between quotes, as Go writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.component.go_text import BadEscape, quoted, unescaped


@given(st.text(st.characters(codec="utf-8")))
def test_what_is_quoted_is_meant(text):
    assert unescaped(quoted(text)[1:-1]) == text


@given(st.text())
def test_any_text_is_meant_or_refused(text):
    try:
        unescaped(text)
    except BadEscape as error:
        assert 0 <= error.at <= len(text)


@pytest.mark.parametrize(
    ("inside", "meant"),
    [(r"\a\b\f\n\r\t\v", "\a\b\f\n\r\t\v"), (r"\xc3\xa9\303\251", "éé"), (r"é\U0001F600", "é😀"), ("a`'b", "a`'b")],
)
def test_all_escapes_of_go(inside, meant):
    assert unescaped(inside) == meant


def test_the_own_quote_may_be_escaped_only():
    assert unescaped(r"\'", "'") == "'"
    with pytest.raises(BadEscape):
        unescaped(r"\'")


@pytest.mark.parametrize(
    ("inside", "at"), [("ab\\", 2), (r"a\q", 1), (r"\400", 0), (r"\ud800", 0), (r"\U00110000", 0), (r"\xff", 0)]
)
def test_what_means_nothing_is_told_with_its_place(inside, at):
    with pytest.raises(BadEscape) as error:
        unescaped(inside)
    assert error.value.at == at
