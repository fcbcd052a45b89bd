"""The search by tags, as TraceQL."""

import pytest

from otelier.api.tempo import legacy
from otelier.server.request import HttpError


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", {}),
        ("  ", {}),
        ("a=b", {"a": "b"}),
        (" service.name=cart  http.url=/api/x?y ", {"service.name": "cart", "http.url": "/api/x?y"}),
        (r'a="b c" d="\"quoted\" \\"', {"a": "b c", "d": '"quoted" \\'}),
        ("a= b", {"a": "", "b": ""}),
        ('a=""', {"a": ""}),
        ("é=ü", {"é": "ü"}),
    ],
)
def test_logfmt_is_read(text, tags):
    assert legacy.tags(text) == tags


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b a=c", "invalid tags: tag a has been set twice"),
        ('a="b', "invalid tags: syntax error at pos 1"),
        ('b=1 a="b"c', "invalid tags: syntax error at pos 4"),
        ("=b", "invalid tags: syntax error at pos 1"),
        (r'a="\x"', "invalid tags: a quoted value"),
    ],
)
def test_what_is_no_logfmt_is_an_error_with_its_place(text, message):
    with pytest.raises(HttpError) as raised:
        legacy.tags(text)
    assert raised.value.status == 400
    assert raised.value.message.startswith(message)


@pytest.mark.parametrize(
    ("tags", "traceql"),
    [
        ({}, "{ }"),
        ({"http.url": "a.b/C"}, r'{ .http.url =~ "(?is).*a\\.b\\/C.*" }'),
        ({"service.name": "cart"}, '{ resource.service.name =~ "(?is).*cart.*" }'),
        ({"name": "GET"}, '{ name =~ "(?is).*GET.*" }'),
        ({"code": "500"}, '{ .code =~ "(?is).*500.*" || .code = 500 }'),
        ({"ok": "true"}, '{ .ok =~ "(?is).*true.*" || .ok = true }'),
        ({"error": "true"}, "{ status = error }"),
        ({"status.code": "ok"}, "{ status = ok }"),
        ({"odd key": "x"}, '{ ."odd key" =~ "(?is).*x.*" }'),
        ({"a": "1", "b": "x"}, '{ .a =~ "(?is).*1.*" || .a = 1 } && { .b =~ "(?is).*x.*" }'),
    ],
)
def test_tags_become_filters(tags, traceql):
    assert legacy.query(tags) == traceql


def test_durations_are_the_trace_s():
    assert legacy.query({}, 5) == "{ traceDuration >= 5ns }"
    assert legacy.query({"error": "true"}, 5, 10**9) == (
        "{ status = error } && { traceDuration >= 5ns && traceDuration <= 1000000000ns }"
    )
