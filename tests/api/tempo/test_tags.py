"""Names and values of tags beyond what Grafana asks."""

import pytest

from otelier.testing import span, traces
from otelier.testing.telemetry import START_NS

S = START_NS // 10**9


@pytest.fixture
def stored(tempo):
    tempo.store(
        traces(
            span("GET /", attributes={"list": ["a", 1, True], "n": 1, "f": 0.5, "b": True, "odd key": "x", "a/b": "y"}),
            resource={"service.name": "shop"},
        )
    )
    later = {"service.name": "later"}
    tempo.store(traces(span("late", trace=2, start_ns=START_NS + 3600 * 10**9, attributes={"n": 2}), resource=later))
    return tempo


def values(tempo, name: str, **parameters):
    found = tempo.get(f"/api/v2/search/tag/{name}/values", parameters)
    assert found.status == 200, found.body
    return [(each["type"], each["value"]) for each in found.json["tagValues"]]


def test_values_keep_their_types(stored):
    assert values(stored, "span.n") == [("int", "1"), ("int", "2")]
    assert values(stored, "span.f") == [("float", "0.5")]
    assert values(stored, "span.b") == [("bool", "true")]
    assert sorted(values(stored, "span.list")) == [("bool", "true"), ("int", "1"), ("string", "a")]


def test_names_that_need_quotes_in_a_query_need_none_here(stored):
    assert values(stored, "span.odd%20key") == values(stored, "span.%22odd%20key%22") == [("string", "x")]
    assert values(stored, "span.a%2Fb") == values(stored, "span.a%252Fb") == [("string", "y")]


def test_the_first_version_gives_texts_of_a_name_without_scope(stored):
    for name, found in (("service.name", ["later", "shop"]), ("n", ["1", "2"]), ("status", ["error", "ok", "unset"])):
        assert stored.get(f"/api/search/tag/{name}/values").json["tagValues"] == found


def test_a_window_leaves_out_segments_and_with_a_query_spans(tempo, backend):
    for number, start_ns in ((1, START_NS), (2, START_NS + 3600 * 10**9)):
        tempo.store(traces(span(trace=number, start_ns=start_ns, attributes={"n": number})))
        backend.engine.flush(everything=True)
    around = {"start": S - 1, "end": S + 1}
    assert values(tempo, "span.n", **around) == [("int", "1")]
    tempo.store(traces(span(trace=3, start_ns=START_NS + 2 * 10**9, attributes={"n": 3})))
    assert values(tempo, "span.n", q="{ kind = server }", **around) == [("int", "1")]


def test_a_limit_of_values(stored):
    assert values(stored, "span.n", limit=1) == [("int", "1")]


def test_the_first_version_gives_names_in_one_list(stored):
    names = stored.get("/api/search/tags").json["tagNames"]
    assert names == ["a/b", "b", "f", "list", "n", "odd key", "service.name"]
    assert stored.get("/api/search/tags", {"scope": "resource"}).json["tagNames"] == ["service.name"]
    assert "status" in stored.get("/api/search/tags", {"scope": "intrinsic"}).json["tagNames"]


def test_names_of_one_scope_and_at_most_so_many(stored):
    assert stored.get("/api/v2/search/tags", {"scope": "span", "limit": 2}).json["scopes"] == [
        {"name": "span", "tags": ["a/b", "b"]}
    ]
    assert stored.get("/api/v2/search/tags", {"scope": "event"}).json["scopes"] == [{"name": "event", "tags": []}]
    answer = stored.get("/api/v2/search/tags", {"scope": "galaxy"})
    assert (answer.status, b"invalid scope: galaxy" in answer.body) == (400, True)


def test_an_unknown_tag_has_no_values_and_a_wrong_name_is_an_error(stored):
    assert values(stored, "span.nothing") == []
    assert stored.get("/api/v2/search/tag/nothing/values").status == 400


def test_tenants_have_tags_of_their_own(stored):
    answer = stored.get("/api/search/tags", X_Scope_OrgID="other")
    assert (answer.status, answer.json["tagNames"]) == (200, [])
