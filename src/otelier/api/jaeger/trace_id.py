"""Trace ids in URLs and answers: read into 16 bytes before anything else is done with them."""

import base64
import binascii
import re

_HEX = re.compile(r"[0-9A-Fa-f]{1,32}\Z")
_BYTES = 16
_LOW = b"\0" * 8


class BadTraceId(ValueError):  # noqa: N818 - says what is wrong
    """A text that is no trace id."""

    def __init__(self, what: str = "invalid length for TraceID") -> None:
        super().__init__(what)


def parse(text: str) -> bytes:
    """16 bytes of 1 to 32 hex digits (leading zeros may be left out) or of base64, not all zero. Raises BadTraceId."""
    trace_id = bytes.fromhex(text.zfill(2 * _BYTES)) if _HEX.match(text) else _of_base64(text)
    if not any(trace_id):
        raise BadTraceId("a trace id of zeros means none")
    return trace_id


def _of_base64(text: str) -> bytes:
    try:
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        raw = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise BadTraceId from None
    if len(raw) != _BYTES:
        raise BadTraceId
    return raw


def shown(trace_id: bytes) -> str:
    """As the classic API writes it: 16 digits if the first 64 bits are zero, else 32."""
    return trace_id[8:].hex() if trace_id.startswith(_LOW) else trace_id.hex()
