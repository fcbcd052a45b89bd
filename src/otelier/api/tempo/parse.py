"""Parameters of Tempo's API, with the error texts that its users know."""

import re

from ...server.request import HttpError, Query
from .. import literals

_HEX = re.compile(r"[0-9A-Fa-f]+\Z")
_DIGITS = re.compile(r"[0-9]+\Z")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?\Z")
_ID_DIGITS = 32
_SECOND = 10**9
_MAX_SECONDS = 2**32 - 1
_MAX_NS = 2**63 - 1
_LEAST_NS = 10**17
"""Of 1973: smaller numbers are milliseconds or microseconds of somebody else's."""
_LONGEST_TEXT = 30
_SECONDS_DIGITS = 10
"""Longer numbers are nanoseconds."""
_DEFAULT_SINCE_NS = 3600 * _SECOND


def trace_id(text: str) -> bytes:
    """16 bytes of hex digits; leading zeros may be left out. Raises HttpError."""
    if not _HEX.match(text):
        raise HttpError(400, f"trace IDs can only contain hex characters: {literals.quoted(text)}")
    if len(text) > _ID_DIGITS:
        raise HttpError(400, f"trace IDs can't be larger than 128 bits: {literals.quoted(text)}")
    return bytes.fromhex(text.zfill(_ID_DIGITS))


def ordered(start: int, end: int) -> tuple[int, int]:
    """Within what 64 bits of nanoseconds hold. Raises HttpError unless start comes before end."""
    start, end = (min(max(each, 0), _MAX_NS) for each in (start, end))
    if end <= start:
        raise HttpError(400, f"http parameter start must be before end. received start={start} end={end}")
    return start, end


def window(query: Query) -> tuple[int, int]:
    """`start` and `end` as nanoseconds; 0 where it is not given.

    They are unix seconds, and all of the last one is meant, or nanoseconds, which are more digits.
    """
    start, end = (number(query, name, _MAX_NS) for name in ("start", "end"))
    if max(start, end) <= _MAX_SECONDS:
        return seconds_window(start, end)
    for name, at in (("start", start), ("end", end)):
        if _MAX_SECONDS < at < _LEAST_NS:
            raise HttpError(400, f"{name} is neither unix seconds nor nanoseconds: {at}")
    start, end = (each if each > _MAX_SECONDS else each * _SECOND for each in (start, end))
    return ordered(start, end) if end else (start, end)


def seconds_window(start: int, end: int) -> tuple[int, int]:
    """The same of numbers of seconds."""
    start, end = min(start, _MAX_SECONDS), min(end, _MAX_SECONDS)
    if end:
        ordered(start, end)
    return start * _SECOND, end * _SECOND + _SECOND - 1 if end else 0


def number(query: Query, name: str, most: int, default: int = 0) -> int:
    """A number without sign. Raises HttpError."""
    text = query.first(name)
    if not text:
        return default
    if not _DIGITS.match(text) or len(text) > len(str(most)) or int(text) > most:
        raise HttpError(400, f"invalid {name}: {literals.quoted(text)} is not a number from 0 to {most}")
    return int(text)


def duration(query: Query, name: str) -> int:
    """Nanoseconds of a length of time such as `1.5s`; 0 if it is not given. Raises HttpError."""
    text = query.first(name)
    try:
        return literals.duration(text) if text else 0
    except ValueError as error:
        raise HttpError(400, f"invalid {name}: {error}") from error


def moments(query: Query, now_ns: int) -> tuple[int, int]:
    """`start` and `end` of metrics in nanoseconds: unix seconds, nanoseconds or RFC 3339; or `since`, until now."""
    since = duration(query, "since") or _DEFAULT_SINCE_NS
    end = _moment(query, "end") or now_ns
    start = _moment(query, "start") or max(end - since, 0)
    return ordered(start, end)


def step(query: Query) -> int:
    """Nanoseconds between points: a length of time, or a number of seconds; 0 if it is not given. Raises HttpError."""
    text = query.first("step")
    seconds = _SECONDS.match(text) and len(text) <= _LONGEST_TEXT
    step_ns = round(float(text) * _SECOND) if seconds else duration(query, "step")
    if step_ns < 0:
        raise HttpError(400, "invalid step: zero or negative query resolution step widths are not accepted")
    return short_enough(step_ns)


def short_enough(step_ns: int) -> int:
    """Raises HttpError for a step that 64 bits can't hold."""
    if step_ns > _MAX_NS:
        raise HttpError(400, "invalid step: longer than 292 years")
    return step_ns


def _moment(query: Query, name: str) -> int:
    text = query.first(name)
    if not text:
        return 0
    if _DIGITS.match(text) and len(text) <= 19:
        return int(text) * (_SECOND if len(text) <= _SECONDS_DIGITS else 1)
    if _SECONDS.match(text) and len(text) <= _LONGEST_TEXT:
        whole, _, fraction = text.partition(".")
        return int(whole) * _SECOND + int(fraction[:9].ljust(9, "0"))
    try:
        return literals.moment(text)
    except ValueError as error:
        raise HttpError(400, f"invalid {name}: {error}") from error
