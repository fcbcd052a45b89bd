"""Segments say what the log said, whatever OTLP allows, however it came in requests, flushes and merges."""

from random import Random
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otelier._core import Batch
from otelier.telemetry import Signal

from ..otlp_messages import encode, encodings, requests, tag, varint
from .spans import attributes, batch, request, span
from .stores import Store, stored_as_it_came

EXAMPLES = 150
SIGNALS: st.SearchStrategy[Signal] = st.sampled_from(["traces", "logs"])


def spread(message: Message) -> None:
    """Ids become different, so that no span is the duplicate of another."""
    assert isinstance(message, ExportTraceServiceRequest)
    spans = [span for resource in message.resource_spans for scope in resource.scope_spans for span in scope.spans]
    for number, each in enumerate(spans):
        each.span_id = each.span_id[:4] + (number + 1).to_bytes(4, "big")
        each.trace_id = each.trace_id[:15] + bytes([number // 3 + 1])


@st.composite
def batches(draw: Any, signal: Signal) -> list[Batch]:
    """Requests in one of the encodings that protobuf allows; no span is in them twice."""
    whole: list[Batch] = []
    for number in range(draw(st.integers(1, 3))):
        message = draw(requests(signal))
        if signal == "traces":
            spread(message)
            for resource in message.resource_spans:
                for scope in resource.scope_spans:
                    for each in scope.spans:
                        each.trace_id = each.trace_id[:14] + bytes([number]) + each.trace_id[15:]
        whole.append(Batch.from_otlp(signal, encode(message, Random(draw(st.integers(0, 2**32))))))
    return whole


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS, st.integers(1, 5))
def test_what_comes_out_of_segments_is_what_went_in(data: st.DataObject, signal: Signal, size: int) -> None:
    came = [part for whole in data.draw(batches(signal)) for part in whole.split(size)]
    came = data.draw(st.permutations(came))
    store = Store()
    for at, part in enumerate(came):
        store.append(part)
        if data.draw(st.booleans()) or at + 1 == len(came):
            store.flush()
    whole = Batch.join(came).digest()
    assert store.duplicates == 0
    assert store.stored(signal).digest() == whole
    store.merge(signal)
    assert store.stored(signal).digest() == whole
    assert len(store.paths) == min(1, len(Batch.join(came)))


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_any_encoding_is_stored_or_its_duplicates_counted(data: st.DataObject) -> None:
    _, encoded = data.draw(encodings("traces"))
    came = Batch.from_otlp("traces", encoded)
    store = Store()
    store.append(came)
    store.flush()
    assert len(store.stored()) + store.duplicates == len(came)


ODD: dict[str, list[Span]] = {
    "nothing but ids": [span(1, 1)],
    "a key twice": [span(1, 1, attributes=[*attributes({"a": 1}), *attributes({"a": 2}), *attributes({"a": "x"})])],
    "a key twice with the same text": [span(1, 1, attributes=attributes({"a": "7"}) + attributes({"a": "7"}))],
    "no key": [span(1, 1, attributes=[KeyValue(), *attributes({"": "x"})])],
    "no value": [span(1, 1, attributes=[KeyValue(key="a"), KeyValue(key="b", value=AnyValue())])],
    "bytes, and nothing in them": [span(1, 1, attributes=attributes({"a": b"", "b": b"\0\xff"}))],
    "an array": [span(1, 1, attributes=[KeyValue(key="a", value=AnyValue(array_value=ArrayValue()))])],
    "defaults as values": [span(1, 1, attributes=attributes({"a": "", "b": 0, "c": 0.0, "d": False}))],
    "numbers at their ends": [
        span(1, 1, attributes=attributes({"a": -(2**63), "b": 2**63 - 1, "c": -0.0, "d": 5e-324}))
    ],
    "no numbers": [span(1, 1, attributes=attributes({"a": float("nan"), "b": float("inf"), "c": float("-inf")}))],
    "it ends before it starts": [span(1, 1, start=5, duration=-3)],
    "it starts at the end of time": [span(1, 1, start=2**64 - 1, duration=2)],
    "it is its own parent": [span(1, 1, parent=1)],
    "its parent is elsewhere": [span(1, 1, parent=9), span(1, 2, parent=1)],
    "a circle": [span(1, 1, parent=3), span(1, 2, parent=1), span(1, 3, parent=2), span(1, 4, parent=3)],
    "two share an id, as Zipkin's do": [
        span(1, 1, kind=3),
        span(1, 1, kind=2, start=1),
        span(1, 2, parent=1, start=2),
        span(1, 1, kind=3, start=9),
    ],
    "a kind and a status that nobody knows": [span(1, 1, kind=77, status=Status(code=99))],  # pyright: ignore[reportArgumentType]
    "kinds below zero": [span(1, 1, kind=-(2**31), status=Status(code=-1, message="x"))],  # pyright: ignore[reportArgumentType]
    "an empty status": [span(1, 1, status=Status())],
    "a trace state and flags": [span(1, 1, trace_state="a=1,b=2", flags=2**32 - 1, dropped_links_count=2**32 - 1)],
    "an empty event and link": [
        span(1, 1, events=[Span.Event()], links=[Span.Link(trace_id=b"\1" * 16, span_id=b"\1" * 8)])
    ],
    "ten thousand spans": [span(1, n, parent=n // 2, start=n, duration=5) for n in range(1, 10_009)],
    "a chain": [span(1, n, parent=n - 1, start=10_000 - n) for n in range(1, 5_000)],
    "numbered texts and others": [
        span(n, n, attributes=attributes({"path": f"/orders/{n}", "id": f"s-{n * 99_999_989:08x}", "x": f"{n:03}"}))
        for n in range(1, 300)
    ],
    "numbered texts that begin in ever new ways": [
        span(n, n, attributes=attributes({"path": f"/{n * 7919}/orders/{n}"})) for n in range(1, 300)
    ],
}


@pytest.mark.parametrize("name", ODD)
def test_odd_spans_are_stored_as_they_came(name: str) -> None:
    stored_as_it_came("traces", [batch(*ODD[name])]).merge()


def test_unknown_fields_are_kept_wherever_they_stand() -> None:
    unknown = tag(900, 2) + varint(3) + b"new"
    status = tag(15, 2) + varint(2 + len(unknown)) + tag(3, 0) + b"\2" + unknown
    inner = span(1, 1, attributes=attributes({"a": 1})).SerializeToString() + unknown + status
    scope = tag(2, 2) + varint(len(inner)) + inner + unknown
    resource = tag(2, 2) + varint(len(scope)) + scope + unknown
    came = Batch.from_otlp("traces", tag(1, 2) + varint(len(resource)) + resource)
    store = stored_as_it_came("traces", [came])
    assert store.stored().to_otlp().count(unknown) == 4


def test_spans_without_service_or_resource_are_stored() -> None:
    bare = request(span(1, 1))
    bare.resource_spans[0].ClearField("resource")
    came = [Batch.from_otlp("traces", bare.SerializeToString()), batch(span(1, 2, parent=1), service=None)]
    store = stored_as_it_came("traces", came)
    assert store.summary()["services"] == [""]


def test_log_records_that_say_the_same_are_all_kept() -> None:
    one = ExportLogsServiceRequest()
    record = one.resource_logs.add().scope_logs.add().log_records.add()
    record.body.string_value = "again"
    came = [Batch.from_otlp("logs", one.SerializeToString())] * 3
    assert len(stored_as_it_came("logs", came).stored("logs")) == 3


def test_twenty_thousand_keys_of_one_service_leave_the_others_their_columns() -> None:
    many = [span(n, n, attributes=attributes({f"key-{n}-{k}": n for k in range(10)})) for n in range(1, 2_001)]
    few = [span(n, n, attributes=attributes({"http.route": "/a", "size": n})) for n in range(2_001, 4_001)]
    store = stored_as_it_came("traces", [batch(*many, service="wild"), batch(*few)])
    keys = {key: (of, spans, column) for key, of, spans, column in store.summary()["keys"]}
    assert keys["http.route"] == ("string", 2_000, True)
    assert keys["size"] == ("int", 2_000, True)
    assert not any(column for key, (_, _, column) in keys.items() if key.startswith("key-"))
    assert len(keys) + store.summary()["keys_left_out"] == 20_002
