"""Parameters of Loki's API: from the query, and of a POST also from the form in its body."""

import math
from datetime import datetime
from typing import NamedTuple

from ...component import Clock
from ...query.logql.lex import LONGEST_NS, duration_ns
from ...query.logql.series import Steps
from ...server.request import HttpError, Query, Request
from ..form import parameters

_HOUR_NS = 3600 * 10**9
_SECONDS_DIGITS = 10
"""Integers with more digits are nanoseconds."""
_POINTS = 250
_MAX_NS = 2**63 - 1 - 2 * LONGEST_NS
DEFAULT_LIMIT = 100


class Range(NamedTuple):
    """Of a query over time."""

    text: str
    steps: Steps
    limit: int
    oldest_first: bool


def query_range(request: Request, clock: Clock) -> Range:
    """Of `query_range`. Raises HttpError."""
    given = parameters(request)
    start_ns, end_ns = span(given, clock)
    step_ns = step(given.first("step"), start_ns, end_ns)
    return Range(text(given), Steps(start_ns, end_ns, step_ns), limit(given), oldest_first(given))


def text(given: Query) -> str:
    """The query itself; an empty one is for the parser to refuse."""
    return given.first("query")


def times(given: Query, clock: Clock) -> tuple[int, int]:
    """`start` and `end`; by default the last hour. Raises HttpError."""
    end_ns = _time("end", given.first("end"), clock.time_ns())
    since = given.first("since")
    since_ns = duration_ns(since) if since else _HOUR_NS
    if since_ns is None or not 0 <= since_ns <= LONGEST_NS:
        raise HttpError(400, f"since is no duration such as 1h: {since[:50]!r}")
    return _time("start", given.first("start"), end_ns - since_ns), end_ns


def span(given: Query, clock: Clock) -> tuple[int, int]:
    """`times` of which the first is not behind the second. Raises HttpError."""
    start_ns, end_ns = times(given, clock)
    if end_ns < start_ns:
        raise HttpError(400, "end timestamp must not be before or equal to start time")
    return start_ns, end_ns


def instant(given: Query, clock: Clock) -> int:
    """`time`; by default now. Raises HttpError."""
    return _time("time", given.first("time"), clock.time_ns())


def limit(given: Query, default: int = DEFAULT_LIMIT, name: str = "limit") -> int:
    """How many lines at most. Raises HttpError."""
    given_text = given.first(name)
    if not given_text:
        return default
    if not (given_text.isascii() and given_text.isdecimal() and len(given_text) < 10 and int(given_text)):
        raise HttpError(400, f"{name} must be a positive value, not {given_text!r}")
    return int(given_text)


def oldest_first(given: Query) -> bool:
    """`direction=forward`. Raises HttpError."""
    direction = given.first("direction").lower() or "backward"
    if direction not in ("forward", "backward"):
        raise HttpError(400, f"invalid direction '{direction}': forward or backward")
    return direction == "forward"


def _time(name: str, given: str, default: int) -> int:
    """Seconds with or without a fraction, nanoseconds, or RFC 3339."""
    if not given:
        return default
    try:
        digits = given.removeprefix("-")
        if digits.isascii() and digits.isdecimal():
            number = int(given) if len(digits) <= 20 else _MAX_NS + 1
            time_ns = number * 10**9 if len(digits) <= _SECONDS_DIGITS else number
        elif digits[:1].isdigit() and "T" not in given and ":" not in given:
            seconds = float(given)
            if not math.isfinite(seconds):
                raise ValueError
            time_ns = round(seconds * 1e9)
        else:
            moment = datetime.fromisoformat(given)
            if moment.tzinfo is None:
                raise ValueError
            time_ns = round(moment.timestamp() * 1e6) * 1000
        if not 0 <= time_ns <= _MAX_NS:
            raise ValueError
    except (ValueError, OverflowError) as error:
        raise HttpError(400, f"{name} is no time in ns, in seconds, or as RFC 3339: {given[:50]!r}") from error
    return time_ns


def step(given: str, start_ns: int, end_ns: int) -> int:
    """A duration, or a number of seconds. Raises HttpError."""
    if not given:
        return max((end_ns - start_ns) // 10**9 // _POINTS, 1) * 10**9
    step_ns = duration_ns(given)
    if step_ns is None:
        try:
            step_ns = round(float(given) * 1e9)
        except (ValueError, OverflowError) as error:
            raise HttpError(400, f"step is no duration and no number of seconds: {given[:50]!r}") from error
    if step_ns <= 0:
        raise HttpError(400, "zero or negative query resolution step widths are not accepted. Try a positive integer")
    if step_ns > LONGEST_NS:
        raise HttpError(400, f"step is longer than 50 years: {given[:50]!r}")
    return step_ns
