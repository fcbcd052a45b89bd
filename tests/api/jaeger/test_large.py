"""Traces larger than a page of anything, and span ids that come more than once, in the log and in segments."""

import pytest

from otelier.testing import span, trace_id, traces
from otelier.testing.telemetry import START_NS

LARGE = 10_008


@pytest.fixture(params=["in the log", "in segments"])
def settle(request: pytest.FixtureRequest, backend):
    """Call it when all is stored."""
    return (lambda: backend.engine.flush(everything=True)) if request.param == "in segments" else lambda: None


def classic(backend, number: int) -> list[dict]:
    return backend.ask(f"/api/traces/{trace_id(number).hex()}").json["data"][0]["spans"]


def test_a_large_trace_comes_whole(backend, settle):
    for first in range(0, LARGE, 2000):
        numbers = range(first, min(first + 2000, LARGE))
        backend.store(traces(*(span(number=n, parent=n - 1 if n else None, start_ns=START_NS + n) for n in numbers)))
    settle()
    spans = classic(backend, 1)
    assert len({each["spanID"] for each in spans}) == len(spans) == LARGE
    result = backend.ask(f"/api/v3/traces/{trace_id(1).hex()}").json["result"]["resourceSpans"]
    assert sum(len(scope["spans"]) for group in result for scope in group["scopeSpans"]) == LARGE


def test_spans_that_share_an_id_but_start_at_other_times_are_all_kept(backend, settle):
    ids = [1 if n % 20 == 0 else n + 2 for n in range(200)]
    backend.store(traces(*(span(number=number, start_ns=START_NS + n * 10**9) for n, number in enumerate(ids))))
    settle()
    assert len(classic(backend, 1)) == 200


def test_a_span_that_is_sent_again_counts_once(backend, settle):
    for _ in range(3):
        backend.store(traces(span(number=1), span(number=2, parent=1, start_ns=START_NS + 5)))
    settle()
    assert len(classic(backend, 1)) == 2
    times = "query.startTimeMin=2023-01-01T00:00:00Z&query.startTimeMax=2024-01-01T00:00:00Z"
    [summary] = backend.ask(f"/api/v3/trace-summaries?{times}").json["summaries"]
    assert summary["spanCount"] == 2
