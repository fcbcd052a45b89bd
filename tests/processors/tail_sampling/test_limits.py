"""Rates: what fits passes, whole and in order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from otelier.processors.tail_sampling.limits import SecondWindow, TokenBucket, fitting

costs = st.lists(st.integers(0, 50), max_size=40)


@given(costs, st.integers(-5, 300))
def test_each_passes_if_it_fits_into_what_those_before_it_left(values, room):
    left, expected = room, []
    for cost in values:
        expected.append(cost <= left)
        left -= cost if expected[-1] else 0
    passed, used = fitting(np.array(values, np.int64), room)
    assert passed.tolist() == expected
    assert used == room - left


def take(limit: TokenBucket | SecondWindow, now_s: float, *values: int) -> list[bool]:
    return limit.take(np.array(values, np.int64), now_s).tolist()


def test_a_bucket_begins_full_and_fills_no_further():
    bucket = TokenBucket(10, 20)
    assert take(bucket, 1000.0, 21, 15, 6, 5) == [False, True, False, True]
    assert take(bucket, 1000.5, 6, 5) == [False, True]
    assert take(bucket, 1100.0, 20, 1) == [True, False]


def test_a_bucket_survives_a_clock_that_goes_back():
    bucket = TokenBucket(10, 20)
    assert take(bucket, 1000.0, 20) == [True]
    assert take(bucket, 900.0, 1) == [False]
    assert take(bucket, 901.0, 10) == [True]


def test_a_window_is_new_with_each_whole_second():
    window = SecondWindow(10)
    assert take(window, 7.9, 10, 1) == [True, False]
    assert take(window, 8.0, 4) == [True]
    assert take(window, 8.9, 7, 6) == [False, True]
