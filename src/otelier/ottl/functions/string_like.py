"""Any value as a string, as converters want it that take more than strings."""

import re
from datetime import UTC, datetime, timedelta

from ..as_text import as_text
from ..values import Time, TimeSpan, Value

_SHORT_EXPONENT = re.compile(r"e-(\d)\Z")


def string_like(value: Value) -> str | None:
    """Bytes are hexadecimal, moments are quoted RFC 3339, durations nanoseconds, maps and lists JSON; nil stays nil."""
    match value:
        case None:
            return None
        case str():
            return value
        case bytes():
            return value.hex()
        case float():
            return _SHORT_EXPONENT.sub(r"e-0\1", as_text(value))
        case Time():
            return f'"{rfc3339(value)}"'
        case TimeSpan():
            return str(value.ns)
        case _:
            return as_text(value)


def rfc3339(moment: Time) -> str:
    """With as many digits of a second as there are, and `Z` for UTC."""
    seconds, ns = divmod(moment.ns, 10**9)
    shown = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds + moment.offset_s)
    fraction = f".{ns:09d}".rstrip("0").rstrip(".")
    return f"{shown:%Y-%m-%dT%H:%M:%S}{fraction}{utc_offset(moment.offset_s, 'Z')}"


def utc_offset(offset_s: int, zero: str, colon: str = ":") -> str:
    """`+09:00`; `zero` for none."""
    if not offset_s:
        return zero
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    return f"{'-' if offset_s < 0 else '+'}{hours:02d}{colon}{minutes:02d}"
