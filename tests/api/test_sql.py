"""SQL over HTTP."""

import json
from typing import Any

import pytest

from otelier.testing import span, traces
from otelier.testing.telemetry import START_NS


def ask(backend, query: object, *, accept: str = "*/*", tenant: str = "default", **more: Any):
    body = json.dumps({"query": query, **more}).encode()
    return backend.ask("/api/sql", "POST", body, accept=accept, x_scope_orgid=tenant)


@pytest.fixture
def filled(backend):
    backend.store(traces(span("get", start_ns=START_NS), span('put "it"', number=2, start_ns=START_NS + 10**9)))
    backend.store(traces(span("theirs")), tenant="other")
    return backend


def test_rows_are_json(filled):
    answer = ask(filled, "SELECT name, duration_ns, name = 'get' AS got FROM spans ORDER BY name")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == {
        "columns": [
            {"name": "name", "type": "VARCHAR"},
            {"name": "duration_ns", "type": "BIGINT"},
            {"name": "got", "type": "BOOLEAN"},
        ],
        "rows": [["get", 10**6, True], ['put "it"', 10**6, False]],
    }


def test_rows_are_csv_where_it_is_asked_for(filled):
    answer = ask(filled, "SELECT name, [1] AS l, NULL AS n FROM spans ORDER BY name", accept="text/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.body.decode() == 'name,l,n\nget,[1],\n"put ""it""",[1],\n'


def test_a_time_bounds_it(filled):
    text = "SELECT count(*) FROM spans"
    assert ask(filled, text, start="2023-11-14T22:13:21Z").json["rows"] == [[1]]
    assert ask(filled, text, start=START_NS, end=START_NS).json["rows"] == [[1]]


def test_tenants_see_their_own(filled):
    assert ask(filled, "SELECT name FROM spans", tenant="other").json["rows"] == [["theirs"]]
    assert ask(filled, "SELECT name FROM spans", tenant="../x").status == 400


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("COPY spans TO '/tmp/x'", 400, "COPY is refused"),
        ("SELECT * FROM read_text('/etc/hostname')", 400, "read_text is refused"),
        ("SELECT * FROM range(1000000)", 413, "100,000 rows"),
        (5, 400, "the body must be"),
    ],
)
def test_errors_have_a_status_and_a_text(filled, text, status, said):
    answer = ask(filled, text)
    assert answer.status == status
    assert said in answer.json["error"]["message"]


@pytest.mark.parametrize("more", [{"start": "yesterday"}, {"limit": 5}])
def test_what_the_body_must_not_have_is_refused(filled, more):
    assert ask(filled, "SELECT 1", **more).status == 400
