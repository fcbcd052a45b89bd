"""Times, steps and numbers in URLs."""

import pytest

from otelier.api.tempo import parse
from otelier.api.tempo.metrics import usual_step
from otelier.server.request import HttpError, Query

S = 10**9
NOW = 1_700_000_000 * S


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ("", (0, 0)),
        ("start=10", (10 * S, 0)),
        ("end=10", (0, 11 * S - 1)),
        ("start=10&end=20", (10 * S, 21 * S - 1)),
        (f"start={NOW + 1}&end={NOW + 2}", (NOW + 1, NOW + 2)),
        (f"start={NOW + 1}", (NOW + 1, 0)),
        (f"start=1&end={NOW + 2}", (S, NOW + 2)),
    ],
)
def test_a_window_in_seconds_holds_all_of_its_last_second(query, window):
    assert parse.window(Query(query)) == window


@pytest.mark.parametrize("at", [2**32, NOW // 10**6, NOW // 10**3, 10**17 - 1])
def test_milliseconds_and_microseconds_are_refused(at):
    with pytest.raises(HttpError, match="end is neither unix seconds nor nanoseconds"):
        parse.window(Query(f"start=1&end={at}"))


def test_a_window_of_numbers_beyond_all_seconds_ends_with_the_last_one():
    assert parse.seconds_window(2**63, 0) == ((2**32 - 1) * S, 0)
    assert parse.seconds_window(0, 2**64 - 1) == (0, 2**32 * S - 1)


@pytest.mark.parametrize(
    ("query", "moments"),
    [
        ("", (NOW - 3600 * S, NOW)),
        ("since=15m", (NOW - 900 * S, NOW)),
        ("start=1000&end=2000", (1000 * S, 2000 * S)),
        ("start=1699999999000000001&end=1700000000", (1_699_999_999 * S + 1, NOW)),
        ("start=10.5&end=11", (10_500_000_000, 11 * S)),
        ("start=1970-01-01T00:00:01Z&end=2", (S, 2 * S)),
        ("start=0001-01-01T00:00:00Z&end=9999-12-31T23:59:59Z", (0, 2**63 - 1)),
        ("start=1&end=99999999999999999999999", (S, 2**63 - 1)),
        ("start=1970-01-01T01:00:01.5%2B01:00&end=2", (1_500_000_000, 2 * S)),
    ],
)
def test_moments_of_metrics_come_in_many_forms(query, moments):
    assert parse.moments(Query(query), NOW) == moments


@pytest.mark.parametrize(
    ("query", "step"),
    [
        ("", 0),
        ("step=15s", 15 * S),
        ("step=60", 60 * S),
        ("step=0.5", S // 2),
        ("step=1m30s", 90 * S),
        ("step=1.001", 1_001_000_000),
    ],
)
def test_a_step_is_a_length_of_time_or_seconds(query, step):
    assert parse.step(Query(query)) == step


@pytest.mark.parametrize(
    ("read", "query"),
    [
        (parse.window, "start=x"),
        (parse.window, "start=-1"),
        (parse.window, "start=20&end=20"),
        (parse.window, f"start={NOW + 1}&end={NOW}"),
        (parse.window, "start=99999999999999999999"),
        (lambda query: parse.moments(query, NOW), "start=yesterday"),
        (lambda query: parse.moments(query, NOW), "start=5&end=4"),
        (lambda query: parse.moments(query, NOW), "since=1y2"),
        (parse.step, "step=-1s"),
        (parse.step, "step=often"),
        (parse.step, "step=9223372037"),
        (parse.step, f"step={'9' * 400}"),
        (lambda query: parse.number(query, "limit", 100), "limit=101"),
        (lambda query: parse.duration(query, "minDuration"), "minDuration=5"),
    ],
)
def test_what_can_not_be_read_is_a_400(read, query):
    with pytest.raises(HttpError) as raised:
        read(Query(query))
    assert raised.value.status == 400
    assert raised.value.message


@pytest.mark.parametrize(
    ("seconds", "step_s"),
    [(1, 0.05), (30, 0.1), (59, 0.2), (60, 1), (300, 1), (480, 2), (3600, 15), (86400, 300), (7 * 86400, 2400)],
)
def test_without_a_step_there_are_about_240_points(seconds, step_s):
    assert usual_step(0, seconds * S) == int(step_s * S)
