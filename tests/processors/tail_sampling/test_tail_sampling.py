"""`tail_sampling`: what is kept, when it leaves, what becomes of late spans, of what doesn't fit, of what is left.

The numbered cases are those that were observed on a Collector; the others are about what is ours.
"""

import hashlib

import pytest

from otelier.component import CustodyKind, Permanent, Refused, Retryable
from otelier.processors.tail_sampling.verdict import Verdict
from otelier.testing import span, trace_id

from .sampler import Sampler, config

MS = 10**6
SLOW = {"name": "500ms", "type": "latency", "latency": {"threshold_ms": 500}}
ERROR = {"name": "error", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
PERCENT = {"name": "5percent", "type": "probabilistic", "probabilistic": {"sampling_percentage": 5}}
ALL = {"name": "all", "type": "always_sample"}


def fnv(number: int, salt: str = "default-hash-seed") -> int:
    """FNV-1a, 64 bits."""
    hashed = 0xCBF29CE484222325
    for byte in salt.encode() + trace_id(number):
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    return hashed


def inside(numbers, percent: float, salt: str = "default-hash-seed") -> list[int]:
    return [number for number in numbers if fnv(number, salt) <= int((2**64 - 1) * percent / 100)]


OUTSIDE = [number for number in range(1, 60) if number not in inside(range(1, 60), 5)]
INSIDE = inside(range(1, 1000), 5)[0]


def test_case_1_the_three_policies_of_layer_2():
    it = Sampler(SLOW, ERROR, PERCENT)
    slow, err, plain, p501, both = OUTSIDE[:5]
    it.consume(span("slow", trace=slow, duration_ns=600 * MS), span("err", trace=err, status="ERROR"))
    it.consume(span("plain", trace=plain), span("p501", trace=p501, duration_ns=501 * MS))
    it.consume(span("g1", trace=both, duration_ns=100 * MS))
    it.consume(span("g2", trace=both, start_ns=1_700_000_000_700 * MS, duration_ns=100 * MS))
    it.consume(span("hash", trace=INSIDE))
    it.clock.advance(1.9)
    assert it.names == []
    it.clock.advance(2)
    assert it.names == ["slow", "err", "p501", "g1", "g2", "hash"]
    assert it.metric("global_count_traces_sampled", sampled="true") == 5
    assert it.metric("global_count_traces_sampled", sampled="false") == 1
    assert it.metric("count_traces_sampled", policy="error", sampled="true") == 1
    assert it.metric("new_trace_id_received") == 6
    it.stop()


@pytest.mark.parametrize("salt", ["default-hash-seed", "x"])
def test_case_3_probabilistic_is_the_hash(salt):
    policy = {"name": "p", "type": "probabilistic", "probabilistic": {"sampling_percentage": 5, "hash_salt": salt}}
    it = Sampler(policy)
    it.consume(*(span(str(number), trace=number) for number in range(10_000, 12_000)))
    it.clock.advance(4)
    kept = inside(range(10_000, 12_000), 5, salt)
    assert [int(name) for name in it.names] == kept
    assert salt == "x" or len(kept) == 108
    it.stop()


NOISE = {
    "name": "drop_noisy_url",
    "type": "string_attribute",
    "string_attribute": {
        "key": "http.target",
        "values": [r"\/metrics", r"\/actuator*", r"opentelemetry\.proto", r"\/health"],
        "enabled_regex_matching": True,
        "invert_match": True,
    },
}


def test_case_4_the_noise_filter_of_layer_1():
    it = Sampler(NOISE)
    noise = ["/metrics", "/api/healthcheck", "/actuato", "/actuatorrr/x", "/opentelemetry.proto.collector"]
    for number, target in enumerate(noise):
        it.consume(span(target, trace=number, attributes={"http.target": target}))
    it.consume(span("parent", trace=20), span("child", trace=20, attributes={"http.target": "/health"}))
    it.consume(span("in the resource", trace=21), **{"http.target": "/health"})
    it.consume(span("/orders", trace=22, attributes={"http.target": "/orders"}))
    it.consume(span("none", trace=23))
    it.consume(span("integer", trace=24, attributes={"http.target": 5}))
    it.clock.advance(4)
    assert it.names == ["/orders", "none", "integer"]
    it.stop()


def test_case_7_and_not_span_count_and_types():
    pay = {"name": "s", "type": "string_attribute", "string_attribute": {"key": "service.name", "values": ["pay"]}}
    health = {"name": "h", "type": "string_attribute", "string_attribute": {"key": "http.route", "values": ["/health"]}}
    unhealthy = {"name": "n", "type": "not", "not": {"not_sub_policy": health}}
    code = {"key": "http.status_code", "min_value": 500, "max_value": 599}
    it = Sampler(
        {"name": "a", "type": "and", "and": {"and_sub_policy": [pay, unhealthy]}},
        {"name": "c", "type": "span_count", "span_count": {"min_spans": 3, "max_spans": 4}},
        {"name": "i", "type": "numeric_attribute", "numeric_attribute": code},
    )
    it.consume(span("pay", trace=1), **{"service.name": "pay"})
    it.consume(span("pay health", trace=2, attributes={"http.route": "/health"}), **{"service.name": "pay"})
    it.consume(*(span("three", trace=3, number=n) for n in range(3)))
    it.consume(*(span("five", trace=4, number=n) for n in range(5)))
    for number, code in enumerate([500, 600, "500", 500.0]):
        it.consume(span(repr(code), trace=10 + number, attributes={"http.status_code": code}))
    it.clock.advance(4)
    assert it.names == ["pay", "three", "three", "three", "500"]
    it.stop()


def test_case_8_is_different_on_purpose_more_traces_than_num_traces_are_not_evicted(caplog):
    it = Sampler(ALL, num_traces=2)
    it.consume(span("t1", trace=1), span("t2", trace=2), span("t3", trace=3))
    it.clock.advance(4)
    assert it.names == ["t1", "t2", "t3"]
    assert it.metric("sampling_trace_dropped_too_early") == 0
    assert "3 traces wait (num_traces: 2)" in caplog.text
    it.stop()


def test_case_10_decision_caches():
    it = Sampler(ERROR, num_traces=2, decision_cache={"sampled_cache_size": 100, "non_sampled_cache_size": 100})
    it.consume(span("t1", trace=1, status="ERROR"), span("t2", trace=2))
    it.clock.advance(4)
    it.consume(*(span("other", trace=trace) for trace in (3, 4, 5)))
    it.clock.advance(4)
    it.consume(span("t1late", trace=1), span("t2late_err", trace=2, status="ERROR"))
    assert it.names == ["t1", "t1late"]
    assert it.metric("early_releases_from_cache_decision", sampled="true") == 1
    assert it.metric("early_releases_from_cache_decision", sampled="false") == 1
    it.consume(span("pending", trace=6, status="ERROR"))
    it.stop()
    assert it.names == ["t1", "t1late", "pending"]


def test_without_caches_a_decision_is_remembered_until_num_traces_newer_ids_came():
    it = Sampler(ERROR, num_traces=3)
    it.consume(span("t1", trace=1, status="ERROR"), span("t2", trace=2))
    it.clock.advance(4)
    it.consume(span("t1late", trace=1), span("t2late", trace=2, status="ERROR"))
    assert it.names == ["t1", "t1late"]
    it.consume(span("t3", trace=3), span("t4", trace=4))
    it.consume(span("t1later", trace=1))  # forgotten: a trace of its own, without an error
    it.consume(span("t2later", trace=2, status="ERROR"))
    it.clock.advance(4)
    assert it.names == ["t1", "t1late", "t2later"]
    it.stop()


def test_a_root_brings_the_decision_forward():
    it = Sampler(ALL, decision_wait="10s", decision_wait_after_root_received="1s")
    it.consume(span("child", trace=1, parent=7), span("no root", trace=2, parent=7))
    it.clock.advance(3)
    it.consume(span("root", trace=1))
    it.clock.advance(2)
    assert it.names == ["child", "root"]
    it.clock.advance(6)
    assert it.names == ["child", "root", "no root"]
    it.stop()


def test_span_ingest_lets_traces_leave_as_soon_as_a_policy_wants_them():
    it = Sampler(ERROR, decision_wait="10s", sampling_strategy="span-ingest")
    it.consume(span("a", trace=1), span("b", trace=2))
    it.clock.advance(1)
    assert it.names == []
    it.consume(span("c", trace=1, status="ERROR"))
    it.clock.advance(1)
    assert it.names == ["a", "c"]
    it.consume(span("late", trace=1))
    assert it.names == ["a", "c", "late"]
    it.clock.advance(10)
    assert it.metric("global_count_traces_sampled", sampled="true") == 1
    assert it.metric("global_count_traces_sampled", sampled="false") == 1
    it.stop()


def test_on_the_first_match_nobody_else_is_asked():
    it = Sampler(ALL, ERROR, sample_on_first_match=True)
    it.consume(span("a"))
    it.clock.advance(4)
    (record,) = it.it.decision_records.newest(9)
    assert record.verdicts == {"all": Verdict.SAMPLED, "error": Verdict.NOT_ASKED}
    it.stop()


def test_a_trace_that_gets_too_large_is_dropped_at_once():
    it = Sampler(ALL, maximum_trace_size_bytes=1000)
    it.consume(span("x" * 600, trace=1), span("small", trace=2))
    it.consume(span("y" * 600, trace=1))
    assert it.metric("traces_dropped_too_large") == 1
    it.consume(span("late", trace=1))
    it.clock.advance(4)
    assert it.names == ["small"]
    assert it.dropped() == {"too large": 2}
    it.stop()


@pytest.mark.parametrize("drops", [False, True])
def test_what_waits_at_shutdown_is_decided_or_dropped_as_configured(drops):
    it = Sampler(ERROR, drop_pending_traces_on_shutdown=drops)
    it.consume(span("a", trace=1, status="ERROR"), span("b", trace=2))
    it.stop()
    assert it.names == ([] if drops else ["a"])
    assert it.dropped() == ({"shutdown": 2} if drops else {})


def test_what_is_refused_for_now_is_offered_again_in_order():
    it = Sampler(ALL, answers=[Retryable("not now")])
    it.consume(span("a", trace=1))
    it.clock.advance(2)
    assert it.names == []
    it.consume(span("late", trace=1))
    it.clock.advance(1)
    assert it.names == ["a", "late"]
    it.stop()


def test_what_is_rejected_is_counted():
    it = Sampler(ALL, answers=[Permanent("never")])
    it.consume(span("a", trace=1), span("b", trace=2))
    it.clock.advance(3)
    assert it.dropped() == {"rejected": 2}
    it.stop()


def test_while_too_much_waits_for_the_next_component_nothing_is_taken():
    it = Sampler(ALL, answers=[Retryable("not now")] * 100, budget_bytes=1000)
    it.consume(span("x" * 700, trace=1))
    it.clock.advance(3)
    with pytest.raises(Refused, match="next component"):
        it.consume(span("b", trace=2))
    it.stop()
    assert it.dropped() == {"shutdown": 1}


def test_records_say_what_each_policy_said():
    it = Sampler(SLOW, ERROR, decision_records=3)
    it.consume(span("a", trace=1, duration_ns=600 * MS), span("b", trace=2, status="ERROR", number=2))
    it.clock.advance(4)
    it.consume(span("c", trace=3), span("c2", trace=3, number=2))
    it.clock.advance(4)
    records = it.it.decision_records
    assert [(r.trace_id, r.spans, r.decided_by) for r in records.newest(2)] == [
        (trace_id(3), 2, ""),
        (trace_id(2), 1, "error"),
    ]
    assert [r.trace_id for r in records.newest(9, Verdict.SAMPLED)] == [trace_id(2), trace_id(1)]
    (first,) = records.of_trace(trace_id(1))
    assert (first.decision, first.duration_ns) == (Verdict.SAMPLED, 600 * MS)
    assert first.verdicts == {"500ms": Verdict.SAMPLED, "error": Verdict.NOT_SAMPLED}
    it.consume(span("d", trace=4), span("e", trace=5))
    it.clock.advance(4)
    assert records.of_trace(trace_id(1)) == [] and len(records) == 3
    it.stop()


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"policies": []}, "policies"),
        ({"decision_wait": "-1s"}, "decision_wait"),
        ({"tail_storage": "pebble"}, "tail_storage"),
        ({"compat": "new"}, "compat"),
        ({"policies": [ALL, ALL]}, "policies.1.name"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(keys, where):
    assert [path for path, _ in config(**{"policies": [ALL]} | keys).problems()] == [where]


def test_custody():
    custody = Sampler(ALL, decision_wait="30s").it.custody()
    assert custody.kind is CustodyKind.BUFFERS and "the last 30s" in custody.loss_window


def test_ids_are_as_the_cases_have_them():
    assert trace_id(10_000) == hashlib.md5(b"10000", usedforsecurity=False).digest()
