"""Durations and sizes as Prometheus writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.component import ByteSize, PrometheusDuration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15),
        ("1m30s", 90),
        ("1d", 86400),
        ("0", 0),
        ("2w", 14 * 86400),
        ("1h5ms", 3600.005),
        ("0" * 30 + "5s", 5),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert PrometheusDuration.parse(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "1", "1.5s", "5s1m", "-1s", "1 s", "10000y", "9" * 5000 + "s", "99999999999999999999s"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        PrometheusDuration.parse(text)


@given(st.integers(0, (2**63 - 1) // 10**6))
def test_a_duration_reads_back(ms: int) -> None:
    assert PrometheusDuration.parse(str(PrometheusDuration(ms / 1000))) == PrometheusDuration(ms / 1000)


def test_sizes() -> None:
    assert [ByteSize.parse(t) for t in ("0", "10MB", "1.5KB", "2GiB", 7)] == [0, 10 << 20, 1536, 2 << 30, 7]
    assert str(ByteSize(10 << 20)) == "10MB"
    with pytest.raises(ValueError, match="size"):
        ByteSize.parse("ten")
