"""Converters of identifiers: of traces, spans and profiles, and new UUIDs."""

import secrets
import uuid

from ..frame import Frame
from ..values import OttlError, Value
from .registry import converter


@converter("TraceID")
def trace_id(value: Value) -> bytes:
    """16 bytes, of bytes or hexadecimal digits."""
    return _identifier("TraceID", value, 16)


@converter("SpanID")
def span_id(value: Value) -> bytes:
    """8 bytes, of bytes or hexadecimal digits."""
    return _identifier("SpanID", value, 8)


@converter("ProfileID")
def profile_id(value: Value) -> bytes:
    """16 bytes, of bytes or hexadecimal digits."""
    return _identifier("ProfileID", value, 16)


def _identifier(name: str, value: Value, length: int) -> bytes:
    if isinstance(value, str) and len(value) == 2 * length and value.isascii() and value.isalnum():
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    elif isinstance(value, bytes) and len(value) == length:
        return value
    raise OttlError(f"{name} takes {length} bytes or {2 * length} hexadecimal digits, not {value!r}")


@converter("IsRootSpan", contexts=["span"])
def is_root_span(frame: Frame) -> bool:
    """Has the span no parent?"""
    return not any(frame.span.message.parent_span_id)


@converter("UUID")
def uuid_v4() -> str:
    """A new random UUID."""
    return str(uuid.uuid4())


@converter("UUIDv7")
def uuid_v7(frame: Frame) -> str:
    """A new UUID that begins with the time in milliseconds (RFC 9562, 5.7)."""
    head = (frame.clock.time_ns() // 10**6) & (1 << 48) - 1
    return str(uuid.UUID(int=head << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)))
