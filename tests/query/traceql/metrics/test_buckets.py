"""Numbers put together by size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.query.traceql.metrics import cells
from otelier.query.traceql.metrics.buckets import buckets, middles, powers, powers_of_buckets, together
from otelier.query.traceql.metrics.quantiles import quantiles

numbers = st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300), min_size=1)


@given(numbers)
def test_the_middle_of_a_bucket_is_near(values):
    values = np.array([value for value in values if value == 0 or abs(value) > 1e-300])
    np.testing.assert_allclose(middles(buckets(values).astype(float)), values, rtol=0.0055)


@given(st.lists(st.floats(1e-300, 1e300)))
def test_a_power_of_two_is_the_least_that_is_not_less(values):
    values = np.array(values)
    edges = powers(values)
    assert (values <= edges).all()
    assert (edges / 2 < values).all()
    assert (np.log2(edges) % 1 == 0).all()


def test_powers_of_two_are_their_own_bucket():
    assert powers(np.array([1.0, 2, 2.5, 1024, 0.25, 0, -4])).tolist() == [1, 2, 4, 1024, 0.25, 0, 0]


@given(st.lists(st.integers(-100, 2**30).filter(lambda number: number <= 64 or number & (number - 1))))
def test_powers_of_whole_numbers_follow_from_their_buckets(values):
    whole = np.array(values, np.float64)
    assert powers_of_buckets(buckets(whole)).tolist() == powers(whole).tolist()


def test_equal_codes_of_a_cell_are_one():
    own, codes, weights = together(np.array([1, 0, 1, 1]), np.array([-5, 7, -5, 7]), np.array([1.0, 2, 3, 4]))
    assert (own.tolist(), codes.tolist(), weights.tolist()) == ([0, 1, 1], [7, -5, 7], [2, 4, 4])


@pytest.mark.parametrize("kind", ["histogram", "powers"])
def test_many_numbers_of_a_table_are_told_by_size(kind):
    random = np.random.default_rng(7)
    count = 120_000
    own, values = random.integers(0, 6, count), np.exp(random.normal(0, 5, count)) * random.choice([-1, 1], count)
    reduced = cells._reduced(own, values, np.ones(count), kind).values
    assert len(reduced.cells) < 30_000
    assert reduced.weights.sum() == count
    if kind == "histogram":
        present, found = quantiles(reduced, (0, 0.1, 0.5, 0.99, 1))
        exact = [np.quantile(values[own == cell], (0, 0.1, 0.5, 0.99, 1), method="inverted_cdf") for cell in present]
        np.testing.assert_allclose(np.array(found).T, exact, rtol=0.006)
