"""Numbers for people, as Prometheus's templates write them."""

import math

from ...ottl.functions.go_verbs import Flags, formatted
from ...ottl.values import Time, TimeSpan
from ...query.promql.numbers import shortest
from ...query.templates.errors import CallError
from ...query.templates.moments import written
from ...query.templates.values import Value, go_type

_LARGE = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_SMALL = ("m", "u", "n", "p", "f", "a", "z", "y")
_BINARY = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_DAY_S = 86_400
_NS_MAX = 2.0**63
_FOUR = Flags(precision=4)


def number(value: Value) -> float:
    """Of what can be one. Raises CallError."""
    match value:
        case bool():
            pass
        case int() | float():
            return float(value)
        case str():
            try:
                return _parsed(value)
            except ValueError:
                raise CallError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None
        case TimeSpan():
            return value.ns / 1e9
        case _:
            pass
    raise CallError(f"can't convert {go_type(value)} to float")


def _parsed(text: str) -> float:
    if text != text.strip() or "_" in text:
        raise ValueError(text)
    return float.fromhex(text) if text.lower().lstrip("+-").startswith("0x") else float(text)


def _four(value: float) -> str:
    return formatted(value, "g", _FOUR)


def _finite(value: float) -> bool:
    return not math.isnan(value) and not math.isinf(value)


def humanize(given: Value) -> str:
    """With a metric prefix: `1.234M`, `12m`."""
    value = number(given)
    if value == 0 or not _finite(value):
        return _four(value)
    if abs(value) >= 1:
        return _four_with(value, 1000.0, _LARGE)
    return _four_small(value)


def humanize_1024(given: Value) -> str:
    """With a binary prefix: `1.5Gi`."""
    value = number(given)
    if abs(value) <= 1 or not _finite(value):
        return _four(value)
    return _four_with(value, 1024.0, _BINARY)


def _four_with(value: float, factor: float, prefixes: tuple[str, ...]) -> str:
    prefix = ""
    for each in prefixes:
        if abs(value) < factor:
            break
        prefix, value = each, value / factor
    return _four(value) + prefix


def _four_small(value: float) -> str:
    prefix = ""
    for each in _SMALL:
        if abs(value) >= 1:
            break
        prefix, value = each, value * 1000
    return _four(value) + prefix


def humanize_duration(given: Value) -> str:
    """Of seconds: `1d 2h 3m 4s`, `12ms`."""
    value = number(given)
    if not _finite(value):
        return _four(value)
    if value == 0:
        return f"{_four(value)}s"
    if abs(value) < 1:
        return f"{_four_small(value)}s"
    sign, value = ("-", -value) if value < 0 else ("", value)
    whole = int(value)
    days, rest = divmod(whole, _DAY_S)
    hours, minutes, seconds = rest // 3600, rest // 60 % 60, rest % 60
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    if minutes:
        return f"{sign}{minutes}m {seconds}s"
    return f"{sign}{_four(value)}s"


def humanize_percentage(given: Value) -> str:
    """Of a ratio: `12.5%`."""
    return f"{_four(number(given) * 100)}%"


def humanize_timestamp(given: Value) -> str:
    """Of seconds since 1970."""
    value = number(given)
    if not _finite(value):
        return _four(value)
    return written(_moment(value), "2006-01-02 15:04:05.999999999 -0700 MST")


def to_time(given: Value) -> Time:
    """Of seconds since 1970, to the millisecond."""
    value = number(given)
    if not _finite(value):
        raise CallError("value is NaN or Inf")
    return _moment(value)


def to_duration(given: Value) -> TimeSpan:
    """Of seconds."""
    value = number(given)
    if not _finite(value):
        raise CallError("value is NaN or Inf")
    if not abs(value * 1e9) < _NS_MAX:
        raise CallError(f"{shortest(value)} cannot be represented as a duration")
    return TimeSpan(int(value * 1e9))


def _moment(value: float) -> Time:
    if not abs(value * 1e9) <= _NS_MAX:
        shown = formatted(value, "v", Flags())
        raise CallError(f"{shown} cannot be represented as a nanoseconds timestamp since it overflows int64")
    ns = int(value * 1e9)
    return Time(int(ns / 10**6) * 10**6 if ns < 0 else ns // 10**6 * 10**6)
