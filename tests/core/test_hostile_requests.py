"""Requests made to cost more than they weigh."""

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otelier._core import Batch

from .otlp_messages import REQUESTS


def spans_under_a_long_header(header_bytes: int, spans: int) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="long").value.string_value = "x" * header_bytes
    scope = resource.scope_spans.add()
    for number in range(1, spans + 1):
        scope.spans.add(trace_id=number.to_bytes(16), span_id=number.to_bytes(8))
    return request


@pytest.mark.parametrize("max_bytes", [1, 1_000, 19_000, 21_000, 40_000])
def test_a_header_larger_than_a_part_is_not_repeated_for_every_item(max_bytes: int) -> None:
    batch = Batch.from_otlp("traces", spans_under_a_long_header(20_000, 3_000).SerializeToString())
    parts = batch.split_bytes(max_bytes)
    assert sum(part.size_bytes for part in parts) < 3 * batch.size_bytes
    assert max(part.size_bytes for part in parts) <= max(max_bytes, 2 * 20_100)
    assert Batch.join(parts).digest() == batch.digest()


@pytest.mark.parametrize("signal", sorted(REQUESTS))
def test_a_million_empty_groups_are_too_many(signal: str) -> None:
    with pytest.raises(ValueError, match="more than 200000 items"):
        Batch.from_otlp(signal, b"\x0a\x00" * 1_000_000)
