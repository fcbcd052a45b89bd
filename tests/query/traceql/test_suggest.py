"""Half-typed queries are completed with the names and values that spans have."""

import pytest

from otelier.query.traceql.found import Window
from otelier.query.traceql.suggest import suggest
from otelier.testing.telemetry import START_NS, span, traces

from .decoded import traces as decoded
from .metrics.counting import Counting

SPANS = traces(
    span("GET /a", number=1, attributes={"http.method": "GET", "http.route": "/a", "odd name": 'x"y', "n": 5}),
    span("POST /b", number=2, attributes={"http.method": "POST", "n": "five.*"}),
    span("late", number=3, start_ns=START_NS + 100, attributes={"http.late": True}),
    resource={"service.name": "shop", "http.host": "h"},
)
WINDOW = Window(START_NS, START_NS + 50)


def suggested(text, kind, limit=100):
    found = suggest(text, len(text), Counting(decoded([SPANS])), "t", WINDOW, limit)
    return found.start, [each.text for each in found.suggestions if each.kind == kind]


@pytest.mark.parametrize(
    ("text", "start", "names"),
    [
        ("{ span.http", 2, ["span.http.method", "span.http.route"]),
        ("{ .http", 2, [".http.host", ".http.method", ".http.route"]),
        ("{ resource.", 2, ["resource.http.host", "resource.service.name"]),
        ("{ span.odd", 2, ['span."odd name"']),
        ('{ span."odd n', 2, ['span."odd name"']),
        ("{ parent.span.http.r", 2, ["parent.span.http.route"]),
        ("{ } | rate() by (span.n", 17, ["span.n"]),
        ("{ event.", 2, []),
    ],
)
def test_names_of_attributes(text, start, names):
    assert suggested(text, "attribute") == (start, names)


@pytest.mark.parametrize(
    ("text", "start", "values"),
    [
        ("{ span.http.method = ", 21, ['"GET"', '"POST"']),
        ('{ span.http.method = "P', 21, ['"POST"']),
        ("{ name =~ `GET", 10, ['"GET /a"']),
        ("{ span.n = ", 11, ['"five.*"', "5"]),
        ('{ span.n = "', 11, ['"five.*"']),
        ('{ span.n = "five.', 11, ['"five.*"']),
        ('{ span.n = "fiveX', 11, []),
        ('{ span."odd name" = ', 20, [r'"x\"y"']),
        ('{ span.http.method = "GET" && name = ', 37, ['"GET /a"']),
        ('{ span.http.method = "none" && name = ', 38, []),
        ("{ span.http.late = ", 19, []),
        ("{ duration > ", 13, []),
        ("{ status = ", 11, []),
    ],
)
def test_values_of_spans_that_fulfil_what_is_before(text, start, values):
    assert suggested(text, "value") == (start, values)


def test_not_more_than_asked_for():
    assert len(suggested("{ .", "attribute", limit=2)[1]) == 2
    assert len(suggested("{ name = ", "value", limit=1)[1]) == 1


def test_words_come_with_them():
    found = suggest("{ status = e", 12, Counting([]), "t", WINDOW, 10)
    assert [each.text for each in found.suggestions][:1] == ["error"]
    assert ("nil", "constant") in suggest("{ span.a = ", 11, Counting([]), "t", WINDOW, 10).suggestions
