"""TraceQL's names of tags."""

import pytest

from otelier.api.tempo.names import LISTED, field, words
from otelier.query.traceql import ast, read, written
from otelier.server.request import HttpError


@pytest.mark.parametrize(
    ("name", "scope", "key"),
    [
        ("resource.service.name", "resource", "service.name"),
        ("span.http.status_code", "span", "http.status_code"),
        (".http.url", "any", "http.url"),
        ("event.exception.type", "event", "exception.type"),
        ("link.a", "link", "a"),
        ("instrumentation.a", "instrumentation", "a"),
        ("span.odd key", "span", "odd key"),
        ('span."odd key"', "span", "odd key"),
        (r'span.a."b \"c\" \\".d', "span", 'a.b "c" \\.d'),
    ],
)
def test_attributes(name, scope, key):
    assert field(name) == ast.Attribute(scope, key)


@pytest.mark.parametrize("name", LISTED)
def test_names_mean_what_they_mean_in_a_query(name):
    [comparison] = read(f"{{ {name} != nil }}").root.stages
    assert written(field(name)) == written(comparison.condition.left)


def test_kinds_and_statuses_are_words_and_lists_of_durations_and_ids_help_nobody():
    assert words(field("status")) == words(field("span:status")) == ("error", "ok", "unset")
    assert {"server", "unspecified"} <= set(words(field("kind")))
    assert words(field("duration")) == words(field("trace:id")) == ()
    assert words(field("name")) is words(field("span.status")) is None


@pytest.mark.parametrize("name", ["", "service.name", "span.", ".", "other.a", "span:nothing"])
def test_other_names_are_an_error_that_says_what_there_is(name):
    with pytest.raises(HttpError, match=r"resource\.service\.name") as raised:
        field(name)
    assert raised.value.status == 400
