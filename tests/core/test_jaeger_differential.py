"""Any request in the form of Jaeger's classic API, against the same made slowly in Python."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otelier._core import Batch

from .otlp_messages import RANDOMS, encode, encodings, requests
from .plain_jaeger import traces

KEYS = ["service.name", "span.kind", "ip", "peer.ipv4", "opentracing.ref_type", "k"]
TEXTS = ["client", "server", "child_of", 'a"b\\\n\x00é', ""]


def unpacked(node: Any) -> Any:
    """Nested values are JSON in a string; pairs instead of objects, because a key may come twice."""
    if isinstance(node, list):
        return [unpacked(each) for each in node]
    if isinstance(node, dict):
        made = {name: unpacked(value) for name, value in node.items()}
        if made.keys() == {"key", "type", "value"} and made["type"] == "string" and made["value"][:1] in ("[", "{"):
            try:
                nested = json.loads(made["value"], object_pairs_hook=lambda pairs: [list(pair) for pair in pairs])
            except ValueError:
                return made
            return made | {"type": "nested", "value": nested}
        return made
    return node


def check(encoded: bytes, raw: bool) -> None:
    batch = Batch.from_otlp("traces", encoded)
    made = batch.to_jaeger(raw=raw)
    assert [unpacked(json.loads(written)) for _, written in made] == unpacked(
        traces(json.loads(batch.to_json()), raw=raw)
    )
    ids = batch.trace_ids()
    assert [id_ for id_, _ in made] == list(dict.fromkeys(ids[at : at + 16] for at in range(0, len(ids), 16)))


@settings(max_examples=200, deadline=None)
@given(encodings("traces"), st.booleans())
def test_any_request_is_shown_as_the_slow_way_shows_it(request: tuple[Any, bytes], raw: bool) -> None:
    check(request[1], raw)


@settings(max_examples=300, deadline=None)
@given(requests("traces"), RANDOMS, st.booleans())
def test_so_are_ids_shared_and_keys_that_mean_something(request: Any, random: Any, raw: bool) -> None:
    for span in (span for group in request.resource_spans for scoped in group.scope_spans for span in scoped.spans):
        span.trace_id = bytes(15) + random.choice([b"\1", b"\2"])
        span.span_id = bytes(7) + random.choice([b"\1", b"\2", b"\7"])
        span.parent_span_id = random.choice([b"", bytes(8), bytes(7) + b"\1"])
        span.kind = random.choice([0, 2, 3, 4])
        span.start_time_unix_nano, span.end_time_unix_nano = random.randrange(5000), random.randrange(9000)
        for link in span.links:
            link.trace_id = random.choice([b"\1" * 16, bytes(16)])
        for holder in (span, *span.links, *span.events):
            for attribute in holder.attributes:
                attribute.key = random.choice(KEYS)
                if attribute.value.WhichOneof("value") == "string_value":
                    attribute.value.string_value = random.choice(TEXTS)
    for group in request.resource_spans:
        for attribute in group.resource.attributes:
            attribute.key = random.choice(KEYS)
    if random.random() < 0.5 and request.resource_spans:
        request.resource_spans.append(request.resource_spans[0])
    check(encode(request, random), raw)


def test_what_an_attribute_of_a_link_has_besides_key_and_value_means_nothing() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"\1" * 16, span_id=b"\1" * 8)
    attribute = span.links.add(trace_id=b"\1" * 16, span_id=b"\2" * 8).attributes.add(key="opentracing.ref_type")
    attribute.value.string_value = "child_of"
    attribute.key_strindex = 3
    check(request.SerializeToString(), raw=True)
