"""Exemplars, and spans that stand for those that sampling dropped."""

import pytest

from otelier.query.traceql.metrics.weights import weight
from otelier.testing.telemetry import START_NS, span, trace_id

from .asked import SECOND, Found, OverColumns, found, points


def sampled(*thresholds, **options):
    made = []
    for number, threshold in enumerate(thresholds, 1):
        each = span(number=number, trace=number, **options)
        each.trace_state = f"vendor=x,ot=rv:1;th:{threshold}" if threshold else ""
        made.append(each)
    return made


@pytest.mark.parametrize(
    ("trace_state", "times"),
    [
        ("ot=th:c", 4),
        ("ot=th:8", 2),
        ("ot=th:0", 1),
        ("ot=rv:abc;th:c", 4),
        ("a=1, ot=th:c;rv:1", 4),
        ("ot=th:fd70a3d70a3d71", pytest.approx(100)),
        ("", 1),
        ("ot=rv:1", 1),
        ("hot=th:c", 1),
        ("ot=th:zz", 1),
        ("ot=th:123456789abcdef", 1),
    ],
)
def test_the_threshold_tells_for_how_many_a_span_stands(trace_state, times):
    assert weight(trace_state) == times


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("count_over_time()", [16, 0]),
        ("rate()", [1.6, 0]),
        ("sum_over_time(duration)", [0.016, None]),
        ("avg_over_time(duration)", [0.001, None]),
        ("min_over_time(duration)", [0.001, None]),
    ],
)
def test_extrapolated_numbers_are_of_all_spans(function, expected):
    spans = sampled("c", "c", "c", "c")
    (values,) = points(f"{{ }} | {function} with(extrapolate=true)", *spans).values()
    assert values == pytest.approx(expected)
    (plain,) = points("{ } | count_over_time()", *spans).values()
    assert plain == [4, 0]


def test_extrapolated_quantiles_weigh():
    spans = [*sampled("c", duration_ns=SECOND), span(number=9, trace=9, duration_ns=2 * SECOND)]
    told = points("{ } | quantile_over_time(duration, .8, .81) with(extrapolate=true)", *spans)
    assert told == {(0.8,): [1, None], (0.81,): [2, None]}


def test_sampling_hints_change_nothing():
    spans = [span(number=number, trace=number) for number in range(1, 6)]
    assert points("{ } | count_over_time() with(sample=0.1)", *spans) == {(): [5, 0]}


@pytest.mark.parametrize("way", [Found, OverColumns])
def test_exemplars_are_spans_with_what_was_measured(way):
    spans = [
        span(number=each, trace=each, start_ns=START_NS + each * SECOND, duration_ns=each * SECOND) for each in (1, 2)
    ]
    (one,) = found("{ } | max_over_time(duration) by (name)", *spans, exemplars=10, way=way)
    assert [(each.value, each.timestamp_ms) for each in one.exemplars] == [
        (each, START_NS // 10**6 + each * 1000) for each in (1, 2)
    ]
    assert one.exemplars[0].labels == (("name", "GET /"), ("trace:id", trace_id(1).hex()))


def test_exemplars_of_counts_lie_on_their_point():
    (one,) = found("{ } | rate()", span(number=1), span(number=2), exemplars=10)
    assert [each.value for each in one.exemplars] == [0.2, 0.2]


def test_of_several_series_the_nearest_has_the_exemplar():
    spans = [span(number=each, trace=each, duration_ns=each * SECOND) for each in (1, 2, 5)]
    low, high = found("{ } | quantile_over_time(duration, 0, 1)", *spans, exemplars=3)
    assert sorted(each.value for each in low.exemplars) == [1, 2]
    assert [each.value for each in high.exemplars] == [5]


@pytest.mark.parametrize(
    ("hint", "count"), [("exemplars=2", 2), ("exemplars=false", 0), ("exemplars=true", 5), ("a=1", 3)]
)
def test_the_hint_goes_before_the_request(hint, count):
    spans = [span(number=number, trace=number) for number in range(1, 6)]
    asked = 3 if hint != "exemplars=true" else 0
    (one,) = found(f"{{ }} | rate() with({hint})", *spans, exemplars=asked)
    assert len(one.exemplars) == count
