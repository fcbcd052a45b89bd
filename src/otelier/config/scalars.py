"""What a plain YAML scalar is, as Go's yaml.v3 decides it, so that files mean what they mean to the Collector.

Unlike YAML 1.1: `yes`, `no`, `on`, `off` and dates are text, `1e3` is a number. Unlike YAML 1.2: `0123` is octal.
Rules read in yaml.v3 `resolve.go` and Go's `strconv.ParseInt` with base 0.
"""

import re
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_INT = re.compile(
    r"(?P<sign>[-+]?)(?:0[bB](?P<b2>[01]+)|0[xX](?P<b16>[0-9a-fA-F]+)|0[oO]?(?P<b8>[0-7]+)|(?P<b10>0|[1-9][0-9]*))\Z",
    re.ASCII,
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z", re.ASCII)
_DIGITS_MAX = 70


def resolve(text: str) -> Scalar:
    """The value of a plain scalar; integers are those that fit in 64 bits."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    digits = text if text[0] == "." else text.replace("_", "")
    if (number := _integer(digits)) is not None:
        return number
    if _FLOAT.match(digits):
        value = float(digits)
        return text if value in (float("inf"), float("-inf")) else value
    return text


def _integer(digits: str) -> int | None:
    found = _INT.match(digits)
    if not found or len(digits) > _DIGITS_MAX:
        return None
    base = str(found.lastgroup)
    value = int(found[base], int(base[1:]))
    if found["sign"] == "-":
        value = -value
    return value if -(2**63) <= value < 2**64 else None
