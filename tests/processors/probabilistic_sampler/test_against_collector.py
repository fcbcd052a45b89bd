"""Whatever stands in spans and log records: what stays, and what is then said about it, is what the Collector does."""

import itertools
from typing import Any

import pytest

from ...conformance.reference_collector import needs_collector, outputs
from .telemetry import random_records, random_spans, said, sampler

MODES = [{}, {"mode": "hash_seed", "hash_seed": 22}, {"mode": "proportional"}, {"mode": "equalizing"}]
PERCENTAGES: list[dict[str, Any]] = [
    {"sampling_percentage": 0},
    {"sampling_percentage": 0.0001},
    {"sampling_percentage": 37.3},
    {"sampling_percentage": 50, "sampling_precision": 2},
    {"sampling_percentage": 99.99, "sampling_precision": 14},
    {"sampling_percentage": 100},
    {"sampling_percentage": 130},
]
CLOSED = [{}, {"fail_closed": False}]


@needs_collector
@pytest.mark.proves("probabilistic_sampler.{sampling_percentage,mode,hash_seed,fail_closed,sampling_precision}")
def test_spans(tmp_path):
    configs = {str(n): a | b | c for n, (a, b, c) in enumerate(itertools.product(MODES, PERCENTAGES, CLOSED))}
    sent = random_spans(1, 2000)
    expected = outputs(
        "traces", {name: ("probabilistic_sampler", each) for name, each in configs.items()}, sent, tmp_path
    )
    for name, config in configs.items():
        kept = sampler("traces", config).process(sent)
        assert said([kept]) == said(expected[name]), config


@needs_collector
@pytest.mark.parametrize("from_attribute", ["", "id"])
@pytest.mark.proves("probabilistic_sampler.{from_attribute,attribute_source,sampling_priority}")
def test_log_records(tmp_path, from_attribute):
    sources: list[dict[str, Any]] = [{}, {"sampling_priority": "prio"}]
    if from_attribute:
        sources.append({"attribute_source": "record"})
    given = {"from_attribute": from_attribute} if from_attribute else {}
    product = itertools.product(MODES, PERCENTAGES[::2], CLOSED, sources)
    configs = {str(n): a | b | c | d | given for n, (a, b, c, d) in enumerate(product)}
    sent = random_records(1, 2000)
    expected = outputs(
        "logs", {name: ("probabilistic_sampler", each) for name, each in configs.items()}, sent, tmp_path
    )
    for name, config in configs.items():
        kept = sampler("logs", config).process(sent)
        assert said([kept]) == said(expected[name]), config
