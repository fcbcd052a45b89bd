"""What the core tells of traces is what a plain scan tells, and is written as the same answer made of objects."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from otelier.api.tempo import as_json, as_protobuf
from otelier.query.errors import BadQuery
from otelier.query.gate import Gate
from otelier.query.traceql import ast, read
from otelier.query.traceql.engine import TraceQL
from otelier.query.traceql.found import Found, Window
from otelier.query.traceql.limits import Budget, Limits
from otelier.query.traceql.plan import Plan, plan
from otelier.query.traceql.search import Cursor, search
from otelier.query.traceql.told import ToldTraces
from otelier.testing.telemetry import START_NS
from otelier.testing.tempo import TEMPO_MESSAGES

from .decoded import traces
from .generate import batches, queries
from .stand_in import StandIn
from .stored import ARRANGEMENTS, Store

_WINDOWS = st.sampled_from([Window(0, 2**64 - 1), Window(START_NS + 3 * 10**9, START_NS + 8 * 10**9)])
_SETTINGS = settings(suppress_health_check=list(HealthCheck), max_examples=30)
_SELECTIONS = st.sampled_from(
    [
        "",
        "| select(.a, span.b, resource.n, event.a)",
        "| select(kind, status, duration, event:timeSinceStart)",
        "| select(parent, span:parentID, parent.a, link:traceID, link:spanID, statusMessage, span:childCount)",
        "| select(nestedSetLeft, nestedSetParent, instrumentation:name, trace:id, span:id, parent.duration)",
    ]
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("data"))
    yield store
    store.close()


def planned(query: str) -> Plan:
    try:
        root = read(query).root
    except BadQuery:
        assume(False)
        raise
    assert isinstance(root, ast.Pipeline)
    steps = plan(root)
    assume(steps.told)
    return steps


@_SETTINGS
@given(batches(), queries(), _SELECTIONS, _WINDOWS, ARRANGEMENTS, st.integers(0, 3), st.integers(1, 4))
def test_told_is_scanned(store, sent, query, selection, window, arrangement, spans, limit):
    query = f"{query} {selection}"
    steps = planned(query)
    tenant = store.keep(sent, arrangement)
    answer = TraceQL(store.snapshot, Gate(1, 0)).search(
        tenant, query, start_ns=window.start_ns, end_ns=window.end_ns, limit=limit, spans_per_spanset=spans
    )
    plain = Found(StandIn(traces(sent)), tenant, window, Budget(Limits()))
    assert answer.traces == search(plain, steps, limit, spans, Cursor()).traces, query


@_SETTINGS
@given(batches(), queries(), _SELECTIONS, ARRANGEMENTS, st.booleans())
def test_told_is_written_as_objects_are(store, sent, query, selection, arrangement, bare):
    query = f"{query} {selection}"
    planned(query)
    tenant = store.keep(sent, arrangement)
    answer = TraceQL(store.snapshot, Gate(1, 0)).search(tenant, query, start_ns=0, end_ns=0, spans_per_spanset=2)
    if bare:
        assert isinstance(answer.traces, ToldTraces)
        answer = answer._replace(traces=answer.traces.without_spansets())
    objects = answer._replace(traces=list(answer.traces))
    assert json.loads(as_json.search(answer)) == json.loads(as_json.search(objects))
    kind = TEMPO_MESSAGES["SearchResponse"]
    assert kind.FromString(b"".join(as_protobuf.search(answer))) == kind.FromString(
        b"".join(as_protobuf.search(objects))
    )
