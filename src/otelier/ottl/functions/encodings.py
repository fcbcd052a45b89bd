"""Converters between bytes and their spellings: base64, hexadecimal, character sets."""

import base64
import struct

from ..any_value import type_name
from ..values import OttlError, Value
from .registry import converter

_BASE64 = {
    "base64": (b"+/", True),
    "base64-raw": (b"+/", False),
    "base64-url": (b"-_", True),
    "base64-raw-url": (b"-_", False),
}
"""By variant: the two characters behind the alphanumeric ones, and whether there is padding."""


@converter("Base64Encode")
def base64_encode(value: str, variant: str = "base64") -> str:
    """A string's bytes as "base64", "base64-raw", "base64-url" or "base64-raw-url"."""
    if variant not in _BASE64:
        raise OttlError(f"Base64Encode knows {', '.join(_BASE64)}, not {variant}")
    altchars, padded = _BASE64[variant]
    text = base64.b64encode(value.encode("utf-8", "surrogateescape"), altchars).decode()
    return text if padded else text.rstrip("=")


@converter("Base64Decode")
def base64_decode(value: str) -> str:
    """The string that is spelled in standard base64. Upstream has deprecated it: write `Decode(value, "base64")`."""
    return decode(value, "base64")


@converter("Decode")
def decode(value: Value, encoding: str) -> str:
    """The string that is spelled in a variant of base64 or in an IANA character set; what is invalid becomes U+FFFD."""
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogateescape")
    elif isinstance(value, bytes):
        data = value
    else:
        raise OttlError(f"Decode takes a string or bytes, not {type_name(value)}")
    if encoding.lower() in _BASE64:
        return _from_base64(data, encoding.lower()).decode("utf-8", "surrogateescape")
    try:
        return data.decode(encoding, "replace")
    except LookupError:
        known = ", ".join(_BASE64)
        raise OttlError(f"there is no character set {encoding!r}: name one of IANA's, or {known}") from None


def _from_base64(data: bytes, variant: str) -> bytes:
    altchars, padded = _BASE64[variant]
    if not padded:
        data += b"=" * (-len(data) % 4)
    try:
        if not padded and data.endswith(b"==="):
            raise ValueError("a last group of one character")
        return base64.b64decode(data, altchars, validate=True)
    except ValueError as error:
        raise OttlError(f"this isn't {variant}: {error}") from None


@converter("Hex")
def hexadecimal(value: Value) -> str | None:
    """A string's or bytes' own bytes, a bool's one, an int's or a double's eight, highest first."""
    match value:
        case None:
            return ""
        case bool():
            return "01" if value else "00"
        case int():
            return struct.pack(">q", value).hex()
        case float():
            return struct.pack(">d", value).hex()
        case str():
            return value.encode("utf-8", "surrogateescape").hex()
        case bytes():
            return value.hex()
        case _:
            raise OttlError(f"Hex takes a string, bytes or a number, not {type_name(value)}")
