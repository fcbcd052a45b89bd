"""Batches from a few words hold what was said, and nothing else."""

import pytest

from otelier.telemetry import SIGNALS
from otelier.testing import (
    MemoryExporter,
    counter,
    decode,
    gauge,
    items,
    log_record,
    logs,
    metrics,
    span,
    trace_id,
    traces,
)


def test_a_batch_decodes_to_what_was_described():
    batch = traces(
        span("GET /cart", attributes={"http.route": "/cart", "n": 3, "ok": True, "ids": [1, 2], "in": {"a": 1.5}}),
        span("query", number=2, parent=1, kind="CLIENT", status="ERROR"),
        resource={"service.name": "cart"},
    )
    (resource,) = decode(batch).resource_spans
    first, second = resource.scope_spans[0].spans
    assert resource.resource.attributes[0].value.string_value == "cart"
    assert [a.key for a in first.attributes] == ["http.route", "n", "ok", "ids", "in"]
    assert first.trace_id == second.trace_id == trace_id(1)
    assert second.parent_span_id == first.span_id


def test_items_are_counted_per_data_point():
    assert metrics(gauge("a", 1, 2), counter("b", 3)).items == 3
    assert logs(log_record("x"), log_record({"k": None}, trace=1)).items == 2


@pytest.mark.parametrize("signal", SIGNALS)
def test_any_number_of_distinct_items(signal):
    batch = items(signal, 7)
    assert (batch.signal, batch.items) == (signal, 7)
    assert batch.digest() != items(signal, 7, first=7).digest()


def test_the_memory_exporter_remembers_what_it_accepted_and_refuses_as_told():
    memory = MemoryExporter()
    memory.fail_with(RuntimeError("no"))
    with pytest.raises(RuntimeError):
        memory.consume(items("logs", 2))
    memory.consume(items("logs", 3))
    memory.until_items(3)
    assert memory.items == 3
    assert memory.digest == items("logs", 3).digest() % 2**64
