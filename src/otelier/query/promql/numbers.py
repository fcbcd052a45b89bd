"""Numbers as Prometheus writes them."""

import math


def shortest(value: float) -> str:
    """Shortest digits that read back as the same number: fixed below 1e21 and down to 1e-6, else with an exponent."""
    if special := _special(value):
        return special
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    if 1e-6 <= abs(value) < 1e21:
        return fixed(value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        mantissa, _, exponent = f"{value:.17e}".partition("e")
    power = int(exponent)
    return f"{mantissa.removesuffix('.0')}e{'-' if power < 0 else '+'}{abs(power):02d}"


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
    """As Go's `%g`: an exponent below 1e-4 and from 1e21 on."""
    if special := _special(value):
        return special
    if value != 0 and abs(value) < 1e-4:
        mantissa, _, exponent = repr(value).partition("e")
        if not exponent:
            mantissa, _, exponent = f"{value:e}".partition("e")
        power = int(exponent)
        return f"{mantissa.removesuffix('.0')}e-{abs(power):02d}"
    return shortest(value)


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return ""
