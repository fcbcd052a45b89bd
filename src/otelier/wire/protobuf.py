"""Protobuf's wire format, written and read by hand: for messages whose generated classes we do not carry.

Format: https://protobuf.dev/programming-guides/encoding/. What writes answers bytes; fields with default values are
written all the same, unless the caller leaves them out.
"""

import struct
from collections.abc import Iterator

_DOUBLE = struct.Struct("<d")
_FIXED64 = struct.Struct("<Q")
_FIXED = {1: 8, 5: 4}
"""Bytes of a value by wire type."""


def varint(value: int) -> bytes:
    """A number from -2⁶³ to 2⁶⁴-1; negative ones take ten bytes, as in `int64`."""
    if 0 <= value < 0x80:
        return bytes((value,))
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number: int, wire_type: int) -> bytes:
    """The head of a field."""
    return varint(number << 3 | wire_type)


def length_delimited(number: int, content: bytes) -> bytes:
    """A field of bytes, text or a message."""
    return tag(number, 2) + varint(len(content)) + content


def text(number: int, value: str) -> bytes:
    """A `string` field."""
    return length_delimited(number, value.encode())


def integer(number: int, value: int) -> bytes:
    """An `int32`, `int64`, `uint64` or enum field."""
    return tag(number, 0) + varint(value)


def fixed64(number: int, value: int) -> bytes:
    """A `fixed64` field."""
    return tag(number, 1) + _FIXED64.pack(value & 0xFFFF_FFFF_FFFF_FFFF)


def double(number: int, value: float) -> bytes:
    """A `double` field."""
    return tag(number, 1) + _DOUBLE.pack(value)


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field, in order: numbers as unsigned, fixed ones as their bytes. Raises ValueError."""
    at = 0
    while at < len(message):
        head, at = _varint(message, at)
        number, wire_type = head >> 3, head & 7
        if wire_type == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire_type == 2:
            size, at = _varint(message, at)
        elif wire_type in _FIXED:
            size = _FIXED[wire_type]
        else:
            raise ValueError(f"field {number} has wire type {wire_type}")
        if at + size > len(message):
            raise ValueError(f"field {number} is cut off")
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("a number is cut off")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise ValueError("a number has more than ten bytes")
