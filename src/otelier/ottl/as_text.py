"""Values as text, as Go writes them: what a string is made of when something else stands where one is wanted."""

import base64
import json
import math
from decimal import Decimal
from typing import cast

from .values import Value


def as_text(value: Value) -> str:
    """A body or attribute as text: JSON for maps and lists, base64 for bytes, nothing for nil."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _number(value)
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return as_json(value)


def as_json(value: Value) -> str:
    """Compact JSON with sorted keys, as Go's encoder writes it."""
    match value:
        case None:
            return "null"
        case bool() | int():
            return as_text(value)
        case float():
            return _number(value)
        case bytes():
            return json.dumps(base64.b64encode(value).decode())
        case str():
            return _json_string(value)
        case list():
            return "[" + ",".join(as_json(each) for each in cast("list[Value]", value)) + "]"
        case dict():
            entries = cast("dict[str, Value]", value)
            return "{" + ",".join(f"{_json_string(key)}:{as_json(entries[key])}" for key in sorted(entries)) + "}"
        case _:
            return json.dumps(str(value))


def _json_string(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    for plain, code in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        escaped = escaped.replace(plain, code)
    return escaped


def _number(value: float) -> str:
    """The shortest decimal that reads back: with an exponent only below 1e-6 and from 1e21."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    if value != 0 and not 1e-6 <= abs(value) < 1e21:
        mantissa, _, exponent = repr(value).partition("e")
        power = int(exponent)
        return f"{mantissa.removesuffix('.0')}e{'-' if power < 0 else '+'}{abs(power):02d}".replace("e-0", "e-")
    return _plain(value)


def _plain(value: float) -> str:
    return format(Decimal(repr(value)), "f").removesuffix(".0")
