"""Any OTLP request, and any encoding of it that protobuf allows: strategies for the core's differential tests."""

import struct
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

REQUESTS: dict[str, type[Message]] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}
ID_SIZES = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
NEEDED = {(message, id_) for message in ("Span", "Link") for id_ in ("trace_id", "span_id")} | {
    ("ExportTraceServiceRequest", "resource_spans"),
    ("ResourceSpans", "scope_spans"),
    ("ScopeSpans", "spans"),
    ("ExportMetricsServiceRequest", "resource_metrics"),
    ("ResourceMetrics", "scope_metrics"),
    ("ScopeMetrics", "metrics"),
    ("Metric", "data"),
    ("ExportLogsServiceRequest", "resource_logs"),
    ("ResourceLogs", "scope_logs"),
    ("ScopeLogs", "log_records"),
}
"""Fields (or oneofs) that are always drawn: ids because OTLP needs them, containers so that something is in them."""

RANDOMS = st.integers(0, 2**32).map(Random)
"""For choices that need no shrinking."""

F = FieldDescriptor
VARINTS = {F.TYPE_BOOL, F.TYPE_INT32, F.TYPE_UINT32, F.TYPE_SINT32, F.TYPE_INT64, F.TYPE_UINT64, F.TYPE_ENUM}
SIZES = {F.TYPE_FIXED32: 4, F.TYPE_FIXED64: 8, F.TYPE_SFIXED64: 8, F.TYPE_DOUBLE: 8}
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    F.TYPE_BOOL: st.booleans(),
    F.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    F.TYPE_SINT32: st.integers(-(2**31), 2**31 - 1),
    F.TYPE_UINT32: st.integers(0, 2**32 - 1),
    F.TYPE_FIXED32: st.integers(0, 2**32 - 1),
    F.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    F.TYPE_SFIXED64: st.integers(-(2**63), 2**63 - 1),
    F.TYPE_UINT64: st.integers(0, 2**64 - 1),
    F.TYPE_FIXED64: st.integers(0, 2**64 - 1),
    F.TYPE_DOUBLE: st.floats(allow_nan=False) | st.just(float("nan")),
    F.TYPE_STRING: st.text(max_size=20),
    F.TYPE_BYTES: st.binary(max_size=20),
}


def requests(signal: str) -> st.SearchStrategy[Message]:
    """Export requests of a signal whose ids are all good."""
    return messages(REQUESTS[signal].DESCRIPTOR)


@cache
def messages(descriptor: Descriptor) -> st.SearchStrategy[Any]:
    members: dict[str, list[str]] = {}
    values = {}
    for field in descriptor.fields:
        group = field.containing_oneof.name if field.containing_oneof else field.name
        members.setdefault(group, []).append(field.name)
        values[field.name] = _values(field)
    groups = {
        group: st.one_of([st.tuples(st.just(name), values[name]) for name in names]) for group, names in members.items()
    }
    required = {g: s for g, s in groups.items() if (descriptor.name, g) in NEEDED}
    optional = {g: s for g, s in groups.items() if g not in required}

    def build(chosen: dict[str, tuple[str, Any]]) -> Message:
        return GetMessageClass(descriptor)(**dict(chosen.values()))

    return st.fixed_dictionaries(required, optional=optional).map(build)


def _values(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        of = field.message_type
        one: st.SearchStrategy[Any] = st.deferred(lambda: messages(of))
    elif field.enum_type is not None:
        one = st.sampled_from([v.number for v in field.enum_type.values]) | st.integers(-(2**31), 2**31 - 1)
    elif field.name in ID_SIZES:
        size = ID_SIZES[field.name]
        one = st.binary(min_size=size, max_size=size).map(lambda id_: id_ if any(id_) else b"\1" * size)
    else:
        one = SCALARS[field.type]
    return st.lists(one, max_size=3) if field.is_repeated else one


@st.composite
def encodings(draw: Callable[[Any], Any], signal: str) -> tuple[Message, bytes]:
    """A request and one of its encodings: fields in any order, overruled values, packed or not, unknown fields."""
    message = draw(requests(signal))
    return message, encode(message, draw(RANDOMS))


def encode(message: Message, random: Random) -> bytes:
    """The message, written as the random numbers have it."""
    return b"".join(_mixed(message, random))


def _mixed(message: Message, random: Random) -> list[bytes]:
    """The records of a message in any order that means the same."""
    lanes = [_records(field, value, random) for field, value in message.ListFields()]
    lanes += [[_unknown(random)] for _ in range(random.choice([0, 0, 0, 1]))]
    written = []
    while lanes:
        lane = random.choice(lanes)
        written.append(lane.pop(0))
        lanes = [lane for lane in lanes if lane]
    return written


def _records(field: FieldDescriptor, value: Any, random: Random) -> list[bytes]:
    """One field's records, which may be moved apart but not past each other."""
    if not field.is_repeated:
        overruled = [_overruled(field, random)] if random.random() < 0.1 else []
        if field.message_type is not None and random.random() < 0.1:
            records = _mixed(value, random)
            cut = random.randint(0, len(records))
            halves = [b"".join(records[:cut]), b"".join(records[cut:])]
            return overruled + [_tag(field.number, 2) + varint(len(half), random) + half for half in halves]
        return [*overruled, _record(field, value, random)]
    if field.type not in VARINTS and field.type not in SIZES:
        return [_record(field, element, random) for element in value]
    parts: list[bytes] = []
    rest = list(value)
    while rest:
        count = random.randint(1, len(rest))
        packed, rest = rest[:count], rest[count:]
        if random.random() < 0.5:
            content = b"".join(_scalar(field, element, random) for element in packed)
            parts.append(_tag(field.number, 2) + varint(len(content), random) + content)
        else:
            parts += [_record(field, element, random) for element in packed]
    return parts


def _overruled(field: FieldDescriptor, random: Random) -> bytes:
    """A record that the field's real one, coming later, undoes."""
    others = [f for f in field.containing_oneof.fields if f is not field] if field.containing_oneof else []
    rival = random.choice(others) if others and random.random() < 0.5 else field
    if rival.message_type is not None:
        return _tag(rival.number, 2) + b"\0"
    return _record(
        rival, {F.TYPE_STRING: "overruled", F.TYPE_BYTES: b"overruled", F.TYPE_DOUBLE: 1.5}.get(rival.type, 1), random
    )


def _record(field: FieldDescriptor, value: Any, random: Random) -> bytes:
    if field.type in VARINTS or field.type in SIZES:
        wire_type = {4: 5, 8: 1}.get(SIZES.get(field.type, 0), 0)
        return _tag(field.number, wire_type) + _scalar(field, value, random)
    if field.message_type is not None:
        value = encode(value, random)
    elif isinstance(value, str):
        value = value.encode()
    return _tag(field.number, 2) + varint(len(value), random) + value


def _scalar(field: FieldDescriptor, value: Any, random: Random) -> bytes:
    if field.type == F.TYPE_DOUBLE:
        return struct.pack("<d", value)
    if field.type in SIZES:
        return (value % 2 ** (8 * SIZES[field.type])).to_bytes(SIZES[field.type], "little")
    if field.type == F.TYPE_SINT32:
        value = value << 1 if value >= 0 else -2 * value - 1
    return varint(int(value) % 2**64, random)


def _unknown(random: Random) -> bytes:
    number = random.choice([100, 536870911])
    text = random.choice([b"", b"later"])
    group = _tag(number, 3) + _tag(1, 2) + bytes([len(text)]) + text + _tag(number, 4)
    return random.choice(
        [_tag(number, 0) + b"\7", _tag(number, 2) + bytes([len(text)]) + text, _tag(number, 5) + b"1234", group]
    )


def _tag(number: int, wire_type: int) -> bytes:
    return varint(number << 3 | wire_type)


def varint(value: int, random: Random | None = None) -> bytes:
    """`value`, now and then with more bytes than it needs."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    if random is not None and len(out) < 4 and random.random() < 0.05:
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)
