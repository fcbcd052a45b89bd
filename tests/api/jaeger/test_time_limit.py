"""A search for traces whose time is over answers with what was found, and every route says that it is not all."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otelier.api.jaeger.classic import Classic
from otelier.api.jaeger.v3 import V3
from otelier.component import Meter, SystemClock
from otelier.query.gate import Gate
from otelier.query.names import Names
from otelier.query.snapshot import Snapshot
from otelier.query.traces import Traces
from otelier.server.endpoint import HttpEndpoint
from otelier.server.http import HttpServerSettings
from otelier.server.router import Router
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.storage.local.catalogue import CatalogueReader
from otelier.testing import FakeClock, span, traces
from otelier.testing.telemetry import START_NS

CLASSIC = "/api/traces?service=shop&start=0&end=4000000000000000"
TIMES = "?query.startTimeMin=2023-01-01T00:00:00Z&query.startTimeMax=2024-01-01T00:00:00Z"
MINUTE_NS = 60 * 10**9


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Two segments, one older than the other; there is time for the newer."""
    engine = open_store(StoreSettings(data_dir=str(tmp_path)), FakeClock(), Meter())
    for number, name in enumerate(("old", "new")):
        engine.append("default", traces(span(name, trace=number, start_ns=START_NS + number * MINUTE_NS)))
        engine.flush(everything=True)
    close_store(engine)
    snapshot = Snapshot(tmp_path)
    names = Names(snapshot.disk, CatalogueReader(tmp_path))
    reader = Traces(snapshot, names, Gate(1, 1), time_s=0, slice_rows=1)
    router = Router([Classic(reader, SystemClock()).group(), V3(reader).group()])
    endpoint = HttpEndpoint(HttpServerSettings(endpoint="127.0.0.1:0"), router, "test")
    endpoint.start()
    yield endpoint.address
    endpoint.stop(1)
    snapshot.close()


@pytest.fixture
def ask(address: tuple[str, int], ask_at: Callable):
    return lambda path: ask_at(address, path)


def test_classic_names_it_among_the_errors(ask):
    answer = ask(CLASSIC).json
    assert [trace["spans"][0]["operationName"] for trace in answer["data"]] == ["new"]
    (error,) = answer["errors"]
    assert error["msg"].startswith("the search reached its limit of 0 s and has not looked at older spans")


def test_v3_names_it_in_a_header_and_among_warnings(ask):
    answer = ask(f"/api/v3/traces{TIMES}")
    assert answer.status == 200
    assert "has not looked at older spans" in answer.headers["otelier-partial"]
    answer = ask(f"/api/v3/trace-summaries{TIMES}").json
    assert [each["rootOperationName"] for each in answer["summaries"]] == ["new"]
    assert "has not looked at older spans" in answer["warnings"][0]


def test_v3_does_not_say_that_there_are_none_where_it_has_not_looked(ask):
    answer = ask(f"/api/v3/traces{TIMES}&query.operationName=old")
    assert answer.status == 504
    assert "narrow its time" in answer.json["error"]["message"]


def test_nothing_is_said_where_there_was_enough(ask):
    assert ask(f"{CLASSIC}&limit=1").json["errors"] is None
    assert "otelier-partial" not in ask(f"/api/v3/traces{TIMES}&query.num_traces=1").headers
