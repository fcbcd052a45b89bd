"""What an OTTL expression can be worth.

`nil`, booleans, 64-bit integers, doubles, strings, bytes, lists and maps are Python's own; times and durations count
nanoseconds. A map is mutable and in the order of its keys' arrival, as it is in the telemetry.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from ..component import OtelierError

Value: TypeAlias = Any
"""None, bool, int, float, str, bytes, list, dict (with str keys), Time or Span of time."""


class OttlError(OtelierError):
    """A statement can't be parsed, or an expression can't be evaluated for this item; the text says why."""


@dataclass(frozen=True, slots=True, order=True)
class Time:
    """A moment: nanoseconds since 1970 (UTC); offset and, if known, name of the zone in which it is shown."""

    ns: int
    offset_s: int = 0
    zone: str = ""


@dataclass(frozen=True, slots=True, order=True)
class TimeSpan:
    """A length of time in nanoseconds; Go calls it Duration."""

    ns: int
