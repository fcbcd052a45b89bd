"""Any spans, however they are encoded, make the metrics that a second implementation makes of them."""

from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from otelier._core import SpanMetrics
from otelier.telemetry import Batch
from otelier.testing import decode

from ..spans_of_any_kind import REQUESTS, shuffled
from .oracle import Oracle, read
from .running import config

EXPLICIT = "histogram: {explicit: {buckets: [1ms, 2ms, 1s]}}"
DIMENSIONS = "dimensions: [{name: http.method}, {name: http.route, default: /d}, {name: http.status}]"
EVENTS = "events: {enabled: true, dimensions: [{name: kind}, {name: peer.service, default: none}]}"
DELTA = "aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA"
CONFIGURATIONS = {
    "plain": f"{{{EXPLICIT}}}",
    "dimensions and exemplars": f"{{{EXPLICIT}, {DIMENSIONS}, exemplars: {{enabled: true, max_per_data_point: 2}}}}",
    "dimensions of one metric": (
        "{histogram: {unit: s, dimensions: [{name: kind}], explicit: {buckets: [1ms]}},"
        f" {DIMENSIONS}, calls_dimensions: [{{name: db.name}}]}}"
    ),
    "events": f"{{{EXPLICIT}, {DIMENSIONS}, {EVENTS}, exemplars: {{enabled: true}}}}",
    "exponential": f"{{histogram: {{exponential: {{max_size: 8}}}}, {DIMENSIONS}}}",
    "scope, sampling, keys, left out": (
        f"{{{EXPLICIT}, include_instrumentation_scope: [lib], enable_metrics_sampling_method: true,"
        " resource_metrics_key_attributes: [service.name], exclude_dimensions: [span.name, status.code]}"
    ),
    "limit": f"{{{EXPLICIT}, {DIMENSIONS}, {EVENTS}, aggregation_cardinality_limit: 2, exemplars: {{enabled: true}}}}",
    "delta": f"{{{EXPLICIT}, {DIMENSIONS}, {EVENTS}, {DELTA}, exemplars: {{enabled: true, max_per_data_point: 1}}}}",
    "no durations": "{histogram: {disable: true}}",
}


def batch(request: Any, random: Random) -> Batch:
    return Batch.from_otlp("traces", shuffled(request, random))


@pytest.mark.parametrize("name", CONFIGURATIONS)
@settings(max_examples=60, phases=[Phase.generate])
@given(intervals=st.lists(st.lists(REQUESTS, max_size=3), min_size=1, max_size=3), seed=st.integers(0, 2**32))
def test_metrics_are_those_of_the_second_implementation(name, intervals, seed):
    cfg = config(CONFIGURATIONS[name])
    oracle, core, random = Oracle(cfg, "me"), SpanMetrics(cfg.options("me")), Random(seed)
    for now, requests in enumerate(intervals, 1):
        for request in requests:
            oracle.consume(request, now * 1000)
            core.consume(batch(request, random), now * 1000)
        if random.random() < 0.3:
            state, core = core.snapshot(), SpanMetrics(cfg.options("me"))
            assert core.restore(state)
            for resource in oracle.resources.values():
                for table in resource.metrics.values():
                    for series in table.values():
                        series.exemplars = []
        flushed = core.flush(now * 1000 + 500)
        assert read(decode(flushed)) == oracle.flush()
        assert flushed.items == len(read(decode(flushed)))
        if cfg.delta and random.random() < 0.7:
            core.confirm(True)
            oracle.next_interval(now * 1000 + 500)
        elif cfg.delta:
            core.confirm(False)
            break


@settings(max_examples=100)
@given(requests=st.lists(REQUESTS, max_size=4), taken=st.integers(0, 4), seed=st.integers(0, 2**32))
def test_delta_points_that_did_not_arrive_come_with_the_next_ones(requests, taken, seed):
    """Whatever was flushed in vain between: the next flush is what one flush of all would have been."""
    cfg = config(CONFIGURATIONS["delta"])
    random = Random(seed)
    refused, whole = SpanMetrics(cfg.options("me")), SpanMetrics(cfg.options("me"))
    for at, request in enumerate(requests):
        one = batch(request, random)
        refused.consume(one, 1000 + at)
        whole.consume(one, 1000 + at)
        if at < taken:
            refused.flush(2000 + at)
            refused.confirm(False)
    assert read(decode(refused.flush(9000))) == read(decode(whole.flush(9000)))


@given(st.binary(max_size=200), st.lists(REQUESTS, max_size=2))
def test_a_damaged_state_is_told_and_leaves_nothing(noise, requests):
    cfg = config(CONFIGURATIONS["events"])
    core = SpanMetrics(cfg.options("me"))
    for request in requests:
        core.consume(batch(request, Random(1)), 1)
    state = core.snapshot()
    other = SpanMetrics(cfg.options("me"))
    assert not other.restore(state[: len(state) // 2] + noise[:1] * (len(state) // 2 == len(state)))
    assert not other.restore(noise) or noise == state
    assert other.stats()["series"] == 0
