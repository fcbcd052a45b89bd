"""Converters of moments: made, taken apart, rounded, as numbers since 1970."""

from datetime import UTC, datetime, timedelta

from ..frame import Frame
from ..values import Time, TimeSpan
from .registry import converter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_ONE_NS = -62_135_596_800 * 10**9
"""Go counts from the year 1: weeks begin on its Monday."""


def shown(moment: Time) -> datetime:
    """The wall clock of the moment's own zone, to the second."""
    return _EPOCH + timedelta(seconds=moment.ns // 10**9 + moment.offset_s)


@converter("Now")
def now(frame: Frame) -> Time:
    """The present."""
    return Time(frame.clock.time_ns())


@converter("Unix")
def unix(seconds: int, nanoseconds: int = 0) -> Time:
    """So long after 1970 began in UTC."""
    return Time(seconds * 10**9 + nanoseconds)


@converter("UnixNano")
def unix_nano(value: Time) -> int:
    """Nanoseconds since 1970."""
    return value.ns


@converter("UnixMicro")
def unix_micro(value: Time) -> int:
    """Whole microseconds since 1970."""
    return value.ns // 10**3


@converter("UnixMilli")
def unix_milli(value: Time) -> int:
    """Whole milliseconds since 1970."""
    return value.ns // 10**6


@converter("UnixSeconds")
def unix_seconds(value: Time) -> int:
    """Whole seconds since 1970."""
    return value.ns // 10**9


@converter("Year")
def year(value: Time) -> int:
    """In the moment's own zone, as are all parts."""
    return shown(value).year


@converter("Month")
def month(value: Time) -> int:
    """From 1."""
    return shown(value).month


@converter("Day")
def day(value: Time) -> int:
    """Of the month, from 1."""
    return shown(value).day


@converter("Hour")
def hour(value: Time) -> int:
    """From 0 to 23."""
    return shown(value).hour


@converter("Minute")
def minute(value: Time) -> int:
    """From 0 to 59."""
    return shown(value).minute


@converter("Second")
def second(value: Time) -> int:
    """From 0 to 59."""
    return shown(value).second


@converter("Nanosecond")
def nanosecond(value: Time) -> int:
    """Within the second."""
    return value.ns % 10**9


@converter("Weekday")
def weekday(value: Time) -> int:
    """From 0, Sunday, to 6, Saturday."""
    return shown(value).isoweekday() % 7


@converter("TruncateTime")
def truncate_time(time: Time, duration: TimeSpan) -> Time:
    """Down to a multiple of a duration, counted from the year 1; 0 or less changes nothing."""
    if duration.ns <= 0:
        return time
    return Time(time.ns - (time.ns - _YEAR_ONE_NS) % duration.ns, time.offset_s, time.zone)
