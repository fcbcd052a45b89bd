"""Measured over columns and counted by the core are the same, and are what a plain loop over the spans finds."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from otelier.query.errors import BadQuery, TooLarge
from otelier.query.traceql import read
from otelier.query.traceql.found import Found, Window
from otelier.query.traceql.limits import Budget, Limits
from otelier.query.traceql.metrics import Steps, series
from otelier.testing import telemetry
from otelier.testing.telemetry import START_NS

from ..decoded import traces
from ..generate import batches, queries
from .asked import OverColumns
from .counting import Counting
from .plain import BY, FUNCTIONS, expected, key

_S = 10**9
_STEPS = st.sampled_from(
    [
        Steps.over(START_NS - 1, START_NS + 13 * _S, 2 * _S),
        Steps.over(START_NS + 2 * _S, START_NS + 9 * _S, 3 * _S),
        Steps.instant(START_NS, START_NS + 12 * _S),
    ]
)


def answer(root, reader, steps, found=Found, **limits):
    window = Window(steps.first_ns, steps.last_ns)
    return series(root, found(reader, "t", window, Budget(Limits(**limits))), steps)


@settings(suppress_health_check=list(HealthCheck), max_examples=80)
@given(batches(), st.just("{ }") | queries(), FUNCTIONS, BY, _STEPS)
def test_all_ways_lead_to_the_same_numbers(sent, pipeline, function, by, steps):
    root = _read(f"{pipeline} | {function}{by}")
    decoded = traces(sent)
    wanted = expected(root, decoded, steps)
    for way in (Found, OverColumns):
        found = {key(each): each.values for each in answer(root, Counting(decoded), steps, way)}
        assert found.keys() == wanted.keys()
        for labels, values in found.items():
            np.testing.assert_allclose(values, wanted[labels], rtol=0.011, equal_nan=True)
            if "quantile" not in function:
                np.testing.assert_allclose(values, wanted[labels], rtol=1e-9, equal_nan=True)


def test_what_the_core_can_count_it_counts():
    reader = Counting([])
    answer(read('{ name = "a" } | rate() by (span.a)').root, reader, Steps.over(0, 10, 5))
    assert reader.asked == 1


@pytest.mark.parametrize("way", [Found, OverColumns])
def test_more_series_than_allowed_are_refused(way):
    decoded = traces(_two_names())
    with pytest.raises(TooLarge, match="more than 1 series"):
        answer(read("{ } | rate() by (name)").root, Counting(decoded), _ALL, way, series=1)
    with pytest.raises(TooLarge, match="more than 1 series"):
        answer(read("{ } | quantile_over_time(duration, .5, .9)").root, Counting(decoded), _ALL, way, series=1)
    with pytest.raises(TooLarge, match="choose a larger step"):
        answer(read("{ } | rate()").root, Counting(decoded), Steps.over(START_NS - 1, START_NS + 30_000_000, 1), way)


def test_series_without_labels_are_named_after_their_function():
    decoded = traces(_two_names())
    (rate,) = answer(read("{ } | rate()").root, Counting(decoded), _ALL)
    assert rate.labels == (("__name__", "rate"),)
    assert [each.labels for each in answer(read("{ } | rate() by (name)").root, Counting(decoded), _ALL)] == [
        (("name", "a"),),
        (("name", "b"),),
    ]


def _two_names():
    return [telemetry.traces(telemetry.span("a", number=1), telemetry.span("b", number=2))]


_ALL = Steps.over(START_NS - 1, START_NS + 20 * _S, 10 * _S)


def _read(text):
    try:
        return read(text).root
    except BadQuery:
        assume(False)
