import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from otelier.config.scalars import resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Read in Go's yaml.v3 (resolve.go, its table of tests) and strconv.ParseInt with base 0.
        ("", None),
        ("~", None),
        ("null", None),
        ("nULL", "nULL"),
        ("true", True),
        ("TRUE", True),
        ("tRue", "tRue"),
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("0", 0),
        ("-0", 0),
        ("12", 12),
        ("+12", 12),
        ("0123", 83),
        ("-0123", -83),
        ("0o17", 15),
        ("0O17", 15),
        ("0x1F", 31),
        ("-0xff", -255),
        ("0b101", 5),
        ("1_000", 1000),
        ("0x_ff", 255),
        ("08", 8.0),
        ("0b2", "0b2"),
        ("0xg", "0xg"),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5E-2", -0.005),
        ("1_0.5", 10.5),
        (".5_0", ".5_0"),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("18446744073709551616", float(2**64)),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("inf", "inf"),
        ("2001-01-01", "2001-01-01"),
        ("1:30", "1:30"),
        ("12h", "12h"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("+", "+"),
        (".", "."),
        ("...", "..."),
        ("_1", "_1"),
        ("١", "١"),
        ("1²", "1²"),
    ],
)
def test_a_plain_scalar_is_what_it_is_to_go(text: str, value: object) -> None:
    found = resolve(text)
    assert (found, type(found)) == (value, type(value))


def test_nan_is_a_number() -> None:
    assert math.isnan(resolve(".NaN"))


@given(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans() | st.none())
def test_what_yaml_writes_for_a_value_is_read_as_that_value(value: object) -> None:
    assert resolve(yaml.safe_dump(value).removesuffix("\n").removesuffix("\n...")) == value
