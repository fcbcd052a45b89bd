"""Methods of moments in templates: `(toTime $value).Format "15:04"`."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from ...ottl.functions.moments import shown
from ...ottl.values import Time
from .functions import Function
from .values import Int

_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
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
            return Function(lambda layout: written(moment, layout), ("string",))
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
