"""Arithmetic and comparison, against a small reference written as the language's documentation says it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.ottl import OttlError
from otelier.ottl.operations import arithmetic, comparison, negative
from otelier.ottl.values import Time, TimeSpan

_int64 = st.integers(-(2**63), 2**63 - 1)
_numbers = _int64 | st.floats(allow_nan=False, allow_infinity=False)
_scalars = st.none() | st.booleans() | _numbers | st.text(max_size=3) | st.binary(max_size=3)
_times = st.integers(0, 2**62).map(Time)
_spans = st.integers(-(2**62), 2**62).map(TimeSpan)
_anything = st.recursive(
    _scalars | _times | _spans,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
_ORDERS = {"<": lambda c: c < 0, "<=": lambda c: c <= 0, ">": lambda c: c > 0, ">=": lambda c: c >= 0}


def _wrap(number):
    return (number + 2**63) % 2**64 - 2**63


def _reference(symbol, left, right):
    whole = type(left) is int and type(right) is int
    match symbol:
        case "+":
            found = left + right
        case "-":
            found = left - right
        case "*":
            found = left * right
        case _:
            if right == 0:
                raise ZeroDivisionError
            found = _towards_zero(left, right) if whole else left / right
    return _wrap(found) if whole else found


def _towards_zero(left, right):
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


@given(st.sampled_from("+-*/"), _numbers, _numbers)
def test_numbers_are_calculated_with_in_64_bits(symbol, left, right):
    try:
        wanted = _reference(symbol, left, right)
    except ZeroDivisionError:
        with pytest.raises(OttlError, match="division by zero"):
            arithmetic(symbol)(left, right)
        return
    found = arithmetic(symbol)(left, right)
    assert type(found) is type(wanted)
    assert found == wanted or (math.isnan(found) and math.isnan(wanted))


@given(_times, _times, _spans, _spans)
def test_moments_and_durations_are_added_and_subtracted(a, b, d, e):
    assert arithmetic("-")(a, b) == TimeSpan(a.ns - b.ns)
    assert arithmetic("+")(a, d) == arithmetic("+")(d, a) == Time(a.ns + d.ns)
    assert arithmetic("-")(a, d) == Time(a.ns - d.ns)
    assert arithmetic("+")(d, e) == TimeSpan(_wrap(d.ns + e.ns))
    assert arithmetic("-")(d, e) == TimeSpan(_wrap(d.ns - e.ns))


@given(st.sampled_from("+-*/"), _anything, _anything)
def test_what_goes_together_in_no_way_is_an_error_and_nothing_else(symbol, left, right):
    try:
        found = arithmetic(symbol)(left, right)
    except OttlError:
        return
    assert type(found) in (int, float, Time, TimeSpan)
    assert bool not in (type(left), type(right))


@given(_anything, _anything)
def test_equal_and_unequal_are_opposites_and_know_no_order_of_operands(left, right):
    assert comparison("==")(left, right) is not comparison("!=")(left, right)
    assert comparison("==")(left, right) is comparison("==")(right, left)
    assert comparison("==")(left, left)


@given(st.sampled_from(sorted(_ORDERS)), _scalars, _scalars)
def test_only_values_of_one_kind_have_an_order(symbol, left, right):
    number = {type(left), type(right)} <= {int, float}
    if left is None and right is None:
        wanted = "=" in symbol
    elif type(left) is type(right) or number:
        wanted = _ORDERS[symbol]((left > right) - (left < right))
    else:
        wanted = False
    assert comparison(symbol)(left, right) is wanted


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        (None, None, True),
        (None, 0, False),
        (None, "", False),
        ([], None, False),
        ([1], [1.0], False),
        ([1, [2]], [1, [2]], True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        (Time(5), Time(5, 3600), True),
    ],
)
def test_equality(left, right, same):
    assert comparison("==")(left, right) is same


@pytest.mark.parametrize("value", [None, True, "1", b"1", [], {}, Time(1)])
def test_only_numbers_and_durations_have_a_sign(value):
    with pytest.raises(OttlError, match="`-` wants a number"):
        negative(value)
