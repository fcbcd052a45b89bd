"""SQL over HTTP."""

import json
import socket
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from otelier.query.results.stream import Stream
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


ARROW = "application/vnd.apache.arrow.stream"


@pytest.mark.parametrize(
    ("more", "accept", "type_"),
    [
        ({}, "*/*", "application/json"),
        ({}, "text/html, application/json;q=0.9", "application/json"),
        ({}, f"{ARROW}, */*", ARROW),
        ({"format": "arrow"}, "application/json", ARROW),
        ({"format": "csv"}, "*/*", "text/csv; charset=utf-8"),
    ],
)
def test_the_form_is_that_which_is_asked_for(filled, more, accept, type_):
    answer = ask(filled, "SELECT name FROM spans ORDER BY 1", accept=accept, **more)
    assert answer.headers["content-type"] == type_
    if type_ == ARROW:
        assert Stream(answer.body).rows() == [["get"], ['put "it"']]


def test_a_form_may_stand_in_the_url(filled):
    body = json.dumps({"query": "SELECT 1 AS x"}).encode()
    assert filled.ask("/api/sql?format=csv", "POST", body).body == b"x\n1\n"
    assert filled.ask("/api/sql?format=xml", "POST", body).status == 400
    assert ask(filled, "SELECT 1", accept="text/html").status == 406
    assert ask(filled, "SELECT 1", format="parquet").status == 400


def test_headers_say_how_much_was_read(filled):
    answer = ask(filled, "SELECT name FROM spans")
    assert (answer.headers["otelier-rows-read"], answer.headers["otelier-partial"]) == ("2", None)
    assert int(answer.headers["otelier-bytes-read"]) >= 0


def test_views_are_told_to_those_who_write_statements(filled):
    views = {each["name"]: each for each in filled.ask("/api/otelier/v1/sql/views").json["views"]}
    assert list(views) == ["spans", "events", "links", "logs", "metrics"]
    assert views["spans"]["columns"][0] == {
        "name": "trace_id",
        "type": "VARCHAR",
        "text": "32 hexadecimal digits in lower case",
    }
    assert views["metrics"]["attributes"] == ["label.", "resource."]


LONG = "SELECT count(*) FROM range(100000000000) a, range(100000) b"
"""It would run for half a minute."""


def asking(backend, text: str) -> socket.socket:
    """A connection on which an answer is waited for."""
    body = json.dumps({"query": text}).encode()
    connection = socket.create_connection(backend.application.address)
    head = f"POST /api/sql HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def test_a_statement_ends_when_its_asker_goes(filled):
    with asking(filled, LONG):
        assert until(lambda: len(children()) == 1)
    assert until(lambda: not children())


def test_statements_that_take_long_keep_nobody_else_waiting(filled):
    """More than questions may be asked at once."""
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(asking(filled, LONG))
        assert until(lambda: len(children()) == 2)
        assert filled.ask("/api/services").json["data"] == ["shop"]
        assert len(children()) == 2


def children() -> list[int]:
    """Processes of statements."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found


def until(holds) -> bool:
    never = threading.Event()
    return any(holds() or never.wait(0.05) for _ in range(200))
