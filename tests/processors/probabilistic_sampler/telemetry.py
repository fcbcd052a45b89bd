"""Spans and log records with all that a sampler may find in them."""

import json
import random
from collections.abc import Sequence
from typing import Any

from otelier.component import Meter
from otelier.config import decode, load
from otelier.processors.probabilistic_sampler import ProbabilisticSampler, ProbabilisticSamplerConfig
from otelier.telemetry import Batch, Signal
from otelier.testing import component_context, log_record, logs, span, traces
from otelier.testing import decode as decoded

Said = list[tuple[str, Any]]

TRACE_STATES = [
    *("", "", "", "foo=bar", "ot=th:c", "ot=th:8", "ot=th:0", "ot=rv:9b8233f7e3a151", "ot=th:8;rv:9b8233f7e3a151"),
    *("foo=bar,ot=th:4;xx:yy", " foo=1 , ot=th:0 ,bar=2", "ot=p:8;r:62", "ot=th:C", "ot=rv:9B8233F7E3A151", "ot=a:"),
    *("ot=th:zz", "bad", "ot=", "foo=", "ot=rv:123", "a=b=c", "A=b", "ot=th:0,ot=th:8", "a@b=c d", "ot=th:0;th:f", ","),
    *("ot=th:fffff", "ot=th:7fffff;rv:80000000000000", "a@bbbbbbbbbbbbbbb=1", "ot=th:12345678901234", "ot=th:0;A:b"),
]
PRIORITIES = [*[None] * 12, 0, 1, -1, 0.0, 0.5, "0", "1", "1e-3", "abc", "", True, False]
PERCENTAGES = [*[None] * 8, 0, 1, 50, 100, 150, 0.3, "50", -5, True]
IDS = [
    "x1",
    "",
    7,
    True,
    False,
    1.5,
    1e21,
    1e-7,
    1e-6,
    0.0,
    b"\x01\x02",
    b"",
    None,
    "é" * 20,
    123456789.5,
    1e20,
    -2.5e-9,
]
STATES: list[dict[str, Any]] = [
    *[{}] * 8,
    {"sampling.randomness": "9b8233f7e3a151"},
    {"sampling.threshold": "8"},
    {"sampling.threshold": "4", "sampling.randomness": "9b8233f7e3a151"},
    {"sampling.threshold": "zz"},
    {"sampling.threshold": 8},
    {"sampling.randomness": "1"},
    {"sampling.threshold": ""},
    {"sampling.threshold": "f"},
]


def random_spans(seed: int, count: int) -> Batch:
    """Named after their numbers."""
    made = random.Random(seed)
    spans = []
    for number in range(count):
        priority = made.choice(PRIORITIES)
        given = {} if priority is None else {"sampling.priority": priority}
        each = span(str(number), trace=seed * 10**6 + number, number=number + 1, attributes={"a": 1, **given})
        each.trace_state = made.choice(TRACE_STATES)
        spans.append(each)
    return traces(*spans)


def random_records(seed: int, count: int) -> Batch:
    made = random.Random(seed)
    records = []
    for number in range(count):
        given: dict[str, Any] = {"id": made.choice(IDS)} if made.random() < 0.8 else {}
        given |= made.choice(STATES)
        percentage = made.choice(PERCENTAGES)
        given |= {} if percentage is None else {"prio": percentage}
        trace = seed * 10**6 + number if made.random() < 0.7 else None
        records.append(log_record(str(number), trace=trace, attributes=given))
    return logs(*records)


def said(batches: Sequence[Batch]) -> Said:
    """(number, what is said about its sampling) of each item, by number."""
    found: Said = []
    for batch in batches:
        message: Any = decoded(batch)
        if batch.signal == "traces":
            found += [
                (int(each.name), each.trace_state)
                for resource in message.resource_spans
                for scope in resource.scope_spans
                for each in scope.spans
            ]
        else:
            found += [
                (int(each.body.string_value), sorted(str(attribute) for attribute in each.attributes))
                for resource in message.resource_logs
                for scope in resource.scope_logs
                for each in scope.log_records
            ]
    return sorted(found)


def sampler(signal: Signal, config: dict[str, Any], meter: Meter | None = None) -> ProbabilisticSampler:
    document = load(["env:CONFIG"], env={"CONFIG": json.dumps(config)})
    return ProbabilisticSampler(
        decode(ProbabilisticSamplerConfig, document.tree, (), document),
        component_context("probabilistic_sampler", signal=signal, meter=meter),
    )
