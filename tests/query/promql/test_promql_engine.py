"""The engine's own promises: limits, explanations, and that it is all one how a storage puts series into groups."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.query.promql import (
    Answer,
    Engine,
    ExecutionError,
    Group,
    Options,
    QueryTimeout,
    TooManySamples,
    parse,
)
from otelier.query.promql.arrays import STALE
from otelier.query.promql.ast import Matcher
from otelier.query.promql.labels import labels_of, value_of
from otelier.query.promql.matchers import predicate
from otelier.query.promql.memory import MemoryStorage
from otelier.testing import FakeClock

MINUTE = 60_000


class Alone:
    """A storage that gives each series as a group of its own."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Group]:
        groups = self._storage.select(matchers, start_ms, end_ms)
        return [each.columns([number]) for each in groups for number in range(len(each.labels))]


def engine(storage: MemoryStorage | Alone, options: Options | None = None, clock: FakeClock | None = None) -> Engine:
    return Engine(storage, options or Options(), (clock or FakeClock()).monotonic)


def stored(**series: Sequence[float]) -> MemoryStorage:
    """One value a minute."""
    storage = MemoryStorage()
    for name, values in series.items():
        for number, value in enumerate(values):
            storage.append(labels_of({"__name__": name}.items()), number * MINUTE, value)
    return storage


def numbers(answer: Answer) -> dict[str, list[float]]:
    return {value_of(each.labels, "__name__"): [float(value) for value in each.values] for each in answer.series()}


def test_a_query_that_reads_too_much_is_refused() -> None:
    asked = engine(stored(a=range(1000)), Options(max_samples=500))

    with pytest.raises(TooManySamples, match="more than 500"):
        asked.range("sum_over_time(a[1h])", 0, 1000 * MINUTE, MINUTE)
    assert asked.instant("a", 10 * MINUTE).samples <= 500


def test_a_query_that_takes_too_long_ends() -> None:
    clock = FakeClock()

    class Slow(MemoryStorage):
        def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Group]:
            clock.advance(61)
            return super().select(matchers, start_ms, end_ms)

    with pytest.raises(QueryTimeout, match="longer than 60 s"):
        Engine(Slow(), Options(timeout_s=60), clock.monotonic).instant("a + b + c", 0)


def test_an_explanation_says_what_is_read_without_reading_more() -> None:
    storage = stored(a=range(100), b=range(100))

    found = engine(storage).explain("sum(rate(a[10m])) / avg_over_time(b[5m:1m])", 50 * MINUTE, 60 * MINUTE, MINUTE)

    assert [(each.depth, each.text, each.steps) for each in found.plan] == [
        (0, "/ one-to-one", 11),
        (1, "sum", 11),
        (2, "rate()", 11),
        (3, "a[10m]", 11),
        (1, "avg_over_time()", 11),
        (2, "b[5m:1m]", 11),
        (3, "b", 15),
    ]
    assert [(each.selector, each.series, each.samples) for each in found.reads] == [("a[10m]", 1, 20), ("b", 1, 19)]
    assert found.samples == 39


def test_names_go_with_the_calculation_unless_the_end_of_the_query_decides() -> None:
    storage = stored(a=[1, 2, 3], b=[4, 5, 6])

    with pytest.raises(ExecutionError, match="same labelset"):
        engine(storage).instant('label_replace(rate({__name__=~"a|b"}[3m]), "x", "$1", "__name__", "(.*)")', 2 * MINUTE)
    later = engine(storage, Options(delayed_names=True))
    answer = later.instant('label_replace(rate({__name__=~"a|b"}[3m]), "x", "$1", "__name__", "(.*)")', 2 * MINUTE)
    assert sorted(value_of(each.labels, "x") for each in answer.series()) == ["a", "b"]


def test_a_range_query_wants_numbers_at_each_step() -> None:
    with pytest.raises(ExecutionError, match="must be Scalar or instant Vector"):
        engine(stored()).range("a[5m]", 0, MINUTE, MINUTE)
    with pytest.raises(ExecutionError, match="step"):
        engine(stored()).range("1", 0, MINUTE, 0)


def test_a_rate_of_what_is_no_counter_by_its_name_is_remarked() -> None:
    answer = engine(stored(temperature=[1, 2, 3])).instant("sum(rate(temperature[3m]))", 2 * MINUTE)

    assert answer.infos == [
        "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
        '"temperature" (1:10)'
    ]


def test_equal_windows_give_equal_rates() -> None:
    """Rounding must not look like a change."""
    answer = engine(stored(a_total=[0.1 * number for number in range(0, 3000, 7)])).instant(
        "changes(round(rate(a_total[5m]) * 1e12)[4h:13s])", 400 * MINUTE
    )
    assert numbers(answer) == {"": [0.0]}


def test_zeros_are_told_apart_by_their_sign() -> None:
    answer = engine(stored(a=[0.0], b=[-0.0])).instant('count_values("v", {__name__=~"a|b"})', 0)
    assert sorted(value_of(each.labels, "v") for each in answer.series()) == ["-0", "0"]


def test_a_quantile_of_infinity_is_infinite() -> None:
    answer = engine(stored(a=[1.0], b=[2.0])).instant('quantile(1 / 0, {__name__=~"a|b"})', 0)
    assert numbers(answer) == {"": [math.inf]}
    assert answer.warnings == ["PromQL warning: quantile value should be between 0 and 1, got +Inf (1:10)"]


@pytest.mark.parametrize(
    "inner", ["sort(a)", "topk(1, a)", "quantile(0.5, a)", "count_values('v', a)", "(a + on () a)"]
)
def test_a_subquery_may_have_no_step_in_its_window(inner: str) -> None:
    answer = engine(stored(a=[1.0, 2.0])).instant(f"max_over_time({inner}[10s:1m])", 50_000)
    assert list(answer.series()) == []


QUERIES = [
    "a",
    "rate(a[5m])",
    "increase({n=~'.+'}[4m30s])",
    "delta(a[5m])",
    "irate(a[7m])",
    "idelta(b[7m])",
    "sum_over_time(b[5m])",
    "avg_over_time(a[5m])",
    "min_over_time(b[3m])",
    "max_over_time(b[3m])",
    "stddev_over_time(a[5m])",
    "quantile_over_time(0.3,b[5m])",
    "mad_over_time(b[5m])",
    "changes(a[6m])",
    "resets(b[6m])",
    "deriv(a[5m])",
    "predict_linear(b[5m],60)",
    "last_over_time(a[3m])",
    "first_over_time(b[3m])",
    "count_over_time(a[4m])",
    "ts_of_max_over_time(a[6m])",
    "absent_over_time(a[2m])",
    "timestamp(b)",
    "sum({n=~'.+'})",
    "stdvar({n=~'.+'})",
    "quantile(0.7,{n=~'.+'})",
    "a+ignoring()b",
    "a>b",
    "max_over_time(rate(a[3m])[6m:1m])",
    "double_exponential_smoothing(b[5m],0.5,0.5)",
    "topk(2,{n=~'.+'})",
    "bottomk(1,{n=~'.+'})",
    'count_values("v",{n=~".+"})',
    "b@600",
    "rate(a[5m]@end())",
]
VALUES = st.one_of(
    st.integers(0, 9).map(float),
    st.floats(-1e6, 1e6),
    st.sampled_from([math.nan, math.inf, -math.inf, STALE, 0.0, 1e300, -1e300]),
)


@given(
    st.lists(st.lists(st.one_of(st.none(), VALUES), min_size=12, max_size=12), min_size=1, max_size=5),
    st.sampled_from(QUERIES),
)
def test_the_grouping_of_series_makes_no_difference(rows: list[list[float | None]], query: str) -> None:
    storage = MemoryStorage()
    for series, row in enumerate(rows):
        labels = labels_of({"__name__": "ab"[series % 2], "n": str(series // 2)}.items())
        for number, value in enumerate(row):
            if value is not None:
                storage.append(labels, number * MINUTE, value)

    together, alone = (_outcome(engine(each), query) for each in (storage, Alone(storage)))

    assert together.keys() == alone.keys()
    for key, values in together.items():
        np.testing.assert_allclose(values, alone[key], rtol=1e-9, atol=0, err_msg=str(key))


def _outcome(asked: Engine, query: str) -> dict[object, list[float]]:
    """By labels, a time and a value for each sample."""
    try:
        answer = asked.range(query, 0, 14 * MINUTE, MINUTE)
    except ExecutionError as error:
        return {str(error): []}
    return {each.labels: [*map(float, each.times), *map(float, each.values)] for each in answer.series()}


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(0, 50)), min_size=1, max_size=20), st.integers(30, 600))
def test_a_rate_is_what_the_definition_says(samples: list[tuple[int, int]], length_s: int) -> None:
    storage = MemoryStorage()
    time = 0
    points: list[tuple[float, float]] = []
    for gap, value in samples:
        time += gap
        points.append((time, value))
        storage.append(labels_of({"__name__": "a_total"}.items()), time * 1000, value)

    answer = engine(storage).range(f"rate(a_total[{length_s}s])", 0, 600_000, 37_000)

    found = {
        int(at): float(value) for each in answer.series() for at, value in zip(each.times, each.values, strict=True)
    }
    wanted = {at: rate for at in range(0, 600_001, 37_000) if (rate := _rate(points, at / 1000, length_s)) is not None}
    assert found.keys() == wanted.keys()
    for at, rate in wanted.items():
        assert found[at] == pytest.approx(rate, rel=1e-9), at


def _rate(points: list[tuple[float, float]], end: float, length: float) -> float | None:
    """Of a counter: what was counted between first and last sample, stretched to the edges of the window."""
    window = [point for point in points if end - length < point[0] <= end]
    if len(window) < 2:
        return None
    (first_at, first), (last_at, last) = window[0], window[-1]
    grown = last - first + sum(before[1] for before, now in pairwise(window) if now[1] < before[1])
    between = last_at - first_at
    mean = between / (len(window) - 1)
    left, right = first_at - (end - length), end - last_at
    left = mean / 2 if left >= mean * 1.1 else left
    right = mean / 2 if right >= mean * 1.1 else right
    if grown > 0:
        left = min(left, between * first / grown)
    return grown * (between + left + right) / between / length


def test_regular_expressions_are_re2_and_fit_whole_values() -> None:
    fits = predicate(parse('{a=~"x|yz"}').matchers[0])  # type: ignore[union-attr]
    assert [fits(value) for value in ("x", "yz", "xz", "ayz", "")] == [True, True, False, False, False]
