"""Random traces through the Go Collector's policies and through ours: the same ones are kept."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otelier.config import decode, load
from otelier.processors.tail_sampling import TailSampling, TailSamplingConfig
from otelier.telemetry import Batch
from otelier.testing import FakeClock, MemoryExporter, component_context, span, traces
from otelier.testing import decode as decoded

from ...conformance.reference_collector import needs_collector, outputs

VERSION = "0.155.0"
START_NS = 1_700_000_000 * 10**9
VALUES: list[Any] = ["/health", "/healthz/x", "x", "", 5, 0, True, False, 1.5, 500, 600, "500", None, ["x"], -3]
STATES = ["", "k=v", "k=w", "a=1,k=v", "k=v ,b=2", "k=", "bad", "k=V"]


def attribute(key: str, **more: Any) -> dict[str, Any]:
    return {"type": "string_attribute", "string_attribute": {"key": key, **more}}


def numeric(**more: Any) -> dict[str, Any]:
    return {"type": "numeric_attribute", "numeric_attribute": {"key": "a", **more}}


def boolean(value: bool, **more: Any) -> dict[str, Any]:
    return {"type": "boolean_attribute", "boolean_attribute": {"key": "a", "value": value, **more}}


HEALTH = attribute("a", values=[r"\/health", "^x$"], enabled_regex_matching=True)
LATENCY = {"type": "latency", "latency": {"threshold_ms": 500}}
FLAGS = {"type": "trace_flags"}
ALL = {"type": "always_sample"}


def negative(policy: dict[str, Any]) -> dict[str, Any]:
    return {"type": "not", "not": {"not_sub_policy": {"name": "part", **policy}}}


def both(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "and", "and": {"and_sub_policy": named(parts)}}


def drop(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "drop", "drop": {"drop_sub_policy": named(parts)}}


def named(policies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": f"p{at}", **policy} for at, policy in enumerate(policies)]


def condition(**more: Any) -> dict[str, Any]:
    return {"type": "ottl_condition", "ottl_condition": {"error_mode": "ignore", **more}}


CASES: dict[str, list[dict[str, Any]]] = {
    "always_sample": [ALL],
    "latency": [LATENCY],
    "latency_zero": [{"type": "latency", "latency": {"threshold_ms": 1}}],
    "status_error": [{"type": "status_code", "status_code": {"status_codes": ["ERROR"]}}],
    "status_two": [{"type": "status_code", "status_code": {"status_codes": ["UNSET", "OK"]}}],
    "string": [attribute("a", values=["x", "500"])],
    "string_empty": [attribute("a", values=[""])],
    "string_inverted": [attribute("a", values=["x", "/health"], invert_match=True)],
    "regex": [HEALTH],
    "regex_empty": [attribute("a", values=["^$"], enabled_regex_matching=True)],
    "regex_inverted": [attribute("a", values=["/health"], enabled_regex_matching=True, invert_match=True)],
    "service": [attribute("service.name", values=["pay"])],
    "numeric": [numeric(min_value=500, max_value=599)],
    "numeric_max": [numeric(max_value=5)],
    "numeric_min": [numeric(min_value=-5)],
    "numeric_inverted": [numeric(min_value=-5, max_value=5, invert_match=True)],
    "true": [boolean(True)],
    "false": [boolean(False)],
    "false_inverted": [boolean(False, invert_match=True)],
    "probabilistic": [{"type": "probabilistic", "probabilistic": {"sampling_percentage": 33.3}}],
    "salted": [{"type": "probabilistic", "probabilistic": {"sampling_percentage": 50, "hash_salt": "x"}}],
    "span_count": [{"type": "span_count", "span_count": {"min_spans": 2, "max_spans": 3}}],
    "span_count_min": [{"type": "span_count", "span_count": {"min_spans": 3}}],
    "trace_state": [{"type": "trace_state", "trace_state": {"key": "k", "values": ["v", "x"]}}],
    "trace_flags": [FLAGS],
    "ottl_span": [condition(span=['attributes["a"] == "x"', "span.kind == SPAN_KIND_CLIENT"])],
    "ottl_event": [condition(spanevent=['name == "exception"'])],
    "and": [both(attribute("service.name", values=["pay"]), negative(HEALTH))],
    "not": [negative(LATENCY)],
    "drop": [ALL, drop(HEALTH)],
    "drop_of_two": [LATENCY, drop(FLAGS, boolean(False)), FLAGS],
    "veto_that_is_none": [attribute("a", values=["x"], invert_match=True), LATENCY],
    "several": [LATENCY, HEALTH, FLAGS],
    "composite_of_plenty": [
        {
            "type": "composite",
            "composite": {
                "max_total_spans_per_second": 100_000,
                "policy_order": ["p1", "p0"],
                "composite_sub_policy": named([LATENCY, FLAGS, ALL]),
                "rate_allocation": [{"policy": "p0", "percent": 50}, {"policy": "p1", "percent": 25}],
            },
        }
    ],
}

SHARES = [{"policy": "p0", "percent": 50}, {"policy": "p1"}]
LIMITS: dict[str, list[dict[str, Any]]] = {
    "rate_limiting": [{"type": "rate_limiting", "rate_limiting": {"spans_per_second": 100}}],
    "burst": [{"type": "rate_limiting", "rate_limiting": {"spans_per_second": 100, "burst_capacity": 500}}],
    "small_burst": [{"type": "rate_limiting", "rate_limiting": {"spans_per_second": 100, "burst_capacity": 50}}],
    "bytes_limiting": [{"type": "bytes_limiting", "bytes_limiting": {"bytes_per_second": 20_000}}],
    "composite": [
        {
            "type": "composite",
            "composite": {
                "max_total_spans_per_second": 200,
                "composite_sub_policy": named([LATENCY, FLAGS, ALL]),
                "rate_allocation": SHARES,
            },
        }
    ],
}
"""Which of the traces are kept depends on the order in which they are decided, but hardly how many spans."""


def random_traces(seed: int, count: int) -> Batch:
    made = random.Random(seed)
    batches: list[Batch] = []
    for number in range(count):
        spans = [random_span(made, number, at) for at in range(made.randint(1, 4))]
        resource = {"service.name": made.choice(["pay", "shop"])}
        if made.random() < 0.3:
            resource["a"] = made.choice(VALUES)
        cut = made.randint(1, len(spans))
        batches.append(traces(*spans[:cut], resource=resource))
        if spans[cut:]:
            batches.append(traces(*spans[cut:]))
    return Batch.from_otlp("traces", Batch.join(batches).to_otlp())


def random_span(made: random.Random, trace: int, number: int) -> Span:
    given = {"a": made.choice(VALUES)} if made.random() < 0.4 else {}
    each = span(
        f"{trace}/{number}",
        trace=trace,
        number=number + 1,
        start_ns=START_NS + made.choice([0, 0, 200, 450]) * 10**6,
        duration_ns=made.choice([10**6, 10**6 - 1, 2 * 10**6, 50 * 10**6, 499_999_999, 500 * 10**6, 501 * 10**6]),
        kind=made.choice(["SERVER", "SERVER", "SERVER", "CLIENT"]),
        status=made.choice(["UNSET", "UNSET", "OK", "ERROR"]),
        attributes=given,
    )
    each.trace_state = made.choice(STATES)
    each.flags = made.choice([0, 0, 0, 1, 256, 257])
    if made.random() < 0.2:
        each.events.add(name=made.choice(["exception", "log"]))
    return each


def kept(batches: Sequence[Batch]) -> list[str]:
    """Names of spans, which begin with the number of their trace."""
    found: list[str] = []
    for batch in batches:
        message = decoded(batch)
        assert isinstance(message, ExportTraceServiceRequest)
        found += [s.name for r in message.resource_spans for scope in r.scope_spans for s in scope.spans]
    return sorted(found)


def ours(config: dict[str, Any], sent: Batch) -> list[str]:
    document = load(["env:CONFIG"], env={"CONFIG": json.dumps(config | {"compat": VERSION})})
    clock = FakeClock()
    context = component_context("tail_sampling", clock=clock, signal="traces", pipeline="traces")
    processor = TailSampling(decode(TailSamplingConfig, document.tree, (), document), context)
    processor.next = exporter = MemoryExporter()
    processor.start()
    processor.consume(sent)
    clock.advance(3)
    processor.stop(clock.monotonic() + 1)
    return kept(exporter.batches)


def compare(cases: dict[str, list[dict[str, Any]]], folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """(case, spans the Collector keeps, spans we keep)."""
    sent = random_traces(1, 1500)
    configs = {name: {"decision_wait": "1s", "policies": named(policies)} for name, policies in cases.items()}
    processors = {name: ("tail_sampling", each) for name, each in configs.items()}
    expected = outputs("traces", processors, sent, folder, wait_s=4)
    for name, config in configs.items():
        yield name, kept(expected[name]), ours(config, sent)


@needs_collector
@pytest.mark.proves(
    "tail_sampling.compat",
    "tail_sampling.policies.boolean_attribute.{key,value,invert_match}",
    "tail_sampling.policies.numeric_attribute.invert_match",
    "tail_sampling.policies.trace_state.{key,values}",
    "tail_sampling.policies.composite.policy_order",
    "tail_sampling.{always_sample,latency,status_code}",
    "tail_sampling.{string_attribute,numeric_attribute,boolean_attribute}",
    "tail_sampling.{probabilistic,span_count,trace_state,trace_flags,ottl_condition,and,not,drop}",
)
def test_the_same_traces_are_kept(tmp_path):
    found = list(compare(CASES, tmp_path))
    assert [name for name, theirs, mine in found if theirs != mine] == []
    assert [name for name, theirs, _ in found if not theirs] == ["string_empty"]


@needs_collector
@pytest.mark.proves(
    "tail_sampling.policies.rate_limiting.{spans_per_second,burst_capacity}",
    "tail_sampling.policies.bytes_limiting.bytes_per_second",
    "tail_sampling.policies.composite.max_total_spans_per_second",
    "tail_sampling.{rate_limiting,bytes_limiting,composite}",
)
def test_limits_let_as_much_pass(tmp_path):
    for name, theirs, mine in compare(LIMITS, tmp_path):
        # While the Collector decides, time goes on: limits are filled up, and a new second may begin.
        assert 0.75 * len(mine) <= len(theirs) <= 2.25 * len(mine), name
