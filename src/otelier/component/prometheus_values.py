"""Values as Prometheus's own files write them: durations with days, weeks and years; sizes in powers of 1024."""

import re
from typing import Any

_UNITS_MS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTPE]?)(i?B)?", re.ASCII | re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_MS_MAX = 2**63 // 1_000_000
_DIGITS_MAX = 20
_BYTES_MAX = 2**63 - 1


def duration_ms(text: str) -> int | None:
    """Of numbers and units from large to small, each unit once (`1h30m`); None for any other text. Raises OverflowError
    above 292 years, which is what fits into nanoseconds."""
    found = _DURATION.fullmatch(text)
    if not text or not found:
        return None
    amounts = [amount.lstrip("0") or "0" for amount in found.groups(default="0")]
    if max(map(len, amounts)) > _DIGITS_MAX:
        raise OverflowError(text[:100])
    ms = sum(int(amount) * unit for amount, unit in zip(amounts, _UNITS_MS.values(), strict=True))
    if ms > _MS_MAX:
        raise OverflowError(text[:100])
    return ms


class PrometheusDuration(float):
    """A length of time in seconds, written as Prometheus does: `15s`, `1m30s`, `2w`, `0`; units from large to small."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: Any) -> "PrometheusDuration":
        """Read text. Raises ValueError."""
        if isinstance(value, PrometheusDuration):
            return value
        text = str(value).strip()
        if text == "0":
            return cls(0)
        try:
            ms = duration_ms(text)
        except OverflowError:
            raise ValueError(f"{text[:100]} is longer than a duration can be, 292 years") from None
        if ms is None:
            raise ValueError(f"not a duration: {text[:100]!r}; write numbers and units, such as 15s, 1m30s or 30d")
        return cls(ms / 1000)

    def __str__(self) -> str:
        """As Prometheus prints it; `parse` reads it back."""
        left = round(self * 1000)
        if not left:
            return "0s"
        # Years and weeks only where nothing is left over, so that 400d stays 400d.
        out = ""
        for unit, ms in _UNITS_MS.items():
            if (unit in ("y", "w") and left % ms) or left < ms:
                continue
            out += f"{left // ms}{unit}"
            left %= ms
        return out


class ByteSize(int):
    """A number of bytes, written as `512KB` or `10MB`: powers of 1024, as Prometheus counts."""

    @classmethod
    def parse(cls, value: Any) -> "ByteSize":
        """Read text or a number. Raises ValueError."""
        found = _SIZE.fullmatch(str(value).strip())
        if not found:
            raise ValueError(f"not a size: {str(value)[:100]!r}; write a number and a unit, such as 512KB or 10MB")
        size = int(float(found[1]) * 1024 ** _POWERS[found[2].upper()])
        if size > _BYTES_MAX:
            raise ValueError(f"{value} is more than a size can be")
        return cls(size)

    def __str__(self) -> str:
        """In the largest unit that needs no fraction."""
        size, unit = int(self), "B"
        for larger in ("KB", "MB", "GB", "TB", "PB", "EB"):
            if not size or size % 1024:
                break
            size, unit = size // 1024, larger
        return f"{size}{unit}"
