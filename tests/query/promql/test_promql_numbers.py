"""Numbers as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.query.promql.numbers import fixed, general, shortest

CASES = [
    (0.0, "0", "0", "0"),
    (-0.0, "-0", "-0", "-0"),
    (1.0, "1", "1", "1"),
    (-2.5, "-2.5", "-2.5", "-2.5"),
    (123456.0, "123456", "123456", "123456"),
    (1234567.0, "1234567", "1234567", "1.234567e+06"),
    (1e20, "100000000000000000000", "100000000000000000000", "1e+20"),
    (1e21, "1e+21", "1000000000000000000000", "1e+21"),
    (-1.5e21, "-1.5e+21", "-1500000000000000000000", "-1.5e+21"),
    (0.00001, "0.00001", "0.00001", "1e-05"),
    (0.000001, "0.000001", "0.000001", "1e-06"),
    (1.5e-7, "1.5e-07", "0.00000015", "1.5e-07"),
    (float("inf"), "+Inf", "+Inf", "+Inf"),
    (float("-inf"), "-Inf", "-Inf", "-Inf"),
    (float("nan"), "NaN", "NaN", "NaN"),
]


@pytest.mark.parametrize(("value", "in_answers", "in_labels", "in_messages"), CASES)
def test_numbers_are_written_as_prometheus_does(
    value: float, in_answers: str, in_labels: str, in_messages: str
) -> None:
    assert shortest(value) == in_answers
    assert fixed(value) == in_labels
    assert general(value) == in_messages


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_reads_back_as_itself(value: float) -> None:
    assert float(shortest(value)) == value
    assert float(fixed(value)) == value
    assert float(general(value)) == value
