"""What known configurations keep of known traces, as observed at a Collector."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from otelier.config import decode, load
from otelier.processors.tail_sampling import TailSampling, TailSamplingConfig
from otelier.processors.tail_sampling.policies.probabilistic import fnv1a, threshold_of
from otelier.telemetry import Batch
from otelier.testing import FakeClock, MemoryExporter, component_context, span, trace_id, traces
from otelier.testing import decode as decoded

START_NS = 1_700_000_000 * 10**9
MS = 10**6
FIVE_PERCENT = {"name": "5percent", "type": "probabilistic", "probabilistic": {"sampling_percentage": 5}}


def kept(policies: Sequence[dict[str, Any]], *sent: Batch) -> set[str]:
    """Names of the spans that are handed on."""
    config = {"decision_wait": "2s", "policies": policies}
    document = load(["env:CONFIG"], env={"CONFIG": json.dumps(config)})
    clock = FakeClock()
    context = component_context("tail_sampling", clock=clock, signal="traces", pipeline="traces")
    processor = TailSampling(decode(TailSamplingConfig, document.tree, (), document), context)
    processor.next = exporter = MemoryExporter()
    processor.start()
    for batch in sent:
        processor.consume(batch)
    clock.advance(1)
    assert exporter.batches == []
    clock.advance(3)
    processor.stop(clock.monotonic() + 1)
    messages: list[Any] = [decoded(batch) for batch in exporter.batches]
    return {s.name for m in messages for r in m.resource_spans for scope in r.scope_spans for s in scope.spans}


def hashed_below(percentage: float, number: int) -> bool:
    return fnv1a(b"default-hash-seed" + trace_id(number)) <= threshold_of(percentage / 100)


@pytest.mark.proves(
    "tail_sampling.latency",
    "tail_sampling.status_code",
    "tail_sampling.probabilistic",
    "collector.case_1",
    "tail_sampling.policies.latency.threshold_ms",
    "tail_sampling.policies.status_code.status_codes",
)
def test_latency_error_and_five_percent():
    missed = [number for number in range(200) if not hashed_below(5, number)]
    hit = next(number for number in range(200) if hashed_below(5, number))
    policies = [
        {"name": "500ms", "type": "latency", "latency": {"threshold_ms": 500}},
        {"name": "error", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
        FIVE_PERCENT,
    ]
    found = kept(
        policies,
        traces(
            span("slow", trace=missed[0], duration_ns=600 * MS),
            span("err", trace=missed[1], duration_ns=10 * MS, status="ERROR"),
            span("plain", trace=missed[2], duration_ns=MS),
            span("p501", trace=missed[3], duration_ns=501 * MS),
            span("g1", trace=missed[4], duration_ns=100 * MS),
            span("lucky", trace=hit, duration_ns=MS),
        ),
        traces(span("g2", trace=missed[4], number=2, start_ns=START_NS + 700 * MS, duration_ns=100 * MS)),
    )
    assert found == {"slow", "err", "p501", "g1", "g2", "lucky"}


@pytest.mark.proves("collector.case_3", "tail_sampling.policies.probabilistic.{sampling_percentage,hash_salt}")
def test_five_percent_of_two_thousand():
    sent = traces(*(span(str(number), trace=number) for number in range(10_000, 12_000)))
    found = kept([FIVE_PERCENT], sent)
    assert len(found) == 108
    assert found == {str(number) for number in range(10_000, 12_000) if hashed_below(5, number)}
    salted = {**FIVE_PERCENT, "probabilistic": {"sampling_percentage": 5, "hash_salt": "x"}}
    limit = threshold_of(0.05)
    assert kept([salted], sent) == {
        str(number) for number in range(10_000, 12_000) if fnv1a(b"x" + trace_id(number)) <= limit
    }


@pytest.mark.proves(
    "tail_sampling.string_attribute",
    "collector.case_4",
    "tail_sampling.policies.string_attribute.{key,values,enabled_regex_matching,invert_match}",
)
def test_noisy_addresses_are_dropped():
    noise = {
        "name": "drop_noisy_url",
        "type": "string_attribute",
        "string_attribute": {
            "key": "http.target",
            "values": [r"\/metrics", r"\/actuator*", r"opentelemetry\.proto", r"\/health"],
            "enabled_regex_matching": True,
            "invert_match": True,
        },
    }
    noisy = ["/metrics", "/api/healthcheck", "/actuato", "/actuatorrr/x", "/opentelemetry.proto.collector"]
    quiet: list[Any] = ["/orders", 5]
    of_target = [
        span(str(target), trace=number, attributes={"http.target": target})
        for number, target in enumerate([*noisy, *quiet])
    ]
    found = kept(
        [noise],
        traces(
            *of_target,
            span("none", trace=20),
            span("parent", trace=21),
            span("child", trace=21, number=2, attributes={"http.target": "/health"}),
        ),
        traces(span("resource", trace=22), resource={"http.target": "/health"}),
    )
    assert found == {"/orders", "5", "none"}


@pytest.mark.proves(
    "tail_sampling.and",
    "tail_sampling.not",
    "tail_sampling.span_count",
    "tail_sampling.numeric_attribute",
    "collector.case_7",
    "tail_sampling.policies.{and.and_sub_policy,not.not_sub_policy}",
    "tail_sampling.policies.span_count.{min_spans,max_spans}",
    "tail_sampling.policies.numeric_attribute.{key,min_value,max_value}",
)
def test_and_not_span_count_and_kinds_of_numbers():
    health = {
        "name": "health",
        "type": "string_attribute",
        "string_attribute": {"key": "http.route", "values": ["/health"]},
    }
    pay = {"name": "pay", "type": "string_attribute", "string_attribute": {"key": "service.name", "values": ["pay"]}}
    policies = [
        {
            "name": "pay but not health",
            "type": "and",
            "and": {"and_sub_policy": [pay, {"name": "not health", "type": "not", "not": {"not_sub_policy": health}}]},
        },
        {"name": "3 or 4 spans", "type": "span_count", "span_count": {"min_spans": 3, "max_spans": 4}},
        {
            "name": "5xx",
            "type": "numeric_attribute",
            "numeric_attribute": {"key": "http.status_code", "min_value": 500, "max_value": 599},
        },
    ]
    codes: list[Any] = [500, 600, "500", 500.0]
    found = kept(
        policies,
        traces(span("pay", trace=1), resource={"service.name": "pay"}),
        traces(span("pay health", trace=2, attributes={"http.route": "/health"}), resource={"service.name": "pay"}),
        traces(
            *(span("three", trace=3, number=n) for n in range(3)), *(span("five", trace=4, number=n) for n in range(5))
        ),
        traces(
            *(
                span(f"code {number}", trace=10 + number, attributes={"http.status_code": code})
                for number, code in enumerate(codes)
            )
        ),
    )
    assert found == {"pay", "three", "code 0"}
