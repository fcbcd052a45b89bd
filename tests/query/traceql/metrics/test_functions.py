"""What each function tells of spans, point by point."""

import pytest

from otelier.query.traceql.metrics import Steps
from otelier.testing.telemetry import START_NS, span

from .asked import SECOND, Found, OverColumns, found, points


def spans(*values, key="n", at=0):
    return [
        span(number=number, trace=number, start_ns=START_NS + at, attributes={} if value is None else {key: value})
        for number, value in enumerate(values, 1 + at)
    ]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("rate()", [0.4, 0.0]),
        ("count_over_time()", [4, 0]),
        ("sum_over_time(span.n)", [7.5, None]),
        ("avg_over_time(span.n)", [2.5, None]),
        ("min_over_time(span.n)", [1, None]),
        ("max_over_time(span.n)", [4.5, None]),
        ("sum_over_time(duration)", [0.004, None]),
    ],
)
@pytest.mark.parametrize("way", [Found, OverColumns])
def test_what_is_missing_is_nothing_or_none(function, expected, way):
    (values,) = points(f"{{ }} | {function}", *spans(1, 2, 4.5, None), way=way).values()
    assert values == pytest.approx(expected)


@pytest.mark.parametrize("value", ["5", True, [1, 2]])
@pytest.mark.parametrize("way", [Found, OverColumns])
def test_only_numbers_are_measured(value, way):
    assert points("{ } | sum_over_time(span.n)", *spans(value), way=way) == {}


@pytest.mark.parametrize("way", [Found, OverColumns])
def test_labels_have_types_and_nil_is_one(way):
    counts = {
        repr(each.labels[0].value): each.values[0]
        for each in found("{ } | count_over_time() by (span.n)", *spans(1, 1.5, "1", True, None, 1), way=way)
    }
    assert counts == {"1": 2, "1.5": 1, "'1'": 1, "True": 1, "None": 1}


def test_buckets_are_open_at_the_left_and_an_instant_is_not():
    edges = [span(number=at, trace=at, start_ns=START_NS + at * SECOND) for at in (1, 2, 3)]
    steps = Steps.over(START_NS + SECOND, START_NS + 3 * SECOND, SECOND)
    assert points("{ } | count_over_time()", *edges, steps=steps) == {(): [1, 1]}
    assert steps.timestamps_ms == ((START_NS + 2 * SECOND) // 10**6, (START_NS + 3 * SECOND) // 10**6)
    short = Steps.over(START_NS, START_NS + 2 * SECOND + 1, 2 * SECOND)
    assert points("{ } | count_over_time()", *edges, steps=short) == {(): [2, 0]}
    instant = Steps.instant(START_NS + SECOND, START_NS + 3 * SECOND)
    assert points("{ } | count_over_time()", *edges, steps=instant) == {(): [3]}
    assert points("{ } | rate()", *edges, steps=instant) == {(): [1.5]}
    assert instant.timestamps_ms == ((START_NS + 3 * SECOND) // 10**6,)


@pytest.mark.parametrize("way", [Found, OverColumns])
def test_a_quantile_is_one_of_the_numbers_within_a_hundredth(way):
    numbers = [0.001 * 1.1**power for power in range(1, 101)]
    told = points("{ } | quantile_over_time(span.n, 0, .5, .99, 1)", *spans(*numbers), way=way)
    wanted = {0.0: 1, 0.5: 50, 0.99: 99, 1.0: 100}
    assert {key: values[0] for (key,), values in told.items()} == pytest.approx(
        {quantile: 0.001 * 1.1**power for quantile, power in wanted.items()}, rel=0.01
    )


@pytest.mark.parametrize("way", [Found, OverColumns])
def test_a_single_number_is_all_quantiles_of_itself(way):
    told = points("{ } | quantile_over_time(duration, .5, .99)", span(duration_ns=400_000_000), way=way)
    assert told == {(0.5,): [0.4, None], (0.99,): [0.4, None]}


@pytest.mark.parametrize("way", [Found, OverColumns])
def test_numbers_below_zero_have_quantiles(way):
    told = points("{ } | quantile_over_time(span.n, 0, .5, 1)", *spans(-8, -1, 0.0, 2.5, 3), way=way)
    assert {key: values[0] for (key,), values in told.items()} == pytest.approx({0.0: -8, 0.5: 0, 1.0: 3}, rel=0.01)


def test_a_histogram_counts_up_to_powers_of_two():
    told = points("{ } | histogram_over_time(span.n)", *spans(1024, 1025, 2048, 3, 0.5, 0.3, 0, -7))
    assert {key: values for (key,), values in told.items()} == {
        0.0: [2, 0], 0.5: [2, 0], 4.0: [1, 0], 1024.0: [1, 0], 2048.0: [2, 0],
    }  # fmt: skip


def test_a_histogram_of_durations_is_in_seconds():
    ((edge,),) = points("{ } | histogram_over_time(duration)", span(duration_ns=1000))
    assert edge == pytest.approx(1.024e-6)


def test_nothing_found_is_no_series():
    for function in ("rate()", "avg_over_time(duration)", "quantile_over_time(duration, .5)", "compare({ })"):
        assert points(f"{{ false }} | {function}", span()) == {}
        assert points(f"{{ false }} | {function}", span(), way=OverColumns) == {}


def test_series_come_sorted_by_labels():
    names = [span(name, number=number) for number, name in enumerate("bca", 1)]
    assert [each.labels[0].value for each in found("{ } | rate() by (name)", *names)] == ["a", "b", "c"]


def test_steps_may_begin_before_1970():
    early = [span(number=each, trace=each, start_ns=each * SECOND) for each in (1, 5)]
    steps = Steps.over(-4 * SECOND, 8 * SECOND, 4 * SECOND)
    assert points("{ } | count_over_time()", *early, steps=steps) == {(): [0, 1, 1]}
