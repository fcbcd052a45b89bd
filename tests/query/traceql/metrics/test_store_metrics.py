"""Metrics of a store are what a plain loop finds, wherever the spans lie: log, segments, split over both, merged."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from otelier.query.errors import BadQuery
from otelier.query.gate import Gate
from otelier.query.traceql import read
from otelier.query.traceql.engine import TraceQL
from otelier.query.traceql.metrics import Steps
from otelier.testing.telemetry import START_NS, span, span_id, trace_id
from otelier.testing.telemetry import traces as made

from ..decoded import traces
from ..generate import batches, queries
from ..stored import ARRANGEMENTS, Store
from .plain import BY, FUNCTIONS, expected, key

_S = 10**9
_RANGES = st.sampled_from(
    [
        (START_NS - 1, START_NS + 13 * _S, 2 * _S),
        (START_NS + 2 * _S, START_NS + 9 * _S, 3 * _S),
        (START_NS - 1, START_NS + 99 * _S, 100 * _S),
    ]
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("data"))
    yield store
    store.close()


@settings(suppress_health_check=list(HealthCheck), max_examples=80)
@given(batches(), st.just("{ }") | queries(), FUNCTIONS, BY, _RANGES, ARRANGEMENTS)
def test_a_store_measures_what_a_loop_measures(store, sent, pipeline, function, by, times, arrangement):
    text = f"{pipeline} | {function}{by}"
    root = _read(text)
    wanted = expected(root, traces(sent), Steps.over(*times))
    start_ns, end_ns, step_ns = times
    answer = TraceQL(store.snapshot, Gate(1, 0)).metrics(
        store.keep(sent, arrangement), text, start_ns=start_ns, end_ns=end_ns, step_ns=step_ns
    )
    found = {key(each): each.values for each in answer.series}
    assert found.keys() == wanted.keys()
    for labels, values in found.items():
        tolerance = 0.011 if "quantile" in function else 1e-9
        np.testing.assert_allclose(values, wanted[labels], rtol=tolerance, equal_nan=True)


def test_attributes_are_compared_and_suggested(store):
    sent = made(
        span("a", number=1, status="ERROR", attributes={"version": "new"}),
        span("b", number=2, attributes={"version": "old"}),
    )
    tenant = store.keep([sent], ([True], False))
    asked = TraceQL(store.snapshot, Gate(1, 0))
    answer = asked.instant(tenant, "{ } | compare({ status = error })", start_ns=START_NS, end_ns=START_NS + _S)
    told = {tuple((each.key, each.value) for each in line.labels): line.values.tolist() for line in answer.series}
    assert told[("__meta_type", "selection"), ("span.version", "new")] == [1]
    assert told[("__meta_type", "baseline"), ("span.version", "old")] == [1]
    assert told[("__meta_type", "baseline_total"), ("resource.service.name", None)] == [1]
    names = asked.suggest(tenant, "{ span.ver", 10, start_ns=START_NS, end_ns=START_NS + _S)
    assert [each.text for each in names.suggestions] == ["span.version"]
    values = asked.suggest(tenant, '{ status = error && span.version = "', 36, start_ns=START_NS, end_ns=START_NS + _S)
    assert [each.text for each in values.suggestions] == ['"new"']


@pytest.mark.parametrize("pipeline", ["{ }", "{ } | count() > 0"])
@pytest.mark.parametrize(
    ("by", "labels"),
    [
        ("span:id", [span_id(1).hex(), span_id(2).hex()]),
        ("span:parentID", ["", span_id(1).hex()]),
        ("parent", [None, span_id(1).hex()]),
        ("trace:id", [trace_id(1).hex()]),
    ],
)
def test_ids_group_by_the_core_and_over_columns(store, pipeline, by, labels):
    tenant = store.keep([made(span("a", number=1), span("b", number=2, parent=1))], ([True], False))
    asked = TraceQL(store.snapshot, Gate(1, 0))
    text = f"{pipeline} | count_over_time() by ({by})"
    answer = asked.metrics(tenant, text, start_ns=START_NS - 1, end_ns=START_NS + _S, step_ns=2 * _S)
    assert sorted((str(line.labels[0].value or ""), line.values.sum()) for line in answer.series) == sorted(
        (each or "", 2 / len(labels)) for each in labels
    )
    assert {line.labels[0].value for line in answer.series} == set(labels)


def _read(text):
    try:
        return read(text).root
    except BadQuery:
        assume(False)
