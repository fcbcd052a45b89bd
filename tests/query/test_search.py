"""What a search means as a filter."""

import json

import pytest

from otelier.query import filter as f
from otelier.query.errors import BadQuery
from otelier.query.search import MAX_TRACES, NO_SERVICE, TraceSearch, tag


def test_all_conditions_hold_for_one_span():
    search = TraceSearch(1, 2, "shop", "GET /", (("a", "1"),), 4500, 9000, 20)
    assert json.loads(f.encoded(search.filter())) == {
        "all": [
            {"field": {"scope": "intrinsic", "key": "service"}, "op": "=", "value": "shop"},
            {"field": {"scope": "intrinsic", "key": "name"}, "op": "=", "value": "GET /"},
            {"field": {"scope": "intrinsic", "key": "duration_ns"}, "op": ">=", "value": {"int": "4500"}},
            {"field": {"scope": "intrinsic", "key": "duration_ns"}, "op": "<=", "value": {"int": "9000"}},
            {"field": {"scope": "any", "key": "a"}, "op": "text=", "value": "1"},
        ]
    }


def test_a_search_without_conditions_matches_every_span():
    assert TraceSearch(1, 2).filter() == {"all": []}


def test_error_is_the_status_and_false_is_everything_else():
    assert tag("error", "true") == f.intrinsic("status", "=", 2)
    assert tag("error", "false") == f.intrinsic("status", "!=", 2)
    assert tag("error", "boom") == f.attribute("any", "error", "text=", "boom")


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("span.kind", "server", f.intrinsic("kind", "=", 2)),
        ("span.status", "ok", f.intrinsic("status", "=", 1)),
        ("otel.status_code", "ERROR", f.intrinsic("status", "=", 2)),
        ("otel.status_description", "boom", f.intrinsic("status_message", "=", "boom")),
        ("scope.name", "lib", f.intrinsic("scope_name", "=", "lib")),
        ("otel.scope.version", "2", f.intrinsic("scope_version", "=", "2")),
        ("w3c.tracestate", "a=1", f.intrinsic("trace_state", "=", "a=1")),
        ("event", "exception", f.event_name("=", "exception")),
        ("resource.host.name", "a", f.attribute("resource", "host.name", "text=", "a")),
    ],
)
def test_names_that_stand_for_fields_also_find_attributes_of_that_name(key: str, value: str, field: dict):
    assert tag(key, value) == {"any": [field, f.attribute("any", key, "text=", value)]}


def test_spans_without_a_service_are_found_under_the_name_they_are_shown_with():
    filter_ = TraceSearch(1, 2, NO_SERVICE).filter()
    assert {"not": f.exists("intrinsic", "service")} in filter_["any"]


@pytest.mark.parametrize("limit", [0, -1, MAX_TRACES + 1])
def test_limits(limit: int):
    with pytest.raises(BadQuery, match="limit must be between 1 and"):
        TraceSearch(1, 2, limit=limit).check()
