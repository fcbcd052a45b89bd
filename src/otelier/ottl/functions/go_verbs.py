"""One value by one verb of Go's package fmt."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from ..values import Time, TimeSpan, Value
from .moments import shown
from .string_like import utc_offset

_TYPES: dict[type, str] = {
    bool: "bool", int: "int64", float: "float64", str: "string", bytes: "[]uint8", list: "[]interface {}",
    dict: "map[string]interface {}", Time: "time.Time", TimeSpan: "time.Duration", type(None): "<nil>",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flags:
    """What stands between `%` and the verb."""

    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    width: int = 0
    precision: int | None = None


def type_of(value: Value) -> str:
    """Go's name of the value's type; values of other languages' say it themselves."""
    return getattr(value, "go_type", None) or _TYPES[type(value)]


def formatted(value: Value, verb: str, flags: Flags) -> str:
    """The value's text, padded."""
    if verb == "T":
        return _padded(type_of(value), flags)
    if value is None:
        return _padded("<nil>", flags) if verb == "v" else f"%!{verb}(<nil>)"
    text = _text(value, verb, flags)
    return text if text is not None else f"%!{verb}({type_of(value)}={formatted(value, 'v', Flags())})"


def _text(value: Value, verb: str, flags: Flags) -> str | None:
    """None: the verb isn't for such values."""
    match value:
        case bool():
            return _padded("true" if value else "false", flags) if verb in "tv" else None
        case int():
            return _integer(value, verb, flags)
        case float():
            return _float(value, verb, flags)
        case str():
            return _string(value, value.encode("utf-8", "surrogateescape"), verb, flags)
        case bytes() if verb in "sqxX":
            return _string(value.decode("utf-8", "replace"), value, verb, flags)
        case bytes() | list():
            return "[" + " ".join(formatted(each, verb, flags) for each in cast("list[Value]", value)) + "]"
        case dict():
            entries = cast("dict[str, Value]", value)
            pairs = (f"{formatted(k, verb, flags)}:{formatted(entries[k], verb, flags)}" for k in sorted(entries))
            return f"map[{' '.join(pairs)}]"
        case TimeSpan():
            return _string(duration_text(value), b"", verb, flags) if verb in "sv" else _integer(value.ns, verb, flags)
        case Time():
            return _string(_time_text(value), b"", verb, flags) if verb in "sv" else None
        case _:
            return None


def _padded(text: str, flags: Flags) -> str:
    return text.ljust(flags.width) if flags.minus else text.rjust(flags.width)


def _numeric(negative: bool, digits: str, flags: Flags, *, zeros: bool = True) -> str:
    """Sign in front, zeros between it and the digits."""
    sign = "-" if negative else "+" if flags.plus else " " if flags.space else ""
    if flags.zero and zeros:
        digits = digits.rjust(flags.width - len(sign), "0")
    return _padded(sign + digits, flags)


_INTEGERS: dict[str, tuple[str, str]] = {
    "d": ("d", ""), "v": ("d", ""), "b": ("b", "0b"), "o": ("o", "0"), "x": ("x", "0x"), "X": ("X", "0X"),
}  # fmt: skip


def _integer(value: int, verb: str, flags: Flags) -> str | None:
    if verb in _INTEGERS or verb == "O":
        base, prefix = _INTEGERS.get(verb, ("o", "0o"))
        digits = format(abs(value), base).rjust(flags.precision or 0, "0")
        if flags.sharp or verb == "O":
            digits = prefix + digits
        return _numeric(value < 0, digits, flags, zeros=flags.precision is None)
    if verb not in "cqU" or len(verb) != 1:
        return None
    character = chr(value) if 0 <= value < 0x110000 and not 0xD800 <= value < 0xE000 else "\ufffd"
    if verb == "U":
        return _padded(f"U+{value:04X}" + (f" '{character}'" if flags.sharp else ""), flags)
    return _padded(character if verb == "c" else f"'{_quoted(character)[1:-1]}'", flags)


def _float(value: float, verb: str, flags: Flags) -> str | None:
    writers: dict[str, Callable[[float], str]] = {
        "e": lambda v: f"{v:.{_or(flags.precision, 6)}e}",
        "E": lambda v: f"{v:.{_or(flags.precision, 6)}E}",
        "f": lambda v: f"{v:.{_or(flags.precision, 6)}f}",
        "F": lambda v: f"{v:.{_or(flags.precision, 6)}f}",
        "g": lambda v: _general(v, flags.precision),
        "G": lambda v: _general(v, flags.precision).upper(),
        "v": lambda v: _general(v, flags.precision),
        "x": _hexadecimal,
        "X": lambda v: _hexadecimal(v).upper(),
        "b": _binary,
    }
    if verb not in writers:
        return None
    if not math.isfinite(value):
        text = "NaN" if math.isnan(value) else "Inf"
        plus = flags.plus or (not math.isnan(value) and value > 0 and not flags.space)
        return _numeric(value < 0, text, replace(flags, plus=plus, zero=False))
    return _numeric(math.copysign(1, value) < 0, writers[verb](abs(value)), flags)


def _or(precision: int | None, default: int) -> int:
    return default if precision is None else precision


def _general(value: float, precision: int | None) -> str:
    """`%g`: by default the shortest text that reads back, with an exponent below 1e-4 and from 1e6."""
    if precision is not None:
        return f"{value:.{precision or 1}g}"
    digits, power = _shortest(value)
    if value and not -4 <= power < 6:
        point = "." + digits[1:] if len(digits) > 1 else ""
        return f"{digits[0]}{point}e{'-' if power < 0 else '+'}{abs(power):02d}"
    if power < 0:
        return "0." + "0" * (-power - 1) + digits
    whole = digits[: power + 1].ljust(power + 1, "0")
    return f"{whole}.{digits[power + 1 :]}".rstrip(".")


def _shortest(value: float) -> tuple[str, int]:
    """Significant digits without a point, and the power of ten of the first one."""
    sign_digits = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, sign_digits.digits))
    return digits, len(digits) + int(sign_digits.exponent) - 1


def _hexadecimal(value: float) -> str:
    mantissa, _, exponent = value.hex().partition("p")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}p{exponent[0]}{int(exponent[1:]):02d}"


def _binary(value: float) -> str:
    mantissa, exponent = math.frexp(value)
    return f"{int(mantissa * 2**53)}p{exponent - 53:+d}"


def _string(text: str, data: bytes, verb: str, flags: Flags) -> str | None:
    if verb in "xX":
        data = data[: flags.precision]
        digits = data.hex(" ") if flags.space else data.hex()
        digits = ("0x" if flags.sharp else "") + digits
        return _padded(digits.upper() if verb == "X" else digits, flags)
    if verb not in "sqv":
        return None
    text = text[: flags.precision]
    return _padded(_quoted(text) if verb == "q" or (verb == "v" and flags.sharp) else text, flags)


def _quoted(text: str) -> str:
    """JSON's escapes are Go's but for control characters, which have two hexadecimal digits."""
    escaped = json.dumps(text, ensure_ascii=False).replace("\\u00", "\\x").replace("\\b", "\\b")
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped)


def duration_text(span: TimeSpan) -> str:
    """As Go writes durations: 1h30m0s, 1.5s, 200ms."""
    ns = abs(span.ns)
    sign = "-" if span.ns < 0 else ""
    for unit, size in (("ns", 1), ("µs", 10**3), ("ms", 10**6)):
        if 0 < ns < min(size * 1000, 10**9):
            return f"{sign}{_decimal(ns, size)}{unit}"
    minutes, rest = divmod(ns, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{head}{_decimal(rest, 10**9)}s"


def _decimal(ns: int, size: int) -> str:
    whole, rest = divmod(ns, size)
    return f"{whole}.{str(rest).rjust(len(str(size)) - 1, '0')}".rstrip("0").rstrip(".") if rest else str(whole)


def _time_text(moment: Time) -> str:
    fraction = f".{moment.ns % 10**9:09d}".rstrip("0").rstrip(".")
    offset = utc_offset(moment.offset_s, "+0000", "")
    zone = moment.zone or utc_offset(moment.offset_s, "UTC", "")
    return f"{shown(moment):%Y-%m-%d %H:%M:%S}{fraction} {offset} {zone}"
