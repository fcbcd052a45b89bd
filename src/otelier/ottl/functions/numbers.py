"""Converters of numbers: Log, ParseInt, IsValidLuhn."""

import math
import re

from ..any_value import type_name
from ..values import OttlError, Value
from .conversions import to_double
from .registry import converter

_SPELLING = re.compile(r"[+-]?[0-9A-Za-z]+\Z")
_GO_LITERAL = re.compile(
    r"(?ai:[+-]?(0b_?[01]+(_[01]+)*|0x_?[0-9a-f]+(_[0-9a-f]+)*|0o?(_?[0-7]++(_[0-7]++)*+)?|[1-9]\d*(_\d+)*))\Z"
)


@converter("Log")
def logarithm(value: Value) -> float:
    """The natural logarithm of a number, or of a string or bool that is one."""
    number = to_double(value)
    if number is None:
        raise OttlError(f"Log takes a number, not {type_name(value)}")
    if number <= 0:
        raise OttlError(f"there is no logarithm of {number:g}")
    return math.log(number)


@converter("ParseInt")
def parse_int(target: str, base: int) -> int:
    """A string as an int of a base from 2 to 36; base 0 goes by the prefixes `0b`, `0o`, `0` and `0x` and takes `_`."""
    if not (base == 0 or 2 <= base <= 36):
        raise OttlError(f"ParseInt takes a base of 0 or from 2 to 36, not {base}")
    if not (_SPELLING if base else _GO_LITERAL).match(target):
        raise OttlError(f"{target!r} is no int of base {base}")
    octal = base == 0 and target.lstrip("+-").replace("_", "").isdigit() and target.lstrip("+-").startswith("0")
    try:
        # Python takes a prefix that fits a base, Go only for base 0; in front of others it would be a digit too much.
        if base in (2, 8, 16) and target.lstrip("+-")[1:2].lower() in {2: "b", 8: "o", 16: "x"}[base]:
            raise ValueError
        number = int(target, 8 if octal else base)
    except ValueError:
        raise OttlError(f"{target!r} is no int of base {base}") from None
    if not -(1 << 63) <= number < 1 << 63:
        raise OttlError(f"{target} has no place in 64 bits")
    return number


@converter("IsValidLuhn")
def is_valid_luhn(value: Value) -> bool:
    """Does the last digit check the others, as on credit cards? Takes a string of digits or an int."""
    if not (isinstance(value, str | int) and not isinstance(value, bool)):
        raise OttlError(f"IsValidLuhn takes a string of digits or an int, not {type_name(value)}")
    digits = str(value).replace(" ", "")
    if not digits:
        return False
    if not (digits.isascii() and digits.isdigit()):
        raise OttlError(f"IsValidLuhn takes digits only, not {digits!r}")
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
