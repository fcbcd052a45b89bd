"""samplingz: why a trace was kept or wasn't, what each policy had said, and how often."""

import pytest

from otelier.component import Pages
from otelier.testing import span, trace_id

from .sampler import Sampler

MS = 10**6
SLOW = {"name": "slow", "type": "latency", "latency": {"threshold_ms": 500}}
ERROR = {"name": "error", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
VETO = {"name": "noise", "type": "drop", "drop": {"drop_sub_policy": [
    {"type": "string_attribute", "string_attribute": {"key": "http.target", "values": ["/health"]}}]}}  # fmt: skip


def ask(it: Sampler, **question: str):
    pages: Pages = it.ctx.pages
    return pages.read("samplingz", question)["tail_sampling in traces"]


@pytest.fixture
def it():
    """1 is slow and failed, 2 is plain, 3 is noise."""
    sampler = Sampler(SLOW, ERROR, VETO)
    sampler.consume(span("slow", trace=1, duration_ns=600 * MS, status="ERROR"))
    sampler.consume(span("plain", trace=2), span("noise", trace=3, attributes={"http.target": "/health"}))
    sampler.clock.advance(4)
    yield sampler
    sampler.stop()


def test_a_trace_has_its_decision_with_what_every_policy_said(it):
    told = ask(it, trace_id=trace_id(1).hex())
    assert told["trace_id"] == trace_id(1).hex()
    assert told["late_spans"] == "handed on at once, as the trace was sampled"
    (record,) = told["records"]
    assert record["bytes"] > 0
    assert {**record, "bytes": 0, "time": ""} == {
        "trace_id": trace_id(1).hex(),
        "time": "",
        "decision": "sampled",
        "decided_by": "slow",
        "spans": 1,
        "bytes": 0,
        "duration_ms": 600.0,
        "verdicts": {"noise": "not_sampled", "slow": "sampled", "error": "sampled"},
    }
    (noise,) = ask(it, trace_id=trace_id(3).hex().upper())["records"]
    assert noise["verdicts"] == {"noise": "dropped", "slow": "not_asked", "error": "not_asked"}
    assert ask(it, trace_id=trace_id(3).hex())["late_spans"] == "dropped, as the trace was not sampled"


def test_a_trace_that_is_unknown_or_waits_is_told_as_such(it):
    it.consume(span("waits", trace=4))
    for number in (4, 5):
        told = ask(it, trace_id=trace_id(number).hex())
        assert told["records"].startswith("none: it still waits")
        assert told["late_spans"] == "wait for a decision of their own"


def test_counts_are_by_decision_and_by_policy(it):
    it.consume(span("late", trace=1), span("late", trace=2), span("waits", trace=4))
    told = ask(it)
    assert told["decisions"] == {"sampled": 1, "not_sampled": 1, "dropped": 1}
    assert told["late_spans"] == {"handed_on": 1, "dropped": 1}
    assert (told["waiting_traces"], told["remembered_decisions"], told["records_kept"]) == (1, 3, 3)
    assert told["policies"] == [
        {"policy": "slow", "type": "latency", "sampled": 1, "not_sampled": 1, "dropped": 0, "error": 0},
        {"policy": "error", "type": "status_code", "sampled": 1, "not_sampled": 1, "dropped": 0, "error": 0},
        {"policy": "noise", "type": "drop", "sampled": 0, "not_sampled": 2, "dropped": 1, "error": 0},
    ]


def numbers(told) -> list[int]:
    return [next(n for n in range(1, 9) if trace_id(n).hex() == record["trace_id"]) for record in told["records"]]


def test_records_are_asked_for_by_decision_and_by_the_policy_that_decided(it):
    assert numbers(ask(it)) == [3, 2, 1]
    assert numbers(ask(it, limit="2")) == [3, 2]
    assert numbers(ask(it, decision="not_sampled")) == [2]
    assert numbers(ask(it, policy="slow")) == [1]
    assert numbers(ask(it, policy="error")) == []
    assert numbers(ask(it, policy="nobody")) == []
    assert numbers(ask(it, policy="noise", decision="dropped")) == [3]


@pytest.mark.parametrize("question", [
    {"trace_id": "12"}, {"trace_id": "x" * 32}, {"trace_id": "a " * 16}, {"limit": "0"}, {"limit": "9999"},
    {"limit": "many"},
])  # fmt: skip
def test_questions_that_make_no_sense_are_refused(it, question):
    with pytest.raises(ValueError, match="must be"):
        ask(it, **question)


def test_a_page_goes_with_its_processor():
    sampler = Sampler(SLOW)
    sampler.stop()
    assert sampler.ctx.pages.read("samplingz", {}) == {}
