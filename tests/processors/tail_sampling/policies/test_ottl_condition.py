"""Conditions in OTTL about the spans of a trace."""

from dataclasses import replace

import numpy as np
import pytest

from otelier.component import Meter
from otelier.processors.tail_sampling.policies.ottl_condition import OttlCondition, OttlConditionConfig
from otelier.processors.tail_sampling.verdict import Verdict
from otelier.telemetry import Batch
from otelier.testing import component_context, span, traces

from ..due import Due, rows

SLOW = "(span.end_time_unix_nano - span.start_time_unix_nano) > 1000000000"
BROKEN = '(span.attributes["n"] + 1) > 0'


def with_event(name: str) -> Batch:
    each = span("with event")
    each.events.add(name=name)
    return traces(each)


TRACES = [
    traces(span("fast"), span("slow", duration_ns=2 * 10**9, number=2)),
    traces(span("fast")),
    with_event("exception"),
    traces(span("number", attributes={"n": 1})),
]


def verdicts(cfg: OttlConditionConfig, meter: Meter | None = None) -> list[int]:
    policy = OttlCondition("o", cfg, component_context(meter=meter))
    found = np.array([[any(each.mask(batch)) for batch in TRACES] for each in policy.matchers()], np.bool_)
    due = replace(rows([Due(number=n) for n in range(len(TRACES))]), batch=TRACES.__getitem__, matches=found)
    return policy.evaluate(due, 0, 0.0).tolist()


@pytest.mark.proves("tail_sampling.ottl_condition")
def test_any_span_or_event_is_enough():
    cfg = OttlConditionConfig(span=(SLOW, 'span.name == "number"'), spanevent=('spanevent.name == "exception"',))
    assert verdicts(cfg) == [Verdict.SAMPLED, Verdict.NOT_SAMPLED, Verdict.SAMPLED, Verdict.SAMPLED]


@pytest.mark.parametrize(("mode", "otherwise"), [("propagate", Verdict.ERROR), ("ignore", Verdict.NOT_SAMPLED)])
def test_a_condition_that_fails_is_an_error_or_passed_over(mode, otherwise):
    assert verdicts(OttlConditionConfig(span=(BROKEN,), error_mode=mode)) == [
        otherwise,
        otherwise,
        otherwise,
        Verdict.SAMPLED,
    ]


def test_what_is_passed_over_is_counted():
    meter = Meter()
    verdicts(OttlConditionConfig(span=(BROKEN,), error_mode="silent"), meter)
    counter = meter.counter("otelcol_processor_tail_sampling_condition_errors", "{errors}", "")
    assert counter.value(component="test", statement=BROKEN) == 4
