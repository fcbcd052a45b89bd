"""Constants of templates: Go's numbers before they have a type."""

from ...component.go_text import BadEscape, unescaped

_MOST = 2**63


def number(text: str) -> tuple[int | None, float | None] | None:
    """As an integer and as a float, where it can be one; None: it is no number."""
    if text[0] == "'":
        return _character(text)
    if text.endswith("i"):
        return None
    plain = text.replace("_", "")
    integer = _integer(plain)
    floating = _float(plain)
    if integer is not None and floating is None:
        floating = float(integer)
    if integer is None and floating is not None and floating.is_integer() and abs(floating) < _MOST:
        integer = int(floating)
    return None if integer is None and floating is None else (integer, floating)


def _character(text: str) -> tuple[int, float] | None:
    try:
        meant = unescaped(text[1:-1], "'")
    except BadEscape:
        return None
    return (ord(meant), float(ord(meant))) if len(meant) == 1 else None


def _integer(plain: str) -> int | None:
    sign, digits = (plain[0], plain[1:]) if plain[0] in "+-" else ("", plain)
    if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
        digits = f"0o{digits[1:]}"
    try:
        value = int(sign + digits, 0)
    except ValueError:
        return None
    return value if -_MOST <= value < _MOST else None


def _float(plain: str) -> float | None:
    if "x" in plain.lower() and "p" not in plain.lower():
        return None
    try:
        return float.fromhex(plain) if "x" in plain.lower() else float(plain)
    except (ValueError, OverflowError):
        return None
