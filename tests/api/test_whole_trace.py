"""Traces that are hard to keep whole: a hundred thousand spans, and spans that come an hour late."""

import json
import resource
import time
from urllib.parse import urlencode

import pytest

from otelier.component import Meter
from otelier.storage.local import Engine, StoreSettings
from otelier.testing import FakeClock, decode, losing_disk, span, trace_id, traces
from otelier.testing.telemetry import START_NS

from ..storage.reading import view_of

LARGE, PART = 100_000, 5_000
HOUR_NS = 3600 * 10**9


def store_large(backend) -> None:
    """A trace in the log and in a segment. The last span has an error."""
    for first in range(0, LARGE, PART):
        numbers = range(first, first + PART)
        status = ["ERROR" if n == LARGE - 1 else "OK" for n in numbers]
        parts = (
            span(number=n, parent=n // 2 if n else None, start_ns=START_NS + n, status=each)
            for n, each in zip(numbers, status, strict=True)
        )
        backend.store(traces(*parts))
        if first == LARGE // 2:
            backend.engine.flush(everything=True)


def test_a_trace_of_a_hundred_thousand_spans_is_found(backend):
    store_large(backend)
    for query, sets, matched in (
        ("{ status = error }", 1, 1),
        ("{ span:parentID != nil } >> { status = error }", 1, 1),
        ("{ } | count() > 99999", 1, LARGE),
        ("{ } | by(span:id) | count() > 0", LARGE, 1),
    ):
        answer = backend.ask_at(backend.application.tempo_address, f"/api/search?{urlencode({'q': query})}")
        [found] = json.loads(answer.body)["traces"]
        assert (found["traceID"], len(found["spanSets"])) == (trace_id(1).hex().lstrip("0"), sets)
        assert {each["matched"] for each in found["spanSets"]} == {matched}


@pytest.mark.slow
def test_a_trace_of_a_hundred_thousand_spans_is_returned_by_every_api(backend, capsys):
    store_large(backend)
    address = trace_id(1).hex()

    def timed(what: str, path: str, port=backend.application.address, **headers: str) -> None:
        began = time.monotonic()
        answer = backend.ask_at(port, path, **headers)
        took = time.monotonic() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        with capsys.disabled():
            print(f"\n{what}: {took:.2f} s, {len(answer.body) / 2**20:.1f} MiB; peak so far {peak} MiB", end="")
        assert (answer.status, answer.body.count(b"GET /")) == (200, LARGE)

    for where in ("log and segment", "segments"):
        timed(f"classic, {where}", f"/api/traces/{address}")
        timed(f"v3, {where}", f"/api/v3/traces/{address}")
        tempo = backend.application.tempo_address
        timed(f"Tempo JSON, {where}", f"/api/traces/{address}", tempo, accept="application/json")
        timed(f"Tempo v2, {where}", f"/api/v2/traces/{address}", tempo, accept="application/protobuf")
        backend.engine.flush(everything=True)
        backend.engine.compact()
    assert backend.ask(f"/trace/{address}").status == 200


@pytest.mark.parametrize("rest", ["in the log", "in segments", "merged"])
def test_spans_that_come_an_hour_late_are_found_by_search_and_by_id(rest):
    disk, clock = losing_disk(), FakeClock()
    engine = Engine(disk, clock, StoreSettings(), Meter())
    for number in (1, 2):
        engine.append("default", traces(span("first", trace=number, number=1)))
    for _ in range(3):
        engine.flush(everything=True)
        clock.advance(1200)
        engine.append("default", traces(span("other", trace=9, number=7, start_ns=START_NS + clock.time_ns())))
    late = span("late", trace=1, number=2, parent=1, start_ns=START_NS + 5, attributes={"late": True})
    engine.append("default", traces(late, span("far", trace=2, number=2, start_ns=START_NS + HOUR_NS)))
    if rest != "in the log":
        engine.flush(everything=True)
    merged = 0
    while rest == "merged" and engine.compact():
        merged += 1
    assert bool(merged) == (rest == "merged")
    view = view_of(disk)
    whole = decode(view.traces("default", [trace_id(1)]))
    names = {s.name for group in whole.resource_spans for scope in group.scope_spans for s in scope.spans}
    assert names == {"first", "late"}
    wanted = b'{"field":{"scope":"intrinsic","key":"name"},"op":"=","value":"late"}'
    assert view.search("default", wanted, START_NS, START_NS + 10, 5) == [(trace_id(1), START_NS + 5)]
    related = (
        b'{"all":[%s,{"has":"parent","filter":{"field":{"scope":"intrinsic","key":"name"},"op":"=","value":"first"}}]}'
    )
    assert view.search("default", related % wanted, 0, 2**64 - 1, 5) == [(trace_id(1), START_NS + 5)]
    [summary] = view.summaries("default", [trace_id(1)])
    assert (summary[5], summary[7]) == (2, 0)
