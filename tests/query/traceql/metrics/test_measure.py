"""Measured over columns and counted by the core are the same, and are what a plain loop over the spans finds."""

import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from otelier.query.errors import BadQuery, TooLarge
from otelier.query.traceql import ast, read, written
from otelier.query.traceql.evaluate.present import KINDS, STATUSES
from otelier.query.traceql.found import Found, Window
from otelier.query.traceql.limits import Budget, Limits
from otelier.query.traceql.metrics import Steps, series
from otelier.testing import telemetry
from otelier.testing.telemetry import START_NS

from .. import oracle, oracle_values
from ..decoded import traces
from ..generate import batches, queries
from .counting import Counting

_S = 10**9
_STEPS = st.sampled_from(
    [
        Steps.over(START_NS - 1, START_NS + 13 * _S, 2 * _S),
        Steps.over(START_NS + 2 * _S, START_NS + 9 * _S, 3 * _S),
        Steps.instant(START_NS, START_NS + 12 * _S),
    ]
)
_BY = st.sampled_from(["", " by (span.a)", " by (resource.service.name, name)", " by (kind, status, .n)"])
_OPERANDS = st.sampled_from(["duration", "span.n", ".a", "traceDuration", "span:childCount"])
_FUNCTIONS = st.one_of(
    st.sampled_from(["rate()", "count_over_time()"]),
    st.builds("{}({})".format, st.sampled_from(["min_over_time", "max_over_time", "sum_over_time"]), _OPERANDS),
    st.builds("{}({})".format, st.sampled_from(["avg_over_time", "histogram_over_time"]), _OPERANDS),
    st.builds("quantile_over_time({}, 0, .5, .9, 1)".format, _OPERANDS),
)


class OverColumns(Found):
    """As if the core could count nothing."""

    def counted(self, *_, **__):
        return None


def answer(root, reader, steps, found=Found, **limits):
    window = Window(steps.first_ns, steps.last_ns)
    return series(root, found(reader, "t", window, Budget(Limits(**limits))), steps)


@settings(suppress_health_check=list(HealthCheck), max_examples=80)
@given(batches(), st.just("{ }") | queries(), _FUNCTIONS, _BY, _STEPS)
def test_all_ways_lead_to_the_same_numbers(sent, pipeline, function, by, steps):
    root = _read(f"{pipeline} | {function}{by}")
    decoded = traces(sent)
    expected = _expected(root, decoded, steps)
    for way in (Found, OverColumns):
        found = {_key(each): each.values for each in answer(root, Counting(decoded), steps, way)}
        assert found.keys() == expected.keys()
        for key, values in found.items():
            np.testing.assert_allclose(values, expected[key], rtol=0.011, equal_nan=True)
            if "quantile" not in function:
                np.testing.assert_allclose(values, expected[key], rtol=1e-9, equal_nan=True)


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


def _key(each):
    return tuple((label.key, repr(label.value)) for label in each.labels if label.key != "__name__")


def _expected(root, decoded, steps):
    by_id = {trace.trace_id: trace for trace in decoded}
    found = oracle.search(root.pipeline, decoded, steps.first_ns, steps.last_ns)
    measure = root.measure
    cells = {}
    for trace_id, spansets in found.items():
        trace = by_id[trace_id]
        for span in dict.fromkeys(span for each in spansets for span in each.spans):
            number = 1
            if measure.operand is not None:
                number = oracle_values.value(measure.operand, span, trace)
                if not oracle_values.number(number) or math.isnan(number):
                    continue
                number = float(number) / (_S if "uration" in written(measure.operand) else 1)
            labels = tuple((written(each), _shown(oracle_values.value(each, span, trace))) for each in measure.by)
            step = -((steps.start_ns - span.start_ns) // steps.step_ns) - 1
            cells.setdefault(labels, {}).setdefault(step, []).append(number)
    lines = {}
    for labels, own in cells.items():
        for more, step, number in _numbers(measure, own, steps):
            empty = 0.0 if measure.function in ("rate", "count_over_time", "histogram_over_time") else math.nan
            line = lines.setdefault(labels + more, np.full(steps.count, empty))
            line[step] = number
    return lines


_PLAIN = {
    "rate": lambda numbers, steps: len(numbers) / steps.seconds,
    "count_over_time": lambda numbers, _: len(numbers),
    "sum_over_time": lambda numbers, _: math.fsum(numbers),
    "avg_over_time": lambda numbers, _: math.fsum(numbers) / len(numbers),
    "min_over_time": lambda numbers, _: min(numbers),
    "max_over_time": lambda numbers, _: max(numbers),
}


def _numbers(measure: ast.Measure, own: dict[int, list[float]], steps: Steps) -> Iterable:
    for step, numbers in own.items():
        if plain := _PLAIN.get(measure.function):
            yield (), step, plain(numbers, steps)
        elif measure.function == "quantile_over_time":
            for each in measure.quantiles:
                yield (("p", repr(each)),), step, sorted(numbers)[max(math.ceil(each * len(numbers)) - 1, 0)]
        else:
            unit = 1 / _S if "uration" in written(measure.operand) else 1
            edges = [_edge(number / unit) * unit for number in numbers]
            for edge in set(edges):
                yield (("__bucket", repr(edge)),), step, edges.count(edge)


def _edge(number):
    return 2.0 ** math.ceil(math.log2(round(number, 6))) if number > 0 else 0.0


def _shown(value):
    match value:
        case oracle_values.Kind():
            return repr(KINDS[value])
        case oracle_values.Status():
            return repr(STATUSES[value])
        case list():
            return repr(tuple(value))
        case _:
            return repr("{}") if value is ... else repr(value)
