"""A planned search finds what the oracle finds, of generated traces and queries."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from otelier.query.errors import BadQuery
from otelier.query.traceql import read
from otelier.query.traceql.found import Found, Window
from otelier.query.traceql.limits import Budget, Limits
from otelier.query.traceql.plan import plan
from otelier.query.traceql.search import Cursor, search
from otelier.testing.telemetry import START_NS

from . import oracle
from .decoded import traces
from .generate import SORTS, batches, queries
from .stand_in import StandIn

_EVERYTHING = Window(0, 2**64 - 1)
_WINDOWS = st.sampled_from([_EVERYTHING, _EVERYTHING, Window(START_NS + 3 * 10**9, START_NS + 8 * 10**9)])


@settings(suppress_health_check=list(HealthCheck), max_examples=60)
@given(batches(), queries(), _WINDOWS)
def test_planned_is_oracle(sent, query, window):
    pipeline = _read(query)
    decoded = traces(sent)
    steps = plan(pipeline)
    answer = search(Found(StandIn(decoded), "t", window, Budget(Limits())), steps, 100, 1000, Cursor())
    expected = oracle.search(pipeline, decoded, *window)
    found = {
        trace.trace_id: sorted(
            sorted((each.start_ns, each.span_id) for each in spanset.spans) for spanset in trace.spansets
        )
        for trace in answer.traces
    }
    assert found == {
        trace_id: sorted(sorted((each.start_ns, each.span_id) for each in spanset.spans) for spanset in spansets)
        for trace_id, spansets in expected.items()
    }, query
    newest = {
        trace_id: max(span.start_ns for each in sets for span in each.spans) for trace_id, sets in expected.items()
    }
    assert [each.trace_id for each in answer.traces] == sorted(
        newest, key=lambda trace_id: (newest[trace_id], trace_id), reverse=True
    )


@settings(suppress_health_check=list(HealthCheck), max_examples=60)
@given(batches(), queries(), SORTS, st.integers(1, 3))
def test_pages_of_sorted_answers_follow_each_other(sent, query, sort, size):
    pipeline = _read(f"{query} | {sort}")
    decoded = traces(sent)
    expected = oracle.sorted_ids(pipeline.stages[-1], decoded, oracle.search(pipeline, decoded, *_EVERYTHING))
    assert _paged(decoded, pipeline, size) == expected


@settings(suppress_health_check=list(HealthCheck), max_examples=60)
@given(batches(), queries(), st.integers(1, 3))
def test_pages_are_the_whole_answer(sent, query, size):
    pipeline = _read(query)
    decoded = traces(sent)
    assert _paged(decoded, pipeline, size) == _paged(decoded, pipeline, 100)


def _read(query):
    try:
        return read(query).root
    except BadQuery:
        assume(False)


def _paged(decoded, pipeline, size):
    steps, cursor, ids = plan(pipeline), "", []
    while True:
        found = Found(StandIn(decoded), "t", _EVERYTHING, Budget(Limits()))
        answer = search(found, steps, size, 3, Cursor.read(cursor))
        ids += [each.trace_id for each in answer.traces]
        cursor = answer.cursor
        if not cursor:
            return ids
