"""The check of foreign bytes, against google.protobuf and the rules of OTLP."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError as ProtobufError
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otelier._core import Batch, DecodeError, Intake, live_bytes

from .otlp_messages import (
    HELD,
    RANDOMS,
    REQUESTS,
    SIZES,
    VARINTS,
    damage,
    encode,
    encodings,
    exact,
    held,
    items,
    records,
    requests,
    varint,
)

SIGNALS = st.sampled_from(sorted(REQUESTS))
EXAMPLES = 60


def parsed(signal: str, encoded: bytes) -> Message | None:
    """What protobuf makes of the bytes, None where it refuses them."""
    try:
        return REQUESTS[signal].FromString(encoded)
    except ProtobufError:
        return None


def taken(signal: str, encoded: bytes) -> Intake | None:
    try:
        return Intake.read(signal, encoded)
    except DecodeError:
        return None


# -- good requests ------------------------------------------------------------------------------


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS)
def test_any_encoding_of_a_good_request_is_taken_for_what_protobuf_reads(data: st.DataObject, signal: str) -> None:
    message, encoded = data.draw(encodings(signal))
    intake = Intake.read(signal, encoded)
    assert (intake.rejected, intake.repaired, intake.reason) == (0, 0, "")
    after = parsed(signal, intake.batch.to_otlp())
    assert after is not None
    assert exact(after) == exact(REQUESTS[signal].FromString(encoded))
    assert len(intake.batch) == len(items(message))


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS)
def test_bytes_without_fault_stay_as_they_came(data: st.DataObject, signal: str) -> None:
    encoded = data.draw(requests(signal)).SerializeToString()
    assert Batch.from_otlp(signal, encoded).to_otlp() == encoded


@settings(max_examples=30)
@given(st.data(), SIGNALS)
def test_a_truncated_request_is_refused_where_protobuf_refuses_it(data: st.DataObject, signal: str) -> None:
    _, encoded = data.draw(encodings(signal))
    for end in range(min(len(encoded), 500)):
        before = parsed(signal, encoded[:end])
        intake = taken(signal, encoded[:end])
        assert (before is None) == (intake is None), end
        if intake is not None and before is not None and not intake.rejected:
            assert exact(REQUESTS[signal].FromString(intake.batch.to_otlp())) == exact(before)


# -- what is repaired ---------------------------------------------------------------------------


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS, RANDOMS)
def test_invalid_utf8_is_replaced_as_unicode_recommends_and_counted(
    data: st.DataObject, signal: str, random: Random
) -> None:
    encoded = data.draw(requests(signal)).SerializeToString()
    bad, good, count = damage(REQUESTS[signal].DESCRIPTOR, encoded, random, 0.2)
    intake = Intake.read(signal, bad)
    assert intake.repaired == count
    assert exact(REQUESTS[signal].FromString(intake.batch.to_otlp())) == exact(REQUESTS[signal].FromString(good))


def test_only_broken_runs_are_replaced_and_the_rest_of_a_string_stays() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    span.name = "GET ???? 주문"
    intake = Intake.read("traces", request.SerializeToString().replace(b"????", b"\xf0\x9f\xff\xc3"))
    (repaired,) = ExportTraceServiceRequest.FromString(intake.batch.to_otlp()).resource_spans[0].scope_spans[0].spans
    assert repaired.name == "GET \ufffd\ufffd\ufffd 주문"
    assert (intake.repaired, intake.rejected) == (1, 0)


# -- what is left out ---------------------------------------------------------------------------


def spoil_ids(message: Message, random: Random) -> None:
    """Gives some ids of all messages below any size or zeros."""
    for field in message.DESCRIPTOR.fields:
        if field.name in ("trace_id", "span_id", "parent_span_id") and random.random() < 0.15:
            size = random.choice([0, 3, 7, 8, 9, 15, 16, 17, 32])
            setattr(message, field.name, random.choice([bytes(size), b"\7" * size]))
    for field, value in message.ListFields():
        if field.message_type is not None:
            for child in value if field.is_repeated else [value]:
                spoil_ids(child, random)


def has_good_ids(item: Message) -> bool:
    """OTLP's rules, read off the specification."""
    name = item.DESCRIPTOR.name
    if name == "Span":
        return (
            (len(item.trace_id) == 16 and any(item.trace_id))
            and (len(item.span_id) == 8 and any(item.span_id))
            and len(item.parent_span_id) in (0, 8)
            and all(len(link.trace_id) == 16 and len(link.span_id) == 8 for link in item.links)
        )
    holders = [item] if name == "LogRecord" else getattr(item, "exemplars", [])
    return all(len(one.trace_id) in (0, 16) and len(one.span_id) in (0, 8) for one in holders)


def leave_out_bad(group: Message) -> tuple[int, int]:
    """Removes items with bad ids and the groups emptied by that; returns items kept and removed."""
    kept = removed = 0
    for name in HELD[group.DESCRIPTOR.name]:
        repeated = group.DESCRIPTOR.fields_by_name[name].is_repeated
        held = list(enumerate(getattr(group, name))) if repeated else [(0, getattr(group, name))] * group.HasField(name)
        for place, one in reversed(held):
            if one.DESCRIPTOR.name in HELD:
                stay, go = leave_out_bad(one)
                goes = go > 0 and stay == 0
            else:
                goes = not has_good_ids(one)
                stay, go = int(not goes), int(goes)
            kept, removed = kept + stay, removed + go
            if goes and repeated:
                # By its place: one that was emptied may equal another that came empty.
                del getattr(group, name)[place]
            elif goes:
                group.ClearField(name)
    return kept, removed


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS, RANDOMS)
def test_an_item_with_a_bad_id_is_left_out_and_the_others_stay(
    data: st.DataObject, signal: str, random: Random
) -> None:
    message = data.draw(requests(signal))
    spoil_ids(message, random)
    encoded = encode(message, random)
    intake = Intake.read(signal, encoded)
    expected = REQUESTS[signal].FromString(encoded)
    kept, removed = leave_out_bad(expected)
    assert (len(intake.batch), intake.rejected) == (kept, removed)
    assert exact(REQUESTS[signal].FromString(intake.batch.to_otlp())) == exact(expected)
    assert bool(intake.reason) == bool(removed)


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        ({"trace_id": b""}, "no valid trace_id (16 bytes, not all zero)"),
        ({"trace_id": bytes(16)}, "no valid trace_id (16 bytes, not all zero)"),
        ({"trace_id": b"t" * 17}, "no valid trace_id (16 bytes, not all zero)"),
        ({"span_id": bytes(8)}, "no valid span_id (8 bytes, not all zero)"),
        ({"parent_span_id": b"123"}, "a parent_span_id that is neither empty nor 8 bytes"),
        ({"links": [{"trace_id": b"t", "span_id": b"s" * 8}]}, "a link whose trace_id is not 16 bytes"),
        ({"links": [{"trace_id": b"t" * 16}]}, "a link whose span_id is not 8 bytes"),
    ],
)
def test_the_reason_says_what_is_wrong_with_how_many_spans(ids: dict[str, Any], reason: str) -> None:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    good = {"trace_id": b"t" * 16, "span_id": b"s" * 8}
    for fields in (good, good | ids):
        scope.spans.add(**fields)
    assert Intake.read("traces", request.SerializeToString()).reason == f"1 span has {reason}"
    scope.spans.add(**good | ids)
    intake = Intake.read("traces", request.SerializeToString())
    assert intake.reason == f"2 spans have {reason}"
    assert (len(intake.batch), intake.rejected) == (1, 2)


# -- what is refused ----------------------------------------------------------------------------


def nested(levels: int, signal: str = "traces") -> bytes:
    """A span attribute (or log body) of so many arrays in each other."""
    value = b""
    for tag in (b"\x0a", b"\x2a") * levels:
        value = tag + varint(len(value)) + value
    path = {"traces": b"\x12\x4a\x12\x12\x0a", "logs": b"\x2a\x12\x12\x0a"}[signal]
    ids = b"\x0a\x10" + b"t" * 16 + b"\x12\x08" + b"s" * 8 if signal == "traces" else b""
    for tag in path:
        value = bytes([tag]) + varint(len(value)) + value
        value = ids + value if tag == 0x4A else value
    return value


@pytest.mark.parametrize(("signal", "levels"), [("traces", 47), ("logs", 48)])
def test_messages_may_nest_as_deep_as_protobuf_reads_them_and_no_deeper(signal: str, levels: int) -> None:
    for depth in (1, levels - 1, levels):
        assert parsed(signal, nested(depth, signal)) is not None
        assert len(Batch.from_otlp(signal, nested(depth, signal))) == 1
    for depth in (levels + 1, 1_000, 5_000):
        assert parsed(signal, nested(depth, signal)) is None
        with pytest.raises(DecodeError, match="nested deeper than 100 messages"):
            Batch.from_otlp(signal, nested(depth, signal))


def test_groups_nest_within_the_same_bound() -> None:
    for depth, taken_too in ((100, True), (101, False), (100_000, False)):
        encoded = b"\xa3\x06" * depth + b"\xa4\x06" * depth
        assert (parsed("logs", encoded) is not None) is taken_too
        assert (taken("logs", encoded) is not None) is taken_too


@pytest.mark.parametrize("signal", sorted(REQUESTS))
def test_every_field_of_a_wrong_wire_type_is_refused(signal: str) -> None:
    seen = set()

    def visit(descriptor: Descriptor, path: list[int]) -> None:
        if descriptor.full_name in seen:
            return
        seen.add(descriptor.full_name)
        for field in descriptor.fields:
            for wire_type, value in ((0, b"\1"), (1, b"12345678"), (2, b"\x03\xff\xff\xff"), (5, b"1234")):
                encoded = varint(field.number << 3 | wire_type) + value
                for number in reversed(path):
                    encoded = varint(number << 3 | 2) + varint(len(encoded)) + encoded
                if wire_type not in wire_types(field):
                    with pytest.raises(DecodeError):
                        Intake.read(signal, encoded)
            if field.message_type is not None:
                visit(field.message_type, [*path, field.number])

    visit(REQUESTS[signal].DESCRIPTOR, [])
    assert len(seen) > 8


def wire_types(field: FieldDescriptor) -> set[int]:
    if field.type in VARINTS:
        return {0, 2} if field.is_repeated else {0}
    if field.type in SIZES:
        return {{4: 5, 8: 1}[SIZES[field.type]], *([2] if field.is_repeated else [])}
    return {2}


@pytest.mark.parametrize(
    "encoded",
    [
        *[b"\x00\x01", b"\x02\x00", b"\x0c", b"\x0b", b"\x0e\x00", b"\xa3\x06", b"\xa3\x06\xac\x06", b"\xa4\x06"],
        *[b"\x0a\x81\x80\x80\x80\x80\x00x", b"\x0a\xff\xff\xff\xff\x0f", b"\x98\x06" + b"\xff" * 10 + b"\x01"],
    ],
)
def test_broken_framing_is_refused_with_the_place(encoded: bytes) -> None:
    with pytest.raises(DecodeError, match=r"^byte \d+"):
        Intake.read("traces", encoded)


def test_an_error_names_the_fields_around_it() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    span.attributes.add(key="broken").value.string_value = "value"
    encoded = request.SerializeToString().replace(b"\x0a\x05value", b"\x0a\x7fvalue")
    with pytest.raises(DecodeError, match=r"resource_spans\.scope_spans\.spans\.attributes\.value: the field ends"):
        Intake.read("traces", encoded)


@pytest.mark.parametrize("signal", sorted(REQUESTS))
def test_too_many_items_are_refused_at_the_limit(signal: str) -> None:
    item = {"traces": b"\x0a\x10" + b"t" * 16 + b"\x12\x08" + b"s" * 8, "metrics": b"", "logs": b""}[signal]
    encoded = b"".join(b"\x12" + varint(len(item)) + item for _ in range(10))
    if signal == "metrics":
        data = b"\x0a\0" * 10
        metric = b"\x3a" + varint(len(data)) + data
        encoded = b"\x12" + varint(len(metric)) + metric
    encoded = b"\x12" + varint(len(encoded)) + encoded
    encoded = b"\x0a" + varint(len(encoded)) + encoded
    assert len(Batch.from_otlp(signal, encoded, max_items=10)) == 10
    with pytest.raises(DecodeError, match="more than 9 items"):
        Batch.from_otlp(signal, encoded, max_items=9)


def test_signals_and_encodings_have_names() -> None:
    with pytest.raises(ValueError, match="traces, metrics or logs"):
        Intake.read("spans", b"")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="protobuf or json"):
        Intake.read("traces", b"", "xml")  # type: ignore[arg-type]


# -- memory -------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.data(), SIGNALS, RANDOMS)
def test_live_bytes_are_those_of_the_batches_that_live(data: st.DataObject, signal: str, random: Random) -> None:
    message = data.draw(requests(signal))
    spoil_ids(message, random)
    before = live_bytes()
    intake = Intake.read(signal, encode(message, random))
    batch = intake.batch
    joined = Batch.join([batch, batch, intake.batch])
    assert live_bytes() - before == batch.size_bytes == joined.size_bytes / 3
    del intake, batch, joined
    assert live_bytes() == before


def test_the_oracles_read_what_protobuf_writes() -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(name="n")
    assert [number for number, _, _ in records(request.SerializeToString())] == [1]
    assert Counter(len(held(group)) for group in [request, request.resource_spans[0]]) == {1: 2}
