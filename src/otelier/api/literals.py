"""Numbers, lengths of time and moments as clients of Jaeger and Tempo write them, with the error texts that Go gives.

Clients show these texts, so they are the same to the letter.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

_TERM = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^0-9.]*)")
_UNITS: Mapping[str, int] = MappingProxyType(
    {
        "ns": 1,
        "us": 10**3,
        "µs": 10**3,
        "μs": 10**3,
        "ms": 10**6,
        "s": 10**9,
        "m": 60 * 10**9,
        "h": 3600 * 10**9,
    }
)
_MAX_NS = 2**63 - 1
_TEXT_MAX = 100
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:[.,](\d+))?(?:([Zz])|([+-])(\d{2}):(\d{2}))\Z", re.ASCII
)


def integer(text: str, bits: int = 64) -> int:
    """A signed decimal number of so many bits. Raises ValueError."""
    if not _INTEGER.match(text) or not text.isascii():
        raise ValueError(f"strconv.ParseInt: parsing {quoted(text)}: invalid syntax")
    if len(text) > _TEXT_MAX or not -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1):
        raise ValueError(f"strconv.ParseInt: parsing {quoted(text)}: value out of range")
    return int(text)


def boolean(text: str) -> bool:
    """Raises ValueError."""
    if text not in _TRUE + _FALSE:
        raise ValueError(f"strconv.ParseBool: parsing {quoted(text)}: invalid syntax")
    return text in _TRUE


def duration(text: str) -> int:
    """Nanoseconds of a length of time such as `1.5ms` or `1m30s`. Raises ValueError."""
    body = text[1:] if text[:1] in ("-", "+") else text
    if body == "0":
        return 0
    total, at = 0, 0
    if not body or len(body) > _TEXT_MAX:
        raise ValueError(f"time: invalid duration {quoted(text)}")
    while at < len(body):
        term = _TERM.match(body, at)
        assert term  # all its parts may be empty
        whole, dot, fraction, unit = term[1], term[2], term[3] or "", term[4]
        if not whole and not fraction:
            raise ValueError(f"time: invalid duration {quoted(text)}")
        if not unit and not (dot and term.end() < len(body)):
            raise ValueError(f"time: missing unit in duration {quoted(text)}")
        if unit not in _UNITS:
            raise ValueError(f"time: unknown unit {quoted(unit)} in duration {quoted(text)}")
        total += int(Decimal(f"{whole or 0}.{fraction or 0}") * _UNITS[unit])
        at = term.end()
    if total > _MAX_NS:
        raise ValueError(f"time: invalid duration {quoted(text)}")
    return -total if text[0] == "-" else total


def moment(text: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time, exactly. Raises ValueError."""
    found = _MOMENT.match(text)
    try:
        if not found:
            raise ValueError
        seconds = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"parsing time {quoted(text)}: expected a time such as 2026-08-01T12:00:00Z") from None
    since = seconds - datetime(1970, 1, 1, tzinfo=UTC)
    total = since.days * 86400 + since.seconds
    if found[5]:
        offset = int(found[6]) * 3600 + int(found[7]) * 60
        total -= offset if found[5] == "+" else -offset
    return total * 10**9 + int((found[3] or "")[:9].ljust(9, "0"))


def quoted(text: str) -> str:
    """As Go's %q writes it, for what a URL can carry; long texts are cut."""
    shown = text if len(text) <= _TEXT_MAX else text[:_TEXT_MAX] + "…"
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
