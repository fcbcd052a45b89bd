"""With `record_policy`, the scopes of what is kept say which policy kept it; without, spans go on as they came."""

import pytest

from otelier.component import Retryable
from otelier.testing import SimulatedStorage, decode, span

from .sampler import Sampler

ERRORS = {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
LARGE = {"name": "large", "type": "span_count", "span_count": {"min_spans": 2}}
SHARED = {
    "name": "shared",
    "type": "composite",
    "composite": {
        "max_total_spans_per_second": 100,
        "composite_sub_policy": [LARGE, {"name": "rest", "type": "always_sample"}],
    },
}


def said(sampler: Sampler) -> dict[str, dict[str, object]]:
    """By name of the span, what its scope says."""
    return {
        each.name: {a.key: a.value.string_value or a.value.bool_value for a in scope.scope.attributes}
        for batch in sampler.out.batches
        for resource in decode(batch).resource_spans
        for scope in resource.scope_spans
        for each in scope.spans
    }


@pytest.mark.proves("tail_sampling.record_policy")
def test_scopes_tell_the_first_policy_that_kept_the_trace():
    sampler = Sampler(ERRORS, LARGE, SHARED, record_policy=True)
    sampler.consume(span("failed", trace=1, status="ERROR"), span("2", trace=1, number=2))
    sampler.consume(span("plain", trace=2))
    sampler.consume(span("3", trace=3, number=3), span("4", trace=3, number=4))
    sampler.clock.advance(4)
    assert said(sampler) == {
        "failed": {"tailsampling.policy": "errors"},
        "2": {"tailsampling.policy": "errors"},
        "3": {"tailsampling.policy": "large"},
        "4": {"tailsampling.policy": "large"},
        "plain": {"tailsampling.policy": "shared", "tailsampling.composite_policy": "rest"},
    }
    assert sampler.metric("global_count_traces_sampled", sampled="true") == 3


def test_the_part_of_a_composite_policy_is_that_of_each_trace():
    drop = {"name": "drop", "type": "drop", "drop": {"drop_sub_policy": [ERRORS]}}
    sampler = Sampler(drop, SHARED, record_policy=True)
    sampler.consume(span("1", trace=1, status="ERROR"))
    sampler.consume(span("2", trace=2), span("3", trace=3), span("4", trace=3, number=4))
    sampler.clock.advance(4)
    assert {name: each["tailsampling.composite_policy"] for name, each in said(sampler).items()} == {
        "2": "rest",
        "3": "large",
        "4": "large",
    }


@pytest.mark.parametrize(("cache", "tells"), [(0, {}), (10, {"tailsampling.cached_decision": True})])
def test_late_spans_tell_that_a_cache_remembered(cache, tells):
    sampler = Sampler(
        {"name": "all", "type": "always_sample"}, record_policy=True, decision_cache={"sampled_cache_size": cache}
    )
    sampler.consume(span("first", trace=1))
    sampler.clock.advance(4)
    sampler.consume(span("late", trace=1, number=2))
    assert said(sampler)["late"] == tells


def test_otherwise_scopes_stay_as_they_came():
    sampler = Sampler({"name": "all", "type": "always_sample"}, decision_cache={"sampled_cache_size": 10})
    sampler.consume(span("first", trace=1))
    sampler.clock.advance(4)
    sampler.consume(span("late", trace=1, number=2))
    assert said(sampler) == {"first": {}, "late": {}}


def test_what_was_kept_is_handed_on_once_though_each_policy_s_traces_travel_apart():
    sampler = Sampler(ERRORS, LARGE, {"name": "all", "type": "always_sample"}, record_policy=True)
    for number in range(30):
        status = "ERROR" if number % 3 == 0 else "UNSET"
        sampler.consume(span(f"a{number}", trace=number, number=number, status=status))
        if number % 3 == 1:
            sampler.consume(span(f"b{number}", trace=number, number=100 + number))
    sampler.clock.advance(4)
    assert len(sampler.names) == len(set(sampler.names)) == 40


@pytest.mark.parametrize("taken", [True, False])
def test_a_kill_loses_nothing_though_each_policy_s_traces_are_decided_apart(taken):
    """What is handed on again after a kill has nothing written into it: which policy it was is not kept."""
    storage = SimulatedStorage()
    answers = () if taken else [Retryable("not now")] * 100
    policies = ERRORS, LARGE, {"name": "few", "type": "probabilistic", "probabilistic": {"sampling_percentage": 30}}
    it = Sampler(*policies, storage=storage, answers=answers, record_policy=True)
    kept = set[str]()
    for number in range(30):
        status = "ERROR" if number % 3 == 0 else "UNSET"
        it.consume(
            span(f"a{number}", trace=number, number=number, status=status), span(f"c{number}", trace=100 + number)
        )
        if number % 3 == 1:
            it.consume(span(f"b{number}", trace=number, number=100 + number))
            kept |= {f"b{number}"}
        kept |= {f"a{number}"} if number % 3 < 2 else set()
    it.clock.advance(4)
    first = it.names
    storage.disk.crash(7)
    again = Sampler(*policies, storage=storage, record_policy=True)
    again.clock.advance(4)
    assert sorted({*first, *again.names}) == sorted([*first, *again.names]), "nothing twice"
    assert kept <= {*first, *again.names}
    assert bool(first) is taken
    again.stop()
