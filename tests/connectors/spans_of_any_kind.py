"""Requests of spans that collide in what connectors tell them apart by, in any order of their fields."""

from random import Random
from typing import Any

from google.protobuf.message import Message
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from ..core.otlp_messages import records, tag, varint

KEYS = ["http.method", "http.route", "http.status", "peer.service", "db.name", "kind", "x" * 130]
"""Of attributes of spans, events and resources."""

TEXTS = st.sampled_from(["", "1", "true", "1.5", "GET", "/a", "é" * 70])
SCALARS = st.one_of(
    TEXTS.map(lambda text: AnyValue(string_value=text)),
    st.sampled_from([0, 1, -1, 2**63 - 1]).map(lambda number: AnyValue(int_value=number)),
    st.booleans().map(lambda yes: AnyValue(bool_value=yes)),
    st.sampled_from([1.0, 1.5, -0.25]).map(lambda number: AnyValue(double_value=number)),
    st.just(AnyValue()),
)
VALUES = SCALARS | st.lists(SCALARS, max_size=2).map(lambda values: AnyValue(array_value=ArrayValue(values=values)))
VALUES |= SCALARS.map(lambda value: AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=value)])))
SCOPES = st.builds(
    InstrumentationScope, name=st.sampled_from(["", "lib", "other"]), version=st.sampled_from(["", "1.0"])
)
TIMES = st.sampled_from([0, 1, 10**6, 2 * 10**6, 2 * 10**6 + 1, 5 * 10**9, 2**63, 2**64 - 1])
IDS = st.integers(1, 4)
STATES = st.sampled_from(["", "ot=th:8", "a=b,ot=rv:1;th:c", "ot=th:x", "vendor=ot=th:8"])


def attributes(keys: list[str] = KEYS) -> st.SearchStrategy[list[KeyValue]]:
    return st.lists(st.builds(KeyValue, key=st.sampled_from(keys), value=VALUES), max_size=5)


RESOURCES = st.builds(
    lambda service, rest: Resource(attributes=[*service, *rest]),
    st.lists(st.sampled_from(["shop", "cart", ""]).map(lambda name: _named("service.name", name)), max_size=2),
    attributes([*KEYS[:3], "host.name"]),
)
EVENTS = st.builds(Span.Event, name=TEXTS, attributes=attributes())
SPANS = st.builds(
    Span,
    trace_id=IDS.map(lambda n: bytes([n]) * 16),
    span_id=IDS.map(lambda n: bytes([n]) * 8),
    parent_span_id=(IDS | st.just(0)).map(lambda n: bytes([n]) * 8 if n else b""),
    trace_state=STATES,
    name=TEXTS,
    kind=st.integers(0, 5) | st.sampled_from([6, -1]),
    start_time_unix_nano=TIMES,
    end_time_unix_nano=TIMES,
    status=st.builds(Status, code=st.integers(0, 3), message=TEXTS),
    attributes=attributes(),
    events=st.lists(EVENTS, max_size=2),
)
REQUESTS: st.SearchStrategy[ExportTraceServiceRequest] = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=RESOURCES,
            scope_spans=st.lists(st.builds(ScopeSpans, scope=SCOPES, spans=st.lists(SPANS, max_size=4)), max_size=2),
        ),
        max_size=3,
    ),
)


def _named(key: str, text: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=text))


def shuffled(message: Message, random: Random) -> bytes:
    """The message with the fields of every message in an order of its own; repeated ones keep theirs."""
    lanes: dict[int, list[bytes]] = {}
    for number, raw, content in records(message.SerializeToString()):
        field: Any = message.DESCRIPTOR.fields_by_number[number]
        if field.message_type is not None and content is not None:
            inner = field.message_type._concrete_class.FromString(content)
            body = shuffled(inner, random)
            raw = tag(number, 2) + varint(len(body)) + body
        lanes.setdefault(number, []).append(raw)
    written: list[bytes] = []
    while lanes:
        number = random.choice(list(lanes))
        written.append(lanes[number].pop(0))
        if not lanes[number]:
            del lanes[number]
    return b"".join(written)
