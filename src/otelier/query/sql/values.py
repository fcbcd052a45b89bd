"""Values of an answer as everybody can read them: numbers, texts, lists and objects; times in ISO 8601, UTC."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

_SECOND_NS = 10**9


def plain(value: Any) -> Any:
    """Decimals become doubles, integers beyond 64 bits text, bytes hexadecimal, intervals seconds."""
    if value is None or isinstance(value, str | bool | float):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {str(plain(key)): plain(each) for key, each in cast("dict[Any, Any]", value).items()}
    return _other(value)


def _other(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{(value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None).isoformat()}Z"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.hex() if isinstance(value, bytes) else str(value)


def moment(ns: int | None) -> str | None:
    """Of nanoseconds since 1970."""
    if ns is None:
        return None
    seconds, rest = divmod(ns, _SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}.{rest:09}Z"
