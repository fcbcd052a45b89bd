"""Any OTLP request, and any encoding of it that protobuf allows: strategies for the core's differential tests."""

import struct
from collections.abc import Callable, Iterator
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
            return overruled + [tag(field.number, 2) + varint(len(half), random) + half for half in halves]
        return [*overruled, record(field, value, random)]
    if field.type not in VARINTS and field.type not in SIZES:
        return [record(field, element, random) for element in value]
    parts: list[bytes] = []
    rest = list(value)
    while rest:
        count = random.randint(1, len(rest))
        packed, rest = rest[:count], rest[count:]
        if random.random() < 0.5:
            content = b"".join(_scalar(field, element, random) for element in packed)
            parts.append(tag(field.number, 2) + varint(len(content), random) + content)
        else:
            parts += [record(field, element, random) for element in packed]
    return parts


def _overruled(field: FieldDescriptor, random: Random) -> bytes:
    """A record that the field's real one, coming later, undoes."""
    others = [f for f in field.containing_oneof.fields if f is not field] if field.containing_oneof else []
    rival = random.choice(others) if others and random.random() < 0.5 else field
    if rival.message_type is not None:
        return tag(rival.number, 2) + b"\0"
    return record(
        rival, {F.TYPE_STRING: "overruled", F.TYPE_BYTES: b"overruled", F.TYPE_DOUBLE: 1.5}.get(rival.type, 1), random
    )


def record(field: FieldDescriptor, value: Any, random: Random) -> bytes:
    if field.type in VARINTS or field.type in SIZES:
        wire_type = {4: 5, 8: 1}.get(SIZES.get(field.type, 0), 0)
        return tag(field.number, wire_type) + _scalar(field, value, random)
    if field.message_type is not None:
        value = encode(value, random)
    elif isinstance(value, str):
        value = value.encode()
    return tag(field.number, 2) + varint(len(value), random) + value


def _scalar(field: FieldDescriptor, value: Any, random: Random) -> bytes:
    if field.type == F.TYPE_DOUBLE:
        return struct.pack("<d", value)
    if field.type in SIZES:
        return (value % 2 ** (8 * SIZES[field.type])).to_bytes(SIZES[field.type], "little")
    if field.type == F.TYPE_SINT32:
        value = value << 1 if value >= 0 else -2 * value - 1
    return varint(int(value) % 2**64, random)


def damage(descriptor: Descriptor, encoded: bytes, random: Random, share: float) -> tuple[bytes, bytes, int]:
    """Replaces a share of the strings by bytes that are no UTF-8.

    Returns the encoding so spoilt, what it should become when every maximal invalid run turns into one U+FFFD, and
    how many strings are spoilt.
    """
    bad, good, count = bytearray(), bytearray(), 0
    for number, raw, value in records(encoded):
        field = descriptor.fields_by_number.get(number)
        if value is None or field is None or (field.type != F.TYPE_STRING and field.message_type is None):
            bad, good = bad + raw, good + raw
            continue
        spoilt = repaired = value
        if field.message_type is not None:
            spoilt, repaired, more = damage(field.message_type, value, random, share)
            count += more
        elif random.random() < share:
            spoilt = b"".join(random.choice(SHARDS) for _ in range(random.randint(1, 6)))
            repaired = spoilt.decode(errors="replace").encode()
            count += spoilt != repaired
        bad += tag(number, 2) + varint(len(spoilt)) + spoilt
        good += tag(number, 2) + varint(len(repaired)) + repaired
    return bytes(bad), bytes(good), count


SHARDS = [
    b"plain",
    b"",
    "é한😀".encode(),
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    b"\xc0\xaf",
    b"\xf4\x90\x80\x80",
]
"""Good and bad pieces of text."""


def records(encoded: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Number, all bytes and, of a length-delimited field, the content. Raises ValueError for broken framing."""
    at = 0
    while at < len(encoded):
        start = at
        tag, at = _read_varint(encoded, at, 5)
        at, content = _read_value(encoded, at, tag)
        if not 8 <= tag < 2**32:
            raise ValueError("bad tag")
        yield tag >> 3, encoded[start:at], content


def _read_value(encoded: bytes, at: int, tag: int) -> tuple[int, bytes | None]:
    """Where the value ends, and its content if it has a length."""
    content = None
    match tag & 7:
        case 0:
            _, at = _read_varint(encoded, at, 10)
        case 1:
            at += 8
        case 2:
            length, at = _read_varint(encoded, at, 5)
            at += length
            content = encoded[at - length : at]
        case 3:
            while True:
                inner, at = _read_varint(encoded, at, 5)
                if inner == tag + 1:
                    break
                at, _ = _read_value(encoded, at, inner)
        case 5:
            at += 4
        case _:
            raise ValueError("bad wire type")
    if at > len(encoded):
        raise ValueError("truncated")
    return at, content


def _read_varint(encoded: bytes, at: int, most: int) -> tuple[int, int]:
    value = 0
    for place in range(most):
        if at + place >= len(encoded):
            raise ValueError("truncated")
        byte = encoded[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value % 2**64, at + place + 1
    raise ValueError("overlong")


def _unknown(random: Random) -> bytes:
    number = random.choice([100, 536870911])
    text = random.choice([b"", b"later"])
    group = tag(number, 3) + tag(1, 2) + bytes([len(text)]) + text + tag(number, 4)
    return random.choice(
        [tag(number, 0) + b"\7", tag(number, 2) + bytes([len(text)]) + text, tag(number, 5) + b"1234", group]
    )


def tag(number: int, wire_type: int) -> bytes:
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


HELD = {
    "ExportTraceServiceRequest": ["resource_spans"],
    "ResourceSpans": ["scope_spans"],
    "ScopeSpans": ["spans"],
    "ExportMetricsServiceRequest": ["resource_metrics"],
    "ResourceMetrics": ["scope_metrics"],
    "ScopeMetrics": ["metrics"],
    "Metric": ["gauge", "sum", "histogram", "exponential_histogram", "summary"],
    "Gauge": ["data_points"],
    "Sum": ["data_points"],
    "Histogram": ["data_points"],
    "ExponentialHistogram": ["data_points"],
    "Summary": ["data_points"],
    "ExportLogsServiceRequest": ["resource_logs"],
    "ResourceLogs": ["scope_logs"],
    "ScopeLogs": ["log_records"],
}
"""The fields by which groups hold other groups and items."""


def held(group: Message) -> list[Message]:
    """What a group holds, in order."""
    found: list[Message] = []
    for name in HELD[group.DESCRIPTOR.name]:
        if group.DESCRIPTOR.fields_by_name[name].is_repeated:
            found += getattr(group, name)
        elif group.HasField(name):
            found.append(getattr(group, name))
    return found


def leaves(group: Message, around: tuple[Message, ...] = ()) -> Iterator[tuple[tuple[Message, ...], Message | None]]:
    """Every item with the headers around it, outermost first; a group that holds nothing comes with None.

    A header is the group without what it holds. What stands in the request itself belongs to no item.
    """
    header = type(group)()
    header.CopyFrom(group)
    for name in HELD[group.DESCRIPTOR.name]:
        header.ClearField(name)
    headers = around if group.DESCRIPTOR.name.startswith("Export") else (*around, header)
    inside = held(group)
    if not inside and headers:
        yield headers, None
    for one in inside:
        if one.DESCRIPTOR.name in HELD:
            yield from leaves(one, headers)
        else:
            yield headers, one


def exact(message: Message) -> tuple[str, bytes]:
    """Equal for equal messages, NaN or not."""
    return message.DESCRIPTOR.full_name, message.SerializeToString(deterministic=True)


def items(request: Message) -> list[Any]:
    """One value per item, equal for equal items under equal headers, in order."""
    return [([exact(h) for h in headers], exact(item)) for headers, item in leaves(request) if item is not None]


def empty_groups(request: Message) -> list[Any]:
    """One value per group that holds nothing, in order."""
    return [[exact(h) for h in headers] for headers, item in leaves(request) if item is None]
