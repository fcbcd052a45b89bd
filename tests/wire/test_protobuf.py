"""Protobuf by hand: what is read is what google.protobuf has written."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otelier.wire.protobuf import fields, integer, text


@given(st.integers(-(2**63), 2**63 - 1), st.text())
def test_numbers_and_texts_are_read_in_order(number, word):
    [(first, key), (second, value)] = fields(KeyValue(key="k", value=AnyValue(int_value=number)).SerializeToString())
    assert (first, key, second) == (1, b"k", 2)
    assert list(fields(value)) == [(3, number % 2**64)]
    assert list(fields(text(7, word) + integer(300, number))) == [(7, word.encode()), (300, number % 2**64)]


def test_fixed_numbers_are_their_bytes():
    span = Span(start_time_unix_nano=1, flags=2)
    assert list(fields(span.SerializeToString())) == [(7, bytes([1, *bytes(7)])), (16, bytes([2, 0, 0, 0]))]


@pytest.mark.parametrize(
    "broken", [b"\x0a", b"\x0a\x05abc", b"\x08", b"\x08" + b"\xff" * 11, b"\x09abc", b"\x0b", b"\xff"]
)
def test_what_is_cut_off_or_unknown_is_an_error(broken):
    with pytest.raises(ValueError, match=r"cut off|wire type|ten bytes"):
        list(fields(broken))


@given(st.binary())
def test_no_bytes_lead_anywhere_else(anything):
    with contextlib.suppress(ValueError):
        list(fields(anything))
