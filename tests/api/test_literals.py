"""Numbers, durations and times in URLs: exact values, and the texts that Jaeger's clients show."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.api import literals


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("4500ns", 4500),
        ("1.5ms", 1_500_000),
        ("100us", 100_000),
        ("100µs", 100_000),
        ("1m30s", 90 * 10**9),
        ("-2s", -2 * 10**9),
        (".5s", 500_000_000),
        ("1.s", 10**9),
        ("2h", 7200 * 10**9),
        ("0.000000001s", 1),
    ],
)
def test_durations_are_exact_to_the_nanosecond(text: str, ns: int):
    assert literals.duration(text) == ns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", 'time: missing unit in duration "5"'),
        ("1.5", 'time: missing unit in duration "1.5"'),
        ("5x", 'time: unknown unit "x" in duration "5x"'),
        ("1h 5m", 'time: unknown unit "h " in duration "1h 5m"'),
        ("abc", 'time: invalid duration "abc"'),
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        (".s", 'time: invalid duration ".s"'),
        ("99999999h", 'time: invalid duration "99999999h"'),
    ],
)
def test_what_is_no_duration_is_told_as_go_does(text: str, message: str):
    with pytest.raises(ValueError) as error:
        literals.duration(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("z", 'strconv.ParseInt: parsing "z": invalid syntax'),
        ("1.5", 'strconv.ParseInt: parsing "1.5": invalid syntax'),
        ("٣", 'strconv.ParseInt: parsing "٣": invalid syntax'),
        ("9223372036854775808", 'strconv.ParseInt: parsing "9223372036854775808": value out of range'),
    ],
)
def test_what_is_no_integer_is_told_as_go_does(text: str, message: str):
    with pytest.raises(ValueError) as error:
        literals.integer(text)
    assert str(error.value) == message
    assert literals.integer("-9223372036854775808") == -(2**63)


def test_booleans_have_gos_spellings():
    assert [literals.boolean(text) for text in ("1", "t", "TRUE", "0", "F", "false")] == [True] * 3 + [False] * 3
    with pytest.raises(ValueError, match=r'strconv\.ParseBool: parsing "yes": invalid syntax'):
        literals.boolean("yes")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2017-01-26T15:46:31.639875Z", 1485445591639875000),
        ("2017-01-26T15:46:31.123456789z", 1485445591123456789),
        ("2017-01-26T17:46:31+02:00", 1485445591000000000),
        ("2017-01-26T10:16:31-05:30", 1485445591000000000),
        ("1969-12-31T23:59:59Z", -(10**9)),
    ],
)
def test_moments_are_exact_to_the_nanosecond(text: str, ns: int):
    assert literals.moment(text) == ns


@pytest.mark.parametrize("text", ["", "now", "2017-01-26", "2017-01-26T15:46:31", "2017-13-26T15:46:31Z", "1485445591"])
def test_what_is_no_moment_is_refused_with_an_example(text: str):
    with pytest.raises(ValueError, match="expected a time such as"):
        literals.moment(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str):
    for read in (literals.duration, literals.integer, literals.moment, literals.boolean):
        with contextlib.suppress(ValueError):
            read(text)
