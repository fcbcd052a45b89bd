"""Numbers as Prometheus writes them."""

import math
from decimal import Decimal


def shortest(value: float) -> str:
    """Shortest digits that read back as the same number: fixed below 1e21 and down to 1e-6, else with an exponent."""
    if special := _special(value):
        return special
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return fixed(value)
    return _with_exponent(value)


def fixed(value: float) -> str:
    """Shortest digits without an exponent, however many zeros that takes."""
    if special := _special(value):
        return special
    digits = repr(value)
    if "e" not in digits:
        return digits.removesuffix(".0")
    mantissa, _, exponent = digits.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, part = mantissa.lstrip("-").partition(".")
    power = int(exponent)
    if power >= 0:
        return sign + whole + part.ljust(power, "0")
    return sign + "0." + "0" * (-power - 1) + whole + part


def general(value: float) -> str:
    """As Go's `%g`: shortest digits, with an exponent below 1e-4 and from 1e6 on."""
    if special := _special(value):
        return special
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        return fixed(value)
    return _with_exponent(value)


def scientific(value: float) -> str:
    """As Go's `%e` with as many digits as needed: always with an exponent."""
    if special := _special(value):
        return special
    return _with_exponent(value) if value else f"{fixed(value)}e+00"


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return ""


def _with_exponent(value: float) -> str:
    """Shortest digits, one of them before the point."""
    _, numbers, exponent = Decimal(repr(value)).as_tuple()
    power = len(numbers) + int(exponent) - 1
    digits = "".join(map(str, numbers)).rstrip("0")
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{'-' if value < 0 else ''}{digits[0]}{rest}e{'-' if power < 0 else '+'}{abs(power):02d}"
