"""Amounts as lines have them: durations as Go writes them, sizes as people do. Raises ValueError for what is none."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

_UNITS_NS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_SIZE = re.compile(r"([0-9.,]+)([^0-9.,].*)?", re.DOTALL)
_POWERS = "kmgtpe"


def seconds(text: str) -> float:
    """`1h30m`, `-1.5s`, `200ms`, `0`."""
    body = text[1:] if text[:1] in ("-", "+") else text
    at, total = 0, Fraction(0)
    if body != "0":
        while part := _PART.match(body, at):
            total += Fraction(part[1].rstrip(".")) * _UNITS_NS[part[2]]
            at = part.end()
        if at < len(body) or not body or total >= 1 << 63:
            raise ValueError(f'time: invalid duration "{text}"')
    ns = int(total)
    return (-ns if text.startswith("-") else ns) / 1e9


def size(text: str) -> int:
    """`42`, `5KB`, `1.5 MiB`, `2g` in bytes."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is no size such as 42, 5KB or 1.5MiB')
    unit = (found[2] or "").strip().lower()
    power, rest = (_POWERS.index(unit[0]) + 1, unit[1:]) if unit[:1] in tuple(_POWERS) else (0, unit)
    if rest not in (("", "b", "i", "ib") if power else ("", "b")):
        raise ValueError(f'"{found[2]}" is no unit of sizes such as KB or MiB')
    number = float(found[1].replace(",", "")) * (1024 if rest.startswith("i") else 1000) ** power
    if number >= 2**64:
        raise ValueError(f'"{text}" is too large for a size')
    return int(number)


def number(text: str) -> float:
    """As Go reads floats."""
    if text != text.strip() or "_" in text:
        raise ValueError(f'"{text}" is no number')
    if text[:3].lower().lstrip("+-").startswith("0x"):
        return float.fromhex(text)
    return float(text)


Read: TypeAlias = Callable[[str], float]
"""One of these three."""
