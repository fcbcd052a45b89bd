"""Parameters of Prometheus' API, with the error texts that Prometheus gives: clients show them."""

import math
import re
from collections.abc import Sequence

from ...component import Clock, duration_ms
from ...query.errors import BadQuery
from ...query.promql.ast import Matcher, Selector
from ...query.promql.matchers import predicate
from ...query.promql.parse import parse_selector
from ...server.request import Query
from ..literals import integer, moment, quoted
from .answer import ApiError, bad_parameter

EARLIEST_MS = -9_223_309_901_257_974_000
LATEST_MS = 9_223_309_901_257_974_999
"""What Prometheus takes for ever; with room for a lookback on either side."""
_TIMES = {"-292273086-05-16T16:47:06Z": EARLIEST_MS, "292277025-08-18T07:12:54.999999999Z": LATEST_MS}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z", re.ASCII)
_LARGEST_NS = 2**63 - 1


def now_ms(clock: Clock) -> int:
    """Milliseconds since the epoch."""
    return clock.time_ns() // 10**6


def time_ms(text: str) -> int:
    """Seconds, or RFC 3339. Raises ValueError."""
    if text in _TIMES:
        return _TIMES[text]
    try:
        if not _NUMBER.match(text):
            return moment(text) // 10**6
        fraction, whole = math.modf(float(text))
        found = int(whole) * 1000 + round(fraction * 1000)
    except (ValueError, OverflowError):
        found = LATEST_MS + 1
    if not EARLIEST_MS <= found <= LATEST_MS:
        raise ValueError(f"cannot parse {quoted(text)} to a valid timestamp")
    return found


def duration_ns(text: str) -> int:
    """A number of seconds, or `1h30m`. Raises ValueError."""
    if _NUMBER.match(text):
        seconds = float(text)
        if not abs(seconds) * 1e9 <= _LARGEST_NS:
            raise ValueError(f"cannot parse {quoted(text)} to a valid duration. It overflows int64")
        return int(seconds * 1e9)
    try:
        ms = duration_ms(text)
    except OverflowError:
        ms = None
    if ms is None or ms * 10**6 > _LARGEST_NS:
        raise ValueError(f"cannot parse {quoted(text)} to a valid duration")
    return ms * 10**6


def instant(given: Query, name: str, default_ms: int) -> int:
    """A time that may be missing. Raises ApiError."""
    text = given.first(name)
    try:
        return time_ms(text) if text else default_ms
    except ValueError as error:
        raise bad_parameter(name, f"invalid time value for '{name}': {error}") from error


def ever(given: Query) -> tuple[int, int]:
    """`start` and `end`, by default everything. Raises ApiError."""
    return instant(given, "start", EARLIEST_MS), instant(given, "end", LATEST_MS)


def duration(given: Query, name: str) -> int | None:
    """Nanoseconds; None if it is missing. Raises ApiError."""
    text = given.first(name)
    try:
        return duration_ns(text) if text else None
    except ValueError as error:
        raise bad_parameter(name, error) from error


def limit(given: Query) -> int:
    """0 is none. Raises ApiError."""
    text = given.first("limit")
    if not text:
        return 0
    try:
        found = integer(text)
    except ValueError as error:
        raise bad_parameter("limit", str(error).replace("ParseInt", "Atoi")) from error
    if found < 0:
        raise bad_parameter("limit", "limit must be non-negative")
    return found


def count(given: Query, name: str) -> int:
    """How many; -1 if it is missing. Raises ApiError."""
    text = given.first(name)
    try:
        return integer(text) if text else -1
    except ValueError as error:
        raise ApiError("bad_data", f"{name} must be a number") from error


def selectors(texts: Sequence[str]) -> list[tuple[Matcher, ...]]:
    """Of parameters `match[]`. Raises BadQuery."""
    found: list[tuple[Matcher, ...]] = []
    for text in texts:
        selector: Selector = parse_selector(text)
        if all(predicate(each)("") for each in selector.matchers):
            raise BadQuery("match[] must contain at least one non-empty matcher")
        found.append(selector.matchers)
    return found


def matches(given: Query) -> list[tuple[Matcher, ...]]:
    """All of `match[]`. Raises ApiError."""
    try:
        return selectors(given.all("match[]"))
    except BadQuery as error:
        raise ApiError("bad_data", str(error)) from error
