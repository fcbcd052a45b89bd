"""Random spans through the Go Collector's groupbytrace and ours: the same traces, whole, with the same headers."""

import random
from collections import Counter

import pytest

from otelier.component import Duration
from otelier.processors.groupbytrace import GroupByTrace, GroupByTraceConfig
from otelier.telemetry import Batch
from otelier.testing import FakeClock, MemoryExporter, component_context, decode, span, traces

from ..conformance.reference_collector import needs_collector, outputs


def random_spans(seed: int, count: int) -> Batch:
    made = random.Random(seed)
    batches = []
    for first in range(0, count, 7):
        spans = [span(str(number), trace=made.randint(1, 100), number=number) for number in range(first, first + 7)]
        batches.append(traces(*spans, resource={"service.name": made.choice(["a", "b", "c"])}))
    return Batch.from_otlp("traces", Batch.join(batches).to_otlp())


def ours(sent: Batch) -> MemoryExporter:
    clock = FakeClock()
    context = component_context("groupbytrace", clock=clock, pipeline="traces")
    processor = GroupByTrace(GroupByTraceConfig(wait_duration=Duration(1)), context)
    processor.next = exporter = MemoryExporter()
    processor.start()
    processor.consume(sent)
    clock.advance(2)
    processor.stop(clock.monotonic() + 1)
    return exporter


def pieces(batches: list[Batch]) -> Counter[tuple[str, tuple[str, ...]]]:
    """How often spans of these names, of one trace, stand together under a service."""
    found = Counter()
    for batch in batches:
        for resource in decode(batch).resource_spans:
            (service,) = [each.value.string_value for each in resource.resource.attributes]
            by_trace: dict[bytes, list[str]] = {}
            for scope in resource.scope_spans:
                for each in scope.spans:
                    by_trace.setdefault(each.trace_id, []).append(each.name)
            found.update((service, tuple(names)) for names in by_trace.values())
    return found


@needs_collector
@pytest.mark.proves("groupbytrace")
def test_traces_come_out_whole_and_with_their_headers(tmp_path):
    sent = random_spans(1, 700)
    theirs = outputs("traces", {"it": ("groupbytrace", {"wait_duration": "1s"})}, sent, tmp_path, wait_s=3)["it"]
    mine = ours(sent)
    assert mine.digest == sum(batch.digest() for batch in theirs) % 2**64 == sent.digest()
    assert pieces(mine.batches) == pieces(theirs)
    assert len(theirs) == len({batch.trace_ids()[:16] for batch in theirs})
