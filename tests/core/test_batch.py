"""Batches are cut, joined and fingerprinted on their bytes; what they say is compared by google.protobuf."""

import struct
from collections import Counter
from random import Random
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier._core import Batch

from .otlp_messages import (
    ID_SIZES,
    RANDOMS,
    REQUESTS,
    empty_groups,
    encode,
    encodings,
    items,
    leaves,
    record,
    requests,
    tag,
    varint,
)

SIGNALS = st.sampled_from(sorted(REQUESTS))
EXAMPLES = 60
ORDERED = ("AnyValue", "ValueAtQuantile")
"""Messages whose order means something where they are repeated."""


def read(batch: Batch) -> Message:
    return REQUESTS[batch.signal].FromString(batch.to_otlp())


@st.composite
def batches(draw: Any, signal: str) -> Batch:
    """One to three requests, joined."""
    count = draw(st.integers(1, 3))
    return Batch.join([Batch.from_otlp(signal, draw(encodings(signal))[1]) for _ in range(count)])


# -- split --------------------------------------------------------------------------------------


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS, st.integers(1, 12))
def test_parts_have_exactly_so_many_items_in_order(data: st.DataObject, signal: str, max_items: int) -> None:
    batch = data.draw(batches(signal))
    parts = batch.split(max_items)
    assert [len(part) for part in parts[:-1]] == [max_items] * (len(parts) - 1)
    assert len(parts[-1]) <= max_items
    assert all(len(part) == len(items(read(part))) for part in parts)
    assert [item for part in parts for item in items(read(part))] == items(read(batch))


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS, st.integers(1, 12))
def test_split_then_joined_is_the_same_batch(data: st.DataObject, signal: str, max_items: int) -> None:
    batch = data.draw(batches(signal))
    for parts in (batch.split(max_items), batch.split_bytes(20 * max_items)):
        joined = Batch.join(parts)
        assert joined.digest() == batch.digest()
        assert len(joined) == len(batch)
        assert items(read(joined)) == items(read(batch))
        before, after = (Counter(map(repr, empty_groups(read(b)))) for b in (batch, joined))
        assert after == before
        assert unknown_fields(read(joined)) == unknown_fields(read(batch))


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS, st.integers(1, 3_000))
def test_parts_by_bytes_are_within_the_bound_or_cannot_be(data: st.DataObject, signal: str, max_bytes: int) -> None:
    batch = data.draw(batches(signal))
    parts = batch.split_bytes(max_bytes)
    for part in parts:
        if part.size_bytes > max_bytes and len(part) > 1:
            # Long headers are not repeated for every item.
            assert part.size_bytes <= 2 * (part.size_bytes - sum(map(size_of_item, leaves(read(part)))))
    assert [item for part in parts for item in items(read(part))] == items(read(batch))


def size_of_item(leaf: tuple[Any, Message | None]) -> int:
    return leaf[1].ByteSize() if leaf[1] is not None else 0


def test_a_batch_within_the_bound_is_shared_whole() -> None:
    batch = Batch.from_otlp("traces", spans(10))
    assert [part.to_otlp() for part in batch.split(10)] == [batch.to_otlp()]
    assert [part.to_otlp() for part in batch.split_bytes(batch.size_bytes)] == [batch.to_otlp()]
    assert [len(part) for part in Batch.join([batch] * 3).split(10)] == [10, 10, 10]


def test_nothing_splits_into_itself() -> None:
    empty = Batch.from_otlp("logs", b"")
    assert [len(part) for part in empty.split(5)] == [0]
    assert [len(part) for part in empty.split_bytes(5)] == [0]


@pytest.mark.parametrize("bound", [0, -1])
def test_parts_of_nothing_are_refused(bound: int) -> None:
    batch = Batch.from_otlp("traces", spans(1))
    for split in (batch.split, batch.split_bytes):
        with pytest.raises((ValueError, OverflowError)):
            split(bound)


def test_a_metric_in_parts_keeps_its_description_in_each() -> None:
    request = REQUESTS["metrics"]()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="n", unit="By", description="d")
    metric.metadata.add(key="k").value.int_value = 7
    metric.sum.aggregation_temporality = 2
    metric.sum.is_monotonic = True
    for value in range(5):
        metric.sum.data_points.add(as_int=value)
    parts = Batch.from_otlp("metrics", request.SerializeToString()).split(2)
    assert [len(part) for part in parts] == [2, 2, 1]
    for part in parts:
        (found,) = read(part).resource_metrics[0].scope_metrics[0].metrics
        assert (found.name, found.unit, found.description, found.metadata[0].value.int_value) == ("n", "By", "d", 7)
        assert (found.sum.aggregation_temporality, found.sum.is_monotonic) == (2, True)


# -- select -------------------------------------------------------------------------------------


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS)
def test_select_keeps_exactly_those(data: st.DataObject, signal: str) -> None:
    batch = data.draw(batches(signal))
    keep = data.draw(st.lists(st.sampled_from([0, 0, 1, 255]), min_size=len(batch), max_size=len(batch)))
    chosen = batch.select(bytes(keep))
    assert items(read(chosen)) == [item for item, wanted in zip(items(read(batch)), keep, strict=True) if wanted]
    assert len(chosen) == sum(map(bool, keep))
    rest = batch.select(bytes(not wanted for wanted in keep))
    assert (chosen.digest() + rest.digest()) % 2**64 == batch.digest()
    if not any(keep) and keep:
        assert chosen.size_bytes == 0


def test_survivors_do_not_hold_on_to_their_request() -> None:
    batch = Batch.from_otlp("traces", spans(1000))
    chosen = batch.select(b"\1" + bytes(999))
    assert chosen.size_bytes < batch.size_bytes / 100


def test_a_mask_of_another_length_is_refused() -> None:
    batch = Batch.from_otlp("traces", spans(3))
    for keep in (b"", b"\1\1", b"\1\1\1\1"):
        with pytest.raises(ValueError, match="one byte per item: 3"):
            batch.select(keep)


# -- ids of spans and traces ----------------------------------------------------------------------------------


@settings(max_examples=EXAMPLES)
@given(st.data(), st.sampled_from(["traces", "logs"]))
def test_trace_ids_are_those_of_the_items_in_order(data: st.DataObject, signal: str) -> None:
    batch = data.draw(batches(signal))
    found = [item.trace_id or bytes(16) for _, item in leaves(read(batch)) if item is not None]  # type: ignore[attr-defined]
    assert batch.trace_ids() == b"".join(found)


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_span_ids_are_those_of_the_spans_and_their_parents(data: st.DataObject) -> None:
    batch = data.draw(batches("traces"))
    found = [item for _, item in leaves(read(batch)) if item is not None]
    assert batch.span_ids() == (
        b"".join(item.span_id for item in found),
        b"".join(item.parent_span_id or bytes(8) for item in found),
    )


def test_only_spans_have_span_ids() -> None:
    with pytest.raises(ValueError, match="only spans"):
        Batch.from_otlp("logs", b"").span_ids()


def test_data_points_have_no_trace_id() -> None:
    with pytest.raises(ValueError, match="no trace id"):
        Batch.from_otlp("metrics", b"").trace_ids()


# -- digest -------------------------------------------------------------------------------------


def meaning(message: Message) -> Any:
    """What a message says, whatever the order; defaults, empty messages and ids of zeros say nothing."""
    said = []
    for field, value in message.ListFields():
        if field.is_repeated:
            values = [value_of(field, one) for one in value]
            of = field.message_type
            ordered = of.name in ORDERED if of is not None else field.type != FieldDescriptor.TYPE_STRING
            said.append((field.number, *(values if ordered else sorted(values, key=repr))))
        elif says_something(field, value):
            said.append((field.number, value_of(field, value)))
    said += [(-1, repr(one)) for one in unknown_fields(message)]
    return sorted(said, key=repr)


def says_something(field: FieldDescriptor, value: Any) -> bool:
    if field.name in ID_SIZES:
        return any(value)
    return field.containing_oneof is not None or field.message_type is None or bool(meaning(value))


def value_of(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None:
        return meaning(value)
    return struct.pack("<d", value) if isinstance(value, float) else value


def unknown_fields(message: Message) -> list[Any]:
    def plain(data: Any) -> Any:
        return sorted(map(str, map(plain_field, data))) if isinstance(data, UnknownFieldSet) else data

    def plain_field(field: Any) -> Any:
        return field.field_number, field.wire_type, plain(field.data)

    return [plain_field(field) for field in UnknownFieldSet(message)]


def meanings(batch: Batch) -> Any:
    """What the batch says of its items."""
    said = [
        ([(h.DESCRIPTOR.name, meaning(h)) for h in headers], meaning(item))
        for headers, item in leaves(read(batch))
        if item is not None
    ]
    return sorted(said, key=repr)


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS, RANDOMS)
def test_the_digest_does_not_depend_on_order_or_grouping(data: st.DataObject, signal: str, random: Random) -> None:
    batch = data.draw(batches(signal))
    message = read(batch)
    shuffle(message, random)
    parts = Batch.from_otlp(signal, message.SerializeToString()).split(3)
    random.shuffle(parts)
    assert Batch.join(parts).digest() == batch.digest()


def shuffle(message: Message, random: Random) -> None:
    """Reorders what has no order."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.is_repeated and field.message_type.name not in ORDERED:
            copies = [type(one).FromString(one.SerializeToString()) for one in value]
            random.shuffle(copies)
            message.ClearField(field.name)
            getattr(message, field.name).extend(copies)
        for child in getattr(message, field.name) if field.is_repeated else [value]:
            shuffle(child, random)


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS)
def test_the_digest_does_not_depend_on_defaults_being_written(data: st.DataObject, signal: str) -> None:
    message = data.draw(requests(signal))
    terse, wordy = message.SerializeToString(), in_full(message)
    assert REQUESTS[signal].FromString(wordy).ByteSize() >= len(terse)
    assert Batch.from_otlp(signal, wordy).digest() == Batch.from_otlp(signal, terse).digest()


def in_full(message: Message) -> bytes:
    """An encoding with every default and every empty message written out, numbers unpacked, fields descending."""
    written = b""
    for field in sorted(message.DESCRIPTOR.fields, key=lambda field: -field.number):
        value = getattr(message, field.name)
        may_be_absent = field.containing_oneof is not None and not message.HasField(field.name)
        for one in value if field.is_repeated else [] if may_be_absent else [value]:
            if field.message_type is not None:
                content = in_full(one)
                written += tag(field.number, 2) + varint(len(content)) + content
            else:
                written += record(field, one, Random(0))
    return written


@settings(max_examples=3 * EXAMPLES)
@given(st.data(), SIGNALS, RANDOMS)
def test_digests_are_equal_exactly_if_what_is_said_is(data: st.DataObject, signal: str, random: Random) -> None:
    message = data.draw(requests(signal))
    before = Batch.from_otlp(signal, message.SerializeToString())
    change(message, random)
    after = Batch.from_otlp(signal, encode(message, random))
    assert (meanings(before) == meanings(after)) == (before.digest() == after.digest())


def change(message: Message, random: Random) -> None:
    """Changes one thing somewhere in the message, or maybe nothing that matters."""
    field = random.choice([f for f, _ in message.ListFields()] or list(message.DESCRIPTOR.fields))
    value = getattr(message, field.name)
    if field.message_type is not None and random.random() < 0.8:
        inside = list(value) if field.is_repeated else [value]
        if inside:
            return change(random.choice(inside), random)
    if field.is_repeated:
        copies = list(value)
        copies = random.choice([copies[1:], copies + copies[:1], copies[::-1]])
        copies = [type(one).FromString(one.SerializeToString()) if field.message_type else one for one in copies]
        message.ClearField(field.name)
        getattr(message, field.name).extend(copies)
    elif field.message_type is not None:
        message.ClearField(field.name)
    else:
        setattr(message, field.name, other(field, value, random))
    return None


def other(field: FieldDescriptor, value: Any, random: Random) -> Any:
    if field.name in ID_SIZES:
        return random.randbytes(ID_SIZES[field.name])
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return random.choice([value ^ 1, 0 if field.type != FieldDescriptor.TYPE_ENUM else 1])
    if isinstance(value, float):
        return random.choice([value + 1, -value])
    return (
        value[1:]
        if random.random() < 0.5
        else value + value[:1] + type(value)(b"x" if isinstance(value, bytes) else "x")
    )


# -- metadata -----------------------------------------------------------------------------------


def test_a_join_keeps_metadata_that_all_agree_on() -> None:
    batch = Batch.from_otlp("traces", spans(1))
    tenant = batch.with_metadata({"X-Tenant": ["a"], "x-env": ["p", "q"]})
    assert dict(batch.metadata) == {}
    assert dict(tenant.metadata) == {"x-tenant": ("a",), "x-env": ("p", "q")}
    assert dict(Batch.join([tenant, tenant]).metadata) == dict(tenant.metadata)
    assert dict(Batch.join([tenant, batch]).metadata) == {}
    assert all(part.metadata == tenant.metadata for part in Batch.join([tenant] * 3).split(2))
    assert tenant.select(b"\1").metadata == tenant.metadata
    with pytest.raises(TypeError, match="sequence of strings"):
        batch.with_metadata({"x-tenant": "a"})


def test_only_batches_of_one_signal_can_be_joined() -> None:
    with pytest.raises(ValueError, match="cannot join traces with logs"):
        Batch.join([Batch.from_otlp("traces", b""), Batch.from_otlp("logs", b"")])
    with pytest.raises(ValueError, match="nothing to join"):
        Batch.join([])


def spans(count: int) -> bytes:
    request = REQUESTS["traces"]()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(1, count + 1):
        scope.spans.add(trace_id=number.to_bytes(16), span_id=number.to_bytes(8), name=f"span {number}")
    return request.SerializeToString()
