"""Nothing goes early, nothing stays for ever, whatever clocks and spans say."""

import pytest

from otelier.component import Duration
from otelier.storage.local.kind import TELEMETRY
from otelier.storage.local.manifest import Segment
from otelier.storage.local.retention import due
from otelier.storage.segmented import retention
from otelier.storage.segmented.retention import RetentionClock
from otelier.storage.settings import ImportantSettings, RetentionSettings, TelemetryRetention
from otelier.testing import FakeClock

HOUR = 3600 * 10**9
NOW = 1_000_000 * HOUR
WEEK = RetentionSettings(max_age=Duration(7 * 86_400))


def segment(number: int, age_h: float, *, size: int = 100, start_ns: int = NOW, important: bool = False) -> Segment:
    return Segment(
        path=f"s{number}",
        tenant="default",
        signal="traces",
        rows=1,
        bytes=size,
        min_start_ns=start_ns,
        max_start_ns=start_ns,
        generation=number,
        written_ns=NOW - round(age_h * HOUR),
        important=important,
    )


def expired(segments, now_ns: int, settings: RetentionSettings) -> dict[str, str]:
    return retention.expired(TELEMETRY.ages(segments, now_ns), settings)


def test_what_is_older_than_the_age_goes():
    assert expired([segment(1, 169), segment(2, 167)], NOW, WEEK) == {"s1": "age"}


def test_zero_keeps_for_ever():
    assert expired([segment(1, 10**5)], NOW, RetentionSettings(max_age=Duration(0))) == {}


@pytest.mark.proves("otelier.retention.max_bytes")
def test_the_oldest_go_until_the_rest_fits_and_none_that_is_younger():
    segments = [segment(1, 4, size=10), segment(2, 3, size=80), segment(3, 2, size=50), segment(4, 1, size=50)]
    assert expired(segments, NOW, RetentionSettings(max_bytes=120)) == {"s1": "size", "s2": "size"}


def test_what_spans_say_of_their_time_does_not_matter():
    old, future = segment(1, 1, start_ns=0), segment(2, 1, start_ns=2**64 - 1)
    assert expired([old, future], NOW, WEEK) == {}
    old, future = segment(1, 200, start_ns=0), segment(2, 200, start_ns=2**64 - 1)
    assert expired([old, future], NOW, WEEK) == {"s1": "age", "s2": "age"}


def test_what_was_written_by_a_clock_that_was_ahead_is_as_old_as_what_came_after_it():
    ahead = segment(2, -(10**5))
    assert {each.path: age // HOUR for each, age in TELEMETRY.ages([segment(1, 300), ahead, segment(3, 200)], NOW)} == {
        "s1": 300,
        "s2": 200,
        "s3": 200,
    }
    assert expired([ahead, segment(3, 200)], NOW, WEEK) == {"s2": "age", "s3": "age"}
    assert expired([ahead, segment(3, 100)], NOW, WEEK) == {}
    assert expired([ahead], NOW, WEEK) == {}


def kept(*, max_age_h: float = 10, max_bytes: int = 0, important_h: float = 100) -> TelemetryRetention:
    important = ImportantSettings(max_age=Duration(important_h * 3600))
    return TelemetryRetention(max_age=Duration(max_age_h * 3600), max_bytes=max_bytes, important=important)


@pytest.mark.proves("otelier.retention.important.max_age")
def test_what_is_past_the_ordinary_age_is_thinned_and_goes_when_it_is_past_the_other():
    found = due(TELEMETRY.ages([segment(1, 101), segment(2, 11), segment(3, 9)], NOW), kept())
    assert (found.delete, found.thin) == ({"s1": "age"}, {"s2": "age"})
    found = due(TELEMETRY.ages([segment(1, 101, important=True), segment(2, 99, important=True)], NOW), kept())
    assert (found.delete, found.thin) == ({"s1": "age"}, {})


def test_by_size_the_oldest_unimportant_go_first():
    segments = [segment(1, 4, size=60, important=True), *(segment(n, 4 - n / 2, size=50) for n in (2, 3, 4))]
    found = due(TELEMETRY.ages(segments, NOW), kept(max_bytes=130))
    assert (found.delete, found.thin) == ({}, {"s2": "size", "s3": "size"})


def test_by_size_important_ones_take_at_most_half():
    segments = [segment(n, 9 - n, size=40, important=True) for n in (1, 2, 3)] + [segment(4, 1, size=20)]
    found = due(TELEMETRY.ages(segments, NOW), kept(max_bytes=160))
    assert (found.delete, found.thin) == ({"s1": "size"}, {})


class Jumping(FakeClock):
    """A wall clock that can be set apart from time itself."""

    ahead_s = 0.0

    def time_ns(self) -> int:
        return super().time_ns() + round(self.ahead_s * 1e9)


def passed_s(now: RetentionClock, since_ns: int) -> float:
    return (now.time_ns() - since_ns) / 1e9


def test_a_clock_a_day_ahead_for_an_hour_costs_an_hour():
    clock = Jumping()
    now, since = RetentionClock(clock), clock.time_ns()
    clock.ahead_s = 86_400
    clock.advance(3600)
    assert passed_s(now, since) == 7200
    clock.ahead_s = 0
    assert passed_s(now, since) == 3600


def test_a_clock_that_goes_back_deletes_nothing_and_one_that_is_right_is_followed():
    clock = Jumping()
    now, since = RetentionClock(clock), clock.time_ns()
    clock.ahead_s = -3600
    assert passed_s(now, since) == -3600
    clock.ahead_s = 600
    clock.advance(10_000)
    assert passed_s(now, since) == 10_600
