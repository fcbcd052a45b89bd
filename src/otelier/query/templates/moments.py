"""Methods of moments in templates: `(toTime $value).Format "15:04"`."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache, partial
from types import MappingProxyType

from ...ottl.functions.moments import shown
from ...ottl.values import Time
from .functions import Function
from .values import Int

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_LAYOUT = re.compile(
    r"January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|-07|002|01|02|03|04|05|06|15|PM|pm|_2|[.,]0+(?![0-9])|[.,]9+(?![0-9])|1|2|3|4|5"
)
_PIECES: Mapping[str, Callable[[datetime], str]] = MappingProxyType(
    {
        "January": lambda at: _MONTHS[at.month - 1],
        "Jan": lambda at: _MONTHS[at.month - 1][:3],
        "Monday": lambda at: _DAYS[at.weekday()],
        "Mon": lambda at: _DAYS[at.weekday()][:3],
        "MST": lambda _: "UTC",
        "2006": lambda at: f"{at.year:04d}",
        "06": lambda at: f"{at.year % 100:02d}",
        "01": lambda at: f"{at.month:02d}",
        "1": lambda at: f"{at.month}",
        "002": lambda at: f"{at:%j}",
        "02": lambda at: f"{at.day:02d}",
        "_2": lambda at: f"{at.day:2d}",
        "2": lambda at: f"{at.day}",
        "15": lambda at: f"{at.hour:02d}",
        "03": lambda at: f"{at.hour % 12 or 12:02d}",
        "3": lambda at: f"{at.hour % 12 or 12}",
        "04": lambda at: f"{at.minute:02d}",
        "4": lambda at: f"{at.minute}",
        "05": lambda at: f"{at.second:02d}",
        "5": lambda at: f"{at.second}",
        "PM": lambda at: "AM" if at.hour < 12 else "PM",
        "pm": lambda at: "am" if at.hour < 12 else "pm",
        "Z07:00": lambda _: "Z",
        "Z0700": lambda _: "Z",
        "-07:00": lambda _: "+00:00",
        "-0700": lambda _: "+0000",
        "-07": lambda _: "+00",
    }
)
"""Pieces of a layout, which is Go's moment of reference: Mon Jan 2 15:04:05 MST 2006. All moments here are in UTC."""


def method(moment: Time, name: str) -> Function | None:
    """The method of that name, if moments have it."""
    at = shown(moment)
    numbers = {
        "Year": at.year, "Day": at.day, "Hour": at.hour, "Minute": at.minute, "Second": at.second,
        "Unix": moment.ns // 10**9, "UnixMilli": moment.ns // 10**6, "YearDay": at.timetuple().tm_yday,
    }  # fmt: skip
    if name in numbers:
        return Function(lambda: Int(numbers[name]))
    match name:
        case "Format":
            return Function(partial(written, moment), ("string",))
        case "UTC" | "Local":
            return Function(lambda: moment)
        case "String":
            return Function(lambda: written(moment, "2006-01-02 15:04:05.999999999 -0700 MST"))
        case "Weekday":
            return Function(lambda: _DAYS[at.weekday()])
        case "Month":
            return Function(lambda: _MONTHS[at.month - 1])
        case _:
            return None


def written(moment: Time, layout: str) -> str:
    """By a layout of Go's."""
    at, fraction = shown(moment), f"{moment.ns % 10**9:09d}"

    def piece(match: re.Match[str]) -> str:
        word = match[0]
        if word in _PIECES:
            return _PIECES[word](at)
        digits = fraction[: len(word) - 1]
        if word[1] == "9":
            digits = digits.rstrip("0")
        return word[0] + digits if digits else ""

    return _LAYOUT.sub(piece, layout)


_ZERO = Time(-62_135_596_800 * 10**9)
"""Go's first moment, which is what a text that is none is taken for."""
_READ: Mapping[str, str] = MappingProxyType(
    {
        "January": f"(?P<month_name>{'|'.join(_MONTHS)})",
        "Jan": f"(?P<month_name>{'|'.join(name[:3] for name in _MONTHS)})",
        "Monday": f"(?:{'|'.join(_DAYS)})",
        "Mon": f"(?:{'|'.join(name[:3] for name in _DAYS)})",
        "MST": "(?:[A-Z]{3,4})",
        "2006": "(?P<year>[0-9]{4})",
        "06": "(?P<short_year>[0-9]{2})",
        "01": "(?P<month>[0-9]{2})",
        "1": "(?P<month>[0-9]{1,2})",
        "002": "(?P<day_of_year>[0-9]{3})",
        "02": "(?P<day>[0-9]{2})",
        "_2": "(?P<day>[ 0-9]?[0-9])",
        "2": "(?P<day>[0-9]{1,2})",
        "15": "(?P<hour>[0-9]{2})",
        "03": "(?P<hour>[0-9]{2})",
        "3": "(?P<hour>[0-9]{1,2})",
        "04": "(?P<minute>[0-9]{2})",
        "4": "(?P<minute>[0-9]{1,2})",
        "05": r"(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9})(?![0-9]))?",
        "5": "(?P<second>[0-9]{1,2})",
        "PM": "(?P<half>AM|PM)",
        "pm": "(?P<half>am|pm)",
        "Z07:00": "(?P<zone>Z|[-+][0-9]{2}:[0-9]{2})",
        "Z0700": "(?P<zone>Z|[-+][0-9]{4})",
        "-07:00": "(?P<zone>[-+][0-9]{2}:[0-9]{2})",
        "-0700": "(?P<zone>[-+][0-9]{4})",
        "-07": "(?P<zone>[-+][0-9]{2})",
    }
)


@lru_cache(maxsize=256)
def _reader(layout: str) -> re.Pattern[str] | None:
    pieces: list[str] = []
    at = 0
    for word in _LAYOUT.finditer(layout):
        pieces += [re.escape(layout[at : word.start()]), _READ.get(word[0], "(?:[.,][0-9]+)?")]
        at = word.end()
    try:
        return re.compile("".join([*pieces, re.escape(layout[at:])]), re.ASCII)
    except re.error:
        return None


def read(layout: str, text: str, zone: tzinfo = UTC) -> Time:
    """By a layout of Go's; `zone`: where the text says none. A text that is none is Go's first moment."""
    reader = _reader(layout)
    found = reader.fullmatch(text) if reader else None
    if found is None:
        return _ZERO
    part: Mapping[str, str] = {name: value for name, value in found.groupdict().items() if value}
    short = int(part.get("short_year", 0))
    year = int(part.get("year", 0)) or (short + (1900 if short >= 69 else 2000) if "short_year" in part else 1)
    month = int(part.get("month", 1))
    if name := part.get("month_name"):
        month = 1 + next(number for number, each in enumerate(_MONTHS) if each.startswith(name))
    hour = int(part.get("hour", 0))
    if half := part.get("half"):
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    try:
        moment = datetime(
            year, month, int(part.get("day", 1)), hour, int(part.get("minute", 0)), int(part.get("second", 0)),
            tzinfo=_offset(part["zone"]) if "zone" in part else zone,
        )  # fmt: skip
        if "day_of_year" in part:
            moment += timedelta(days=int(part["day_of_year"]) - 1)
        whole = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return _ZERO
    return Time((whole.days * 86_400 + whole.seconds) * 10**9 + int(part.get("fraction", "0").ljust(9, "0")))


def _offset(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-away if text[0] == "-" else away)
