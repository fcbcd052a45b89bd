"""Half-typed queries: what may come next."""

import pytest

from otelier.query.traceql.ast import Attribute, Intrinsic
from otelier.query.traceql.complete import Names, Values, complete


def offered(text, cursor=None):
    return [word.text for word in complete(text, cursor).words]


@pytest.mark.parametrize(
    ("text", "first", "never"),
    [
        ("", ["{", "(", "!{", "count("], ["rate(", "topk("]),
        ("{ ", ["}", "span.", "resource.", "name", "duration", "status", "event:name", "true"], ["count(", "&&"]),
        ("{ status ", ["=", "!=", "}"], [">", "=~"]),
        ("{ duration ", ["<=", ">", "=", "+"], ["=~", "&&"]),
        ("{ name ", ["=", "=~", "<"], ["+", "&&"]),
        ("{ span.a ", ["=", "=~", "<", "+", "}", "&&"], ["span."]),
        ("{ status = ", ["unset", "ok", "error", "span."], ["server", "true"]),
        ("{ kind != ", ["server", "client", "nil"], ["error"]),
        ("{ span.a = ", ["true", "false", "nil"], ["error"]),
        ("{ .a =~ ", [], ["true", "span."]),
        ("{ .a = 1 ", ["&&", "||", "}"], ["=", "|"]),
        ("{ (.a = 1 ", ["&&", "||", ")"], ["}"]),
        ("{ .a = 1 && ", ["span.", "name"], ["}"]),
        ("{ .a = [", ["true", "error"], ["span."]),
        ("{ } ", ["|", "&&", ">>", "!~", "&<<", "with ("], ["=", ")"]),
        ("({ } ", ["|", "&&", ")"], ["with ("]),
        ("{ } >> ", ["{", "(", "!{"], ["count("]),
        ("{ } | ", ["rate(", "compare(", "count(", "by(", "coalesce(", "{"], ["topk("]),
        ("{ } | by(", ["span.", "name"], ["="]),
        ("{ } | by(name) ", ["|"], ["=", "&&"]),
        ("{ } | select(name ", [",", ")"], ["="]),
        ("{ } | sort(name ", ["desc", "asc", ",", ")"], ["&&"]),
        ("{ } | count(", [")"], ["span."]),
        ("{ } | count() ", [">", "=", "+"], ["|", "&&"]),
        ("{ } | count() > ", ["count(", "("], ["span."]),
        ("{ } | count() > 1 ", ["|", "with ("], ["&&"]),
        ("{ } | rate() ", ["by (", "|", ">", "with ("], ["&&"]),
        ("{ } | rate() by (", ["span.", "name"], [")"]),
        ("{ } | rate() by (name) ", ["|", ">"], ["by ("]),
        ("{ } | rate() | ", ["topk(", "bottomk("], ["{", "rate("]),
        ("({ } | rate()) ", ["|", "*", ">"], ["by ("]),
        ("({ } | rate()) * ", ["(", "{"], ["span."]),
        ("{ } | compare(", ["{"], ["span."]),
        ("{ } with (", ["most_recent", "sample"], ["true"]),
        ("{ } with (sample ", ["="], ["true"]),
        ("{ } with (sample=", ["true", "false"], ["sample"]),
        ("{ ??? = && ", ["span.", "name"], []),
    ],
)
def test_what_may_come_next(text, first, never):
    words = offered(text)
    assert [word for word in words if word in first] == [word for word in first if word in words]
    assert set(first) <= set(words)
    assert not set(never) & set(words)


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        ("{ sta", 2, ["status", "statusMessage"]),
        ("{ status = e", 11, ["error", "event.", "event:name", "event:timeSinceStart"]),
        ("{ span:d", 2, ["span:duration"]),
        ("{ event:", 2, ["event:name", "event:timeSinceStart"]),
        ("{ parent.s", 2, ["parent.span."]),
        ("{ } | co", 6, ["count_over_time(", "compare(", "count(", "coalesce("]),
        ("{ } | rate() | t", 15, ["topk("]),
        ("{ xyz", 2, []),
    ],
)
def test_a_word_that_has_begun_goes_on(text, start, words):
    assert offered(text) == words
    assert complete(text).start == start


@pytest.mark.parametrize(
    ("text", "start", "names"),
    [
        ("{ span.", 2, Names("span", "")),
        ("{ span.ht", 2, Names("span", "ht")),
        ("{ .", 2, Names("any", "")),
        ("{ .a && resource.service.n", 8, Names("resource", "service.n")),
        ('{ span."odd n', 2, Names("span", "odd n")),
        ("{ parent.", 2, Names("any", "", parent=True)),
        ("{ parent.resource.x", 2, Names("resource", "x", parent=True)),
        ("{ } | rate() by (event.", 17, Names("event", "")),
    ],
)
def test_names_of_attributes_are_the_stores_to_tell(text, start, names):
    found = complete(text)
    assert (found.start, found.names) == (start, names)


@pytest.mark.parametrize(
    ("text", "start", "values"),
    [
        ("{ span.a = ", 11, Values(Attribute("span", "a"), "")),
        ('{ span.a = "', 11, Values(Attribute("span", "a"), "")),
        ('{ span.a != "x y', 12, Values(Attribute("span", "a"), "x y")),
        ("{ name =~ `GET", 10, Values(Intrinsic("name"), "GET")),
        (r'{ span:name = "a\"b', 14, Values(Intrinsic("name"), 'a"b')),
        ("{ .a && .b ", 11, None),
        ("{ 1 = ", 6, None),
        ('{ "', 2, None),
    ],
)
def test_values_of_a_field_are_the_stores_to_tell(text, start, values):
    found = complete(text)
    assert (found.start, found.values) == (start, values)


def test_what_is_behind_the_cursor_does_not_matter():
    assert offered("{ sta = error }", 5) == ["status", "statusMessage"]
