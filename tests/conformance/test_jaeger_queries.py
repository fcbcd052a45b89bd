"""Jaeger's 25 fixture queries over three faces of the API: from the log, from segments, and after a restart.

All 32 traces are stored; each query must give exactly its own, span by span.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otelier.api.application import Application
from otelier.api.options import Options
from otelier.component import Meter, SystemClock
from otelier.server.http import HttpServerSettings
from otelier.storage.local import Engine, StoreSettings, close_store, open_store
from otelier.telemetry import Batch

from .jaeger_suite import Query, Suite, iso

pytestmark = pytest.mark.shared

COUNT = 25
PHASES = ("in the log", "in segments", "after a restart")


class Stored:
    """The suite in a store of its own, asked over HTTP."""

    def __init__(self, suite: Suite, directory: Path, phase: str) -> None:
        self.suite = suite
        self._directory = directory
        self._engine = self._open()
        for trace in suite.traces.values():
            self._engine.append("default", trace)
        if phase != "in the log":
            self._engine.flush(everything=True)
        if phase == "after a restart":
            close_store(self._engine)
            self._engine = self._open()
        settings = HttpServerSettings(endpoint="127.0.0.1:0")
        self._application = Application(Options(server=settings, data_dir=str(directory)))
        self._application.start()

    def _open(self) -> Engine:
        return open_store(StoreSettings(data_dir=str(self._directory)), SystemClock(), Meter())

    def get(self, path: str, *pairs: tuple[str, str]) -> Any:
        host, port = self._application.address
        query = urllib.parse.urlencode([pair for pair in pairs if pair[1]])
        with urllib.request.urlopen(f"http://{host}:{port}{path}?{query}", timeout=20) as answer:
            return json.load(answer)

    def close(self) -> None:
        self._application.stop(5)
        close_store(self._engine)


@pytest.fixture(scope="module")
def suite(shared: Path) -> Suite:
    return Suite(shared)


@pytest.fixture(scope="module", params=PHASES)
def stored(request: pytest.FixtureRequest, suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    stored = Stored(suite, tmp_path_factory.mktemp("data"), request.param)
    yield stored
    stored.close()


def duration(ns: int) -> str:
    return f"{ns}ns" if ns else ""


def v3_parameters(query: Query) -> list[tuple[str, str]]:
    return [
        ("query.serviceName", query.service),
        ("query.operationName", query.operation),
        ("query.startTimeMin", iso(query.start_ns)),
        ("query.startTimeMax", iso(query.end_ns)),
        ("query.durationMin", duration(query.min_ns)),
        ("query.durationMax", duration(query.max_ns)),
        ("query.attributes", json.dumps(query.tags)),
        ("query.searchDepth", "1000"),
    ]


@pytest.mark.parametrize("number", range(COUNT))
def test_classic(stored: Stored, number: int):
    query = stored.suite.queries[number]
    answer = stored.get(
        "/api/traces",
        ("service", query.service),
        ("operation", query.operation),
        ("start", str(query.start_ns // 1000)),
        ("end", str(query.end_ns // 1000)),
        ("minDuration", duration(query.min_ns)),
        ("maxDuration", duration(query.max_ns)),
        ("tags", json.dumps(query.tags)),
        ("limit", "1000"),
    )
    found = {trace["traceID"].zfill(32): len(trace["spans"]) for trace in answer["data"]}
    assert found == stored.suite.trace_ids(query.expected), query.caption
    assert answer["errors"] is None


@pytest.mark.parametrize("number", range(COUNT))
def test_v3_gives_the_very_spans_that_were_sent(stored: Stored, number: int):
    query = stored.suite.queries[number]
    answer = stored.get("/api/v3/traces", *v3_parameters(query))
    found = Batch.from_json("traces", json.dumps(answer["result"]).encode())
    assert found.digest() == stored.suite.digest(query.expected), query.caption


@pytest.mark.parametrize("number", range(COUNT))
def test_summaries(stored: Stored, number: int):
    query = stored.suite.queries[number]
    answer = stored.get("/api/v3/trace-summaries", *v3_parameters(query))
    found = {each["traceId"]: each["spanCount"] for each in answer["summaries"]}
    assert found == stored.suite.trace_ids(query.expected), query.caption


def test_all_services_and_an_operation_are_listed(stored: Stored):
    names = stored.get("/api/v3/services")["services"]
    assert {f"query{number:02}-service" for number in range(1, COUNT + 1)} <= set(names)
    operations = stored.get("/api/operations", ("service", "query06-service"))["data"]
    assert {"name": "query06-operation", "spanKind": ""} in operations


def test_a_query_for_another_day_finds_nothing(stored: Stored):
    query = stored.suite.queries[0]
    day = 86_400 * 10**9
    earlier = [
        (name, iso((query.start_ns if name.endswith("Min") else query.end_ns) - 10 * day))
        if "Time" in name
        else (name, value)
        for name, value in v3_parameters(query)
    ]
    assert stored.get("/api/v3/trace-summaries", *earlier) == {"summaries": []}
    with pytest.raises(urllib.error.HTTPError) as error:
        stored.get("/api/v3/traces", *earlier)
    assert json.load(error.value) == {"error": {"httpCode": 404, "message": "No traces found"}}


def test_another_tenant_sees_nothing(stored: Stored):
    host, port = stored._application.address
    request = urllib.request.Request(f"http://{host}:{port}/api/v3/services", headers={"X-Scope-OrgID": "other"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.load(answer) == {"services": []}
