"""A search of a store finds what the oracle finds, wherever the spans lie: log, segments, split over both, merged."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from otelier.query.errors import BadQuery
from otelier.query.gate import Gate
from otelier.query.traceql import read
from otelier.query.traceql.engine import TraceQL
from otelier.testing.telemetry import START_NS

from . import oracle
from .decoded import traces
from .generate import SORTS, batches, queries
from .stored import ARRANGEMENTS, Store

_WINDOWS = st.sampled_from([(0, 2**64 - 1), (0, 2**64 - 1), (START_NS + 3 * 10**9, START_NS + 8 * 10**9)])
_SETTINGS = settings(suppress_health_check=list(HealthCheck), max_examples=500)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("data"))
    yield store
    store.close()


@_SETTINGS
@given(batches(), queries(), _WINDOWS, ARRANGEMENTS)
def test_a_search_finds_what_the_oracle_finds(store, sent, query, window, arrangement):
    pipeline = _read(query)
    tenant = store.keep(sent, arrangement)
    answer = TraceQL(store.snapshot, Gate(1, 0)).search(
        tenant, query, start_ns=window[0], end_ns=window[1], limit=100, spans_per_spanset=1000
    )
    expected = oracle.search(pipeline, traces(sent), *window)
    found = {
        trace.trace_id: sorted(sorted((each.start_ns, each.span_id) for each in sets.spans) for sets in trace.spansets)
        for trace in answer.traces
    }
    assert found == {
        trace_id: sorted(sorted((each.start_ns, each.span_id) for each in sets.spans) for sets in spansets)
        for trace_id, spansets in expected.items()
    }, query


@_SETTINGS
@given(batches(), queries(), SORTS, ARRANGEMENTS, st.integers(1, 3))
def test_pages_of_a_sorted_search_are_in_the_order_of_the_oracle(store, sent, query, sort, arrangement, size):
    pipeline = _read(f"{query} | {sort}")
    tenant = store.keep(sent, arrangement)
    decoded = traces(sent)
    traceql, ids, cursor = TraceQL(store.snapshot, Gate(1, 0)), [], ""
    while True:
        answer = traceql.search(tenant, f"{query} | {sort}", start_ns=0, end_ns=0, limit=size, cursor=cursor)
        ids += [each.trace_id for each in answer.traces]
        cursor = answer.cursor
        if not cursor:
            break
    assert ids == oracle.sorted_ids(pipeline.stages[-1], decoded, oracle.search(pipeline, decoded, 0, 2**64 - 1))


def _read(query):
    try:
        return read(query).root
    except BadQuery:
        assume(False)
