"""Times and steps, as clients of Loki write them."""

import pytest

from otelier.api.loki import parse
from otelier.server.request import HttpError, Query
from otelier.testing import FakeClock

NOW_NS = 1_700_000_000 * 10**9


def times(query: str) -> tuple[int, int]:
    clock = FakeClock()
    clock.advance(0)
    start_ns, end_ns = parse.times(Query(query), clock)
    return start_ns, end_ns


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1700000000000000000", NOW_NS),
        ("1700000000", NOW_NS),
        ("1700000000.5", NOW_NS + 5 * 10**8),
        ("2023-11-14T22:13:20Z", NOW_NS),
        ("2023-11-15T07:13:20.25%2B09:00", NOW_NS + 25 * 10**7),
    ],
)
def test_times(text: str, ns: int):
    assert times(f"start={text}&end={NOW_NS + 10**9}")[0] == ns


def test_without_times_the_last_hour_is_meant():
    start_ns, end_ns = times("")
    assert end_ns - start_ns == 3600 * 10**9
    start_ns, end_ns = times(f"end={NOW_NS}&since=5m")
    assert (start_ns, end_ns) == (NOW_NS - 300 * 10**9, NOW_NS)


@pytest.mark.parametrize("text", ["abc", "-5m", "51y", "1000000y", "5"])
def test_a_since_that_is_no_length_of_time_is_refused(text: str):
    with pytest.raises(HttpError, match="since is no duration"):
        times(f"since={text}")


def test_a_span_ends_behind_its_start():
    assert parse.span(Query("start=5&end=5"), FakeClock()) == (5 * 10**9, 5 * 10**9)
    with pytest.raises(HttpError, match="before or equal to start"):
        parse.span(Query("start=6&end=5"), FakeClock())


@pytest.mark.parametrize("text", ["51y", "1000000y", "1e18", "1e300", "9" * 30])
def test_a_step_beyond_all_logs_is_refused(text: str):
    with pytest.raises(HttpError, match=r"^step is"):
        parse.step(text, 0, NOW_NS)


@pytest.mark.parametrize("text", ["now", "-5", "1e400", "2023-11-14T22:13:20", "9" * 30, "nan", str(2**63 - 1)])
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(HttpError, match="no time"):
        times(f"start={text}")
