"""Half-typed queries are completed over HTTP."""

import json

import pytest

from otelier.testing.telemetry import span, traces


def asked(tempo, **parameters):
    answer = tempo.get("/api/v2/search/complete", parameters)
    assert answer.status == 200, answer.body
    found = json.loads(answer.body)
    return found["start"], [(each["text"], each["kind"]) for each in found["suggestions"]]


def test_names_and_values_are_what_is_stored(tempo):
    tempo.store(traces(span("GET /", attributes={"http.method": "GET"})))
    assert asked(tempo, q="{ span.http") == (2, [("span.http.method", "attribute")])
    assert asked(tempo, q='{ span.http.method = "') == (21, [('"GET"', "value")])
    assert asked(tempo, q='{ name = "none" && span.http.method = "')[1] == []


def test_the_cursor_may_be_anywhere(tempo):
    assert asked(tempo, q="{ sta = error }", cursor=5) == (2, [("status", "intrinsic"), ("statusMessage", "intrinsic")])


@pytest.mark.parametrize("parameters", [{"limit": 1001}, {"cursor": "x"}, {"start": 2, "end": 1}])
def test_parameters_that_make_no_sense_are_refused(tempo, parameters):
    assert tempo.get("/api/v2/search/complete", {"q": "{", **parameters}).status == 400
