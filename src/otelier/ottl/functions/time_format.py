"""Times and text by formats of `%` directives, as the Collector has them: like strftime's, with digits of its own.

A format is cut into pieces once: literal text and directives. Each directive has a way to be written and a regular
expression to be read by. Reading is as lenient as upstream: padded numbers may lack their padding, seconds may have a
fraction that the format doesn't name, letters match in either case.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..values import OttlError, Time
from .moments import shown
from .month_names import ENGLISH, Names
from .string_like import utc_offset

_ALIASES = {
    "h": "%b", "D": "%m/%d/%4", "x": "%m/%d/%4", "F": "%Y-%m-%d", "T": "%H:%M:%S", "X": "%H:%M:%S",
    "r": "%I:%M:%S %P", "R": "%H:%M", "n": "\n", "t": "\t", "c": "%a %b %d %H:%M:%S %Y",
}  # fmt: skip
_TEXT_MAX = 1024
_FRACTIONS = {"L": 3, "f": 6, "s": 9}
_NUMBER = "(?P<{}>[0-9]{{1,2}})"
_OFFSET = r"(?P<offset>[+-][0-9]{2}:?[0-9]{2}(?::?[0-9]{2})?|Z)"
_PATTERNS: Mapping[str, str] = {
    "Y": "(?P<year>[0-9]{4})", "4": "(?:(?P<year>[0-9]{4})|(?P<short_year>[0-9]{2}))", "y": "(?P<short_year>[0-9]{2})",
    "m": _NUMBER.format("month"), "o": " ?" + _NUMBER.format("month"), "q": _NUMBER.format("month"),
    "d": _NUMBER.format("day"), "e": " *" + _NUMBER.format("day"), "g": _NUMBER.format("day"),
    "H": _NUMBER.format("hour"), "I": _NUMBER.format("hour12"), "l": " ?" + _NUMBER.format("hour12"),
    "M": _NUMBER.format("minute"), "S": _NUMBER.format("second"),
    "z": _OFFSET, "i": "(?P<offset>[+-][0-9]{2})", "j": "(?P<offset>[+-][0-9]{2}:[0-9]{2})",
    "k": "(?P<offset>[+-][0-9]{2}:[0-9]{2}:[0-9]{2})", "w": "(?P<offset>[+-][0-9]{6})", "Z": "(?P<zone>[A-Za-z]{1,5})",
}  # fmt: skip
"""Those that read names are made for each language. %4, the year of %D, is read with two digits, too."""
_Writer = Callable[[Time, datetime], str]
_WRITERS: Mapping[str, _Writer] = {
    "Y": lambda t, d: f"{d.year:04d}", "4": lambda t, d: f"{d.year:04d}", "y": lambda t, d: f"{d.year % 100:02d}",
    "m": lambda t, d: f"{d.month:02d}", "o": lambda t, d: f"{d.month:2d}", "q": lambda t, d: str(d.month),
    "b": lambda t, d: ENGLISH.short_months[d.month - 1], "B": lambda t, d: ENGLISH.months[d.month - 1],
    "d": lambda t, d: f"{d.day:02d}", "e": lambda t, d: f"{d.day:2d}", "g": lambda t, d: str(d.day),
    "a": lambda t, d: ENGLISH.short_days[d.isoweekday() % 7], "A": lambda t, d: ENGLISH.days[d.isoweekday() % 7],
    "H": lambda t, d: f"{d.hour:02d}", "I": lambda t, d: f"{d.hour % 12 or 12:02d}",
    "l": lambda t, d: str(d.hour % 12 or 12),
    "p": lambda t, d: "AM" if d.hour < 12 else "PM", "P": lambda t, d: "am" if d.hour < 12 else "pm",
    "M": lambda t, d: f"{d.minute:02d}", "S": lambda t, d: f"{d.second:02d}",
    "z": lambda t, d: utc_offset(t.offset_s, "Z", ""), "j": lambda t, d: utc_offset(t.offset_s, "+00:00"),
    "Z": lambda t, d: t.zone or utc_offset(t.offset_s, "UTC", ""), "i": lambda t, d: _offset(t.offset_s, 1),
    "k": lambda t, d: _offset(t.offset_s, 3), "w": lambda t, d: _offset(t.offset_s, 3).replace(":", ""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Format:
    """A format in pieces: text as it is, and directives, each one letter."""

    text: str
    pieces: tuple[tuple[str, str], ...]
    """("text", …), ("%", directive), or ("fraction", a point or comma and a directive)."""


@lru_cache(1024)
def time_format(text: str) -> Format:
    """Cut a format. Raises OttlError for an unknown directive, or a fraction without a point or comma before it."""
    if not text:
        raise OttlError("the format of a time is empty")
    pieces: list[tuple[str, str]] = []
    for part in re.findall(r"%.|%\Z|[^%]+", text, re.DOTALL):
        letter = part[1:]
        if not part.startswith("%"):
            if any(character.isdigit() for character in part):
                raise OttlError(f"the format {text!r} has digits: write directives such as %Y-%m-%d, no example")
            pieces.append(("text", part))
        elif letter in ("%", ""):
            pieces.append(("text", "%"))
        elif letter in _FRACTIONS:
            kind, before = pieces.pop() if pieces else ("", "")
            if kind != "text" or before[-1] not in ".,":
                raise OttlError(f"%{letter} in {text!r} needs a . or , in front of it")
            pieces += [("text", before[:-1])] if before[:-1] else []
            pieces.append(("fraction", before[-1] + letter))
        elif letter in _ALIASES:
            alias = _ALIASES[letter]
            pieces += time_format(alias).pieces if "%" in alias else [("text", alias)]
        elif letter in _WRITERS:
            pieces.append(("%", letter))
        else:
            raise OttlError(f"%{letter} in {text!r} is no directive of a time")
    return Format(text, tuple(pieces))


def write_time(moment: Time, form: Format) -> str:
    """Fractions lose zeros at their end, as upstream's do."""
    clock = shown(moment)
    digits = f"{moment.ns % 10**9:09d}"
    out: list[str] = []
    for kind, text in form.pieces:
        if kind == "fraction":
            fraction = digits[: _FRACTIONS[text[1]]].rstrip("0")
            out.append(text[0] + fraction if fraction else "")
        else:
            out.append(text if kind == "text" else _WRITERS[text](moment, clock))
    return "".join(out)


def _offset(seconds: int, parts: int) -> str:
    minutes, second = divmod(abs(seconds), 60)
    numbers = (*divmod(minutes, 60), second)[:parts]
    return ("-" if seconds < 0 else "+") + ":".join(f"{number:02d}" for number in numbers)


def read_time(text: str, form: Format, zone: ZoneInfo | None, names: Names, now_ns: int) -> Time:
    """The moment that a text tells. Without a zone of its own it is in `zone`, or else in UTC. Raises OttlError.

    Without a year it is in the present one, or in the last one if it would lie more than a week ahead.
    """
    # Blanks in a row can be shared out in many ways: a long text of them would cost the square of its length.
    written = text.lstrip() if form.text[:1] == "%" else text
    found = _reader(form, names).fullmatch(written) if len(written) <= _TEXT_MAX else None
    if not found:
        raise OttlError(f"{text!r} is no time of the format {form.text!r}")
    parts = {key: value for key, value in found.groupdict().items() if value is not None}
    try:
        return _moment(parts, zone, names, now_ns)
    except ValueError as error:
        raise OttlError(f"{text!r} is no time of the format {form.text!r}: {error}") from None


@lru_cache(1024)
def _reader(form: Format, names: Names) -> re.Pattern[str]:
    """Of a group that the format names twice, only the first is kept."""
    out: list[str] = []
    for number, (kind, text) in enumerate(form.pieces):
        if kind == "text":
            out.append(re.sub(r"(\\ )+", r"\\s+", re.escape(text)))
        elif kind == "fraction":
            out.append("(?:[.,](?P<fraction>[0-9]{1,9}))?")
        else:
            out.append(_PATTERNS.get(text) or names.pattern(text))
            if text == "S" and (*form.pieces, ("", ""))[number + 1][0] != "fraction":
                out.append("(?:[.,](?P<fraction>[0-9]{1,9}))?")
    return re.compile(_without_repeats("".join(out)), re.IGNORECASE)


def _without_repeats(pattern: str) -> str:
    seen: set[str] = set()

    def first(match: re.Match[str]) -> str:
        if match[1] in seen:
            return "(?:"
        seen.add(match[1])
        return match[0]

    return re.sub(r"\(\?P<(\w+)>", first, pattern)


def _moment(parts: Mapping[str, str], zone: ZoneInfo | None, names: Names, now_ns: int) -> Time:
    month = int(parts.get("month", 0)) or names.month(parts) or 1
    day = int(parts.get("day", 1))
    clock = (_hour(parts, names), int(parts.get("minute", 0)), int(parts.get("second", 0)))
    ns = int(parts.get("fraction", "0").ljust(9, "0"))
    year = _year(parts)
    present = datetime.fromtimestamp(now_ns // 10**9, UTC)
    local = datetime(present.year if year is None else year, month, day, *clock)  # noqa: DTZ001 (a wall clock)
    offset, name = _zone(parts, local, zone)
    if year is None and local.replace(tzinfo=UTC).timestamp() - offset > present.timestamp() + 7 * 86400:
        local = local.replace(year=present.year - 1)
        offset, name = _zone(parts, local, zone)
    seconds = int(local.replace(tzinfo=UTC).timestamp()) - offset
    return Time(seconds * 10**9 + ns, offset, name)


def _year(parts: Mapping[str, str]) -> int | None:
    if "year" in parts:
        return int(parts["year"])
    if "short_year" not in parts:
        return None
    short = int(parts["short_year"])
    return short + (1900 if short >= 69 else 2000)


def _hour(parts: Mapping[str, str], names: Names) -> int:
    if "hour12" not in parts:
        return int(parts.get("hour", 0))
    hour = int(parts["hour12"])
    if hour > 12:
        raise ValueError("hour out of range")
    half = names.half(parts)
    return hour if half is None else hour % 12 + 12 * half


def _zone(parts: Mapping[str, str], local: datetime, zone: ZoneInfo | None) -> tuple[int, str]:
    """Offset and name: the text's offset comes first, then its zone's name, then the zone that was given."""
    if "offset" in parts:
        digits = parts["offset"].replace(":", "")
        if digits.upper() == "Z":
            return 0, "UTC"
        hours, minutes, seconds = (int(digits[n : n + 2] or 0) for n in (1, 3, 5))
        return (-1 if digits[0] == "-" else 1) * (hours * 3600 + minutes * 60 + seconds), ""
    name = parts.get("zone", "").upper()
    if name == "UTC" or not (name or zone):
        return 0, "UTC"
    if zone and (not name or name in _names_around(local, zone)):
        return _offset_in(local, zone, name)
    try:
        return _offset_in(local, ZoneInfo(name), name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"the zone {name} is unknown") from None


def _names_around(local: datetime, zone: ZoneInfo) -> list[str | None]:
    return [candidate.tzname() for candidate in _candidates(local, zone)]


def _offset_in(local: datetime, zone: ZoneInfo, name: str) -> tuple[int, str]:
    """Of a wall clock's time that comes twice or never, as Go: what daylight saving makes of it.

    A name such as CET says which of the zone's offsets is meant, whatever the season.
    """
    now = [local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)]
    named = [candidate for candidate in _candidates(local, zone) if candidate.tzname() == name]
    chosen = max(named or now, key=lambda candidate: candidate.utcoffset() or timedelta(0))
    return int((chosen.utcoffset() or timedelta(0)).total_seconds()), chosen.tzname() or ""


def _candidates(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """The time itself, and winter and summer of its year."""
    return [local.replace(tzinfo=zone), *(datetime(local.year, month, 1, tzinfo=zone) for month in (1, 7))]
