"""Converters between times and text: Time and FormatTime."""

from functools import lru_cache
from zoneinfo import ZoneInfo

from ..frame import Frame
from ..values import OttlError
from ..values import Time as Moment
from .month_names import ENGLISH, names_of
from .registry import converter
from .time_format import read_time, time_format, write_time


@converter("Time")
def time(frame: Frame, target: str, format: str, location: str = "", locale: str = "") -> Moment:  # noqa: A002
    """Read a time by a format of `%` directives, in a zone unless the text has one, in a locale's language."""
    if not target:
        raise OttlError("Time got an empty string")
    zone = _zone(location) if location else None
    return read_time(target, time_format(format), zone, names_of(locale) if locale else ENGLISH, frame.clock.time_ns())


@converter("FormatTime")
def format_time(time: Moment, format: str) -> str:  # noqa: A002
    """Write a time by a format of `%` directives, in its own zone."""
    return write_time(time, time_format(format))


@lru_cache(1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise OttlError(f"there is no time zone {name!r}: name one of IANA's, such as Europe/Berlin") from None
