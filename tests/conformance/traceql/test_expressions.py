"""Every expression of the suite: what must be read, what must fail where, and that completion would have offered it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from otelier.query.traceql import TraceqlError, check, parse, read, written
from otelier.query.traceql.complete import complete
from otelier.query.traceql.lex import tokens

pytestmark = pytest.mark.shared

RUN = ("valid", "unsupported")
"""Tempo reads the latter and can't run them; we run them."""


@pytest.fixture(scope="module")
def expressions(shared: Path) -> Mapping[str, Sequence[str]]:
    found = yaml.safe_load((shared / "conformance" / "traceql" / "expressions.yaml").read_text("utf-8"))
    assert {name: len(texts) > 10 for name, texts in found.items()} == dict.fromkeys(
        ("valid", "unsupported", "parse_fails", "validate_fails"), True
    )
    return found


@pytest.mark.parametrize("name", RUN)
def test_what_makes_sense_is_read(expressions, name):
    assert {text: _complaint(text) for text in expressions[name] if _complaint(text)} == {}


def test_what_is_no_traceql_is_refused(expressions):
    assert [text for text in expressions["parse_fails"] if not _complaint(text)] == []


def test_what_makes_no_sense_is_parsed_and_refused(expressions):
    for text in expressions["validate_fails"]:
        query = parse(text)
        with pytest.raises(TraceqlError):
            check(query, text)


@pytest.mark.parametrize("name", [*RUN, "validate_fails"])
def test_what_is_read_is_written_and_read_again(expressions, name):
    for text in expressions[name]:
        query = parse(text)
        assert parse(written(query)) == query


@pytest.mark.parametrize("name", RUN)
def test_each_word_is_offered_before_it_is_written(expressions, name):
    for text in expressions[name]:
        for word in tokens(text)[:-1]:
            shown = text[word.at : word.end]
            if word.kind in ("int", "float", "duration", "string") or shown in ("-", "!", "("):
                continue
            offers = [offer.text for offer in complete(text[: word.at].rstrip() + " " * (word.at > 0)).words]
            fits = word.kind == "attribute" and (shown[0] == "." or any(shown.startswith(each) for each in offers))
            assert fits or any(each.rstrip(" (") == shown for each in offers) or shown in offers, (text, word.at)


def _complaint(text: str) -> str:
    try:
        read(text)
    except TraceqlError as error:
        return str(error)
    return ""
