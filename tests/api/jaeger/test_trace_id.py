"""Trace ids in URLs."""

import base64

import pytest

from otelier.api.jaeger.trace_id import BadTraceId, parse, shown

FULL = bytes.fromhex("0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0123456789abcdef0123456789abcdef", FULL),
        ("0123456789ABCDEF0123456789ABCDEF", FULL),
        ("abc", bytes(14) + b"\x0a\xbc"),
        ("0123456789abcdef", bytes(8) + FULL[:8]),
        (base64.b64encode(FULL).decode(), FULL),
        (base64.urlsafe_b64encode(bytes([255] * 16)).decode().rstrip("="), bytes([255] * 16)),
    ],
)
def test_hex_of_any_length_and_base64_are_read(text: str, expected: bytes):
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["0", "0" * 32, base64.b64encode(bytes(16)).decode()])
def test_zeros_are_refused_because_they_mean_no_trace(text: str):
    with pytest.raises(BadTraceId, match="means none"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["", "xyz", "0" * 33, "../../etc/passwd", "0x12", "é", base64.b64encode(b"short").decode()]
)
def test_anything_else_is_refused(text: str):
    with pytest.raises(BadTraceId, match="invalid length for TraceID"):
        parse(text)


def test_ids_of_64_bits_are_shown_short():
    assert shown(parse("abc")) == "0000000000000abc"
    assert shown(FULL) == FULL.hex()
