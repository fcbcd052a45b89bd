"""Converters of durations: from Go's spelling, and to numbers of a unit."""

import re
from fractions import Fraction

from ..values import OttlError, TimeSpan
from .registry import converter

_UNITS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6,
    "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_PART = re.compile(r"([0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)([a-zµμ]++)")


@converter("Duration")
def duration(duration: str) -> TimeSpan:
    """From numbers with the units ns, us (or µs), ms, s, m, h, such as "1h30m" or "-1.5s"."""
    sign, text = (-1, duration[1:]) if duration.startswith("-") else (1, duration.removeprefix("+"))
    if text == "0":
        return TimeSpan(0)
    total, end = Fraction(0), 0
    while end < len(text) and (part := _PART.match(text, end)) and part[2] in _UNITS:
        total += Fraction(part[1].rstrip(".") or "0") * _UNITS[part[2]]
        end = part.end()
    ns = sign * int(total)
    if end < len(text) or not text or not -(1 << 63) <= ns < 1 << 63:
        raise OttlError(f"{duration!r} is no duration such as 1h30m, 1.5s or 200ms, of at most 292 years")
    return TimeSpan(ns)


@converter("Hours")
def hours(value: TimeSpan) -> float:
    """With fraction."""
    return _in_units(value, 3600 * 10**9)


@converter("Minutes")
def minutes(value: TimeSpan) -> float:
    """With fraction."""
    return _in_units(value, 60 * 10**9)


@converter("Seconds")
def seconds(value: TimeSpan) -> float:
    """With fraction."""
    return _in_units(value, 10**9)


@converter("Milliseconds")
def milliseconds(value: TimeSpan) -> int:
    """Without fraction."""
    return _whole_units(value, 10**6)


@converter("Microseconds")
def microseconds(value: TimeSpan) -> int:
    """Without fraction."""
    return _whole_units(value, 10**3)


@converter("Nanoseconds")
def nanoseconds(value: TimeSpan) -> int:
    """As they are."""
    return value.ns


def _in_units(span: TimeSpan, unit: int) -> float:
    """Whole units and the rest apart, as Go does: the sum is exact for longer."""
    whole = _whole_units(span, unit)
    return whole + (span.ns - whole * unit) / unit


def _whole_units(span: TimeSpan, unit: int) -> int:
    return -(-span.ns // unit) if span.ns < 0 else span.ns // unit
