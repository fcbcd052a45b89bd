"""`tail_sampling`: what is kept, when it leaves, what becomes of late spans, of what doesn't fit, of what is left.

The numbered cases are those that were observed on a Collector; the others are about what is ours.
"""

import threading

import pytest

from otelier.component import CustodyKind, Permanent, Refused, Retryable
from otelier.processors.tail_sampling.verdict import Verdict
from otelier.testing import span, trace_id

from .sampler import Sampler, config

MS = 10**6
SLOW = {"name": "500ms", "type": "latency", "latency": {"threshold_ms": 500}}
ERROR = {"name": "error", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
ALL = {"name": "all", "type": "always_sample"}


@pytest.mark.proves("key:tail_sampling.policies", "key:tail_sampling.decision_wait")
def test_a_whole_trace_is_kept_or_dropped_when_its_wait_is_over():
    it = Sampler(SLOW, ERROR)
    it.consume(span("slow", trace=1, duration_ns=600 * MS), span("err", trace=2, status="ERROR"))
    it.consume(span("plain", trace=3), span("g1", trace=4, duration_ns=100 * MS))
    it.consume(span("g2", trace=4, start_ns=1_700_000_000_700 * MS, duration_ns=100 * MS))
    it.clock.advance(1.9)
    assert it.names == []
    it.clock.advance(1)
    assert it.names == ["slow", "err", "g1", "g2"]
    assert it.metric("global_count_traces_sampled", sampled="true") == 3
    assert it.metric("global_count_traces_sampled", sampled="false") == 1
    assert it.metric("count_traces_sampled", policy="error", sampled="true") == 1
    assert it.metric("count_spans_sampled", policy="500ms", sampled="true") == 3
    assert it.metric("new_trace_id_received") == 4
    it.stop()


@pytest.mark.proves("key:tail_sampling.num_traces")
def test_case_8_is_different_on_purpose_more_traces_than_num_traces_are_not_evicted(caplog):
    it = Sampler(ALL, num_traces=2)
    it.consume(span("t1", trace=1), span("t2", trace=2), span("t3", trace=3))
    it.clock.advance(4)
    assert it.names == ["t1", "t2", "t3"]
    assert it.metric("sampling_trace_dropped_too_early") == 0
    assert "3 traces wait (num_traces: 2)" in caplog.text
    it.stop()


@pytest.mark.proves(
    "key:tail_sampling.decision_cache",
    "key:tail_sampling.decision_cache.sampled_cache_size",
    "key:tail_sampling.decision_cache.non_sampled_cache_size",
)
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


@pytest.mark.proves("key:tail_sampling.decision_wait_after_root_received")
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


@pytest.mark.proves("key:tail_sampling.sampling_strategy")
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


@pytest.mark.proves("key:tail_sampling.sample_on_first_match")
def test_on_the_first_match_nobody_else_is_asked():
    it = Sampler(ALL, ERROR, sample_on_first_match=True)
    it.consume(span("a"))
    it.clock.advance(4)
    (record,) = it.it.decision_records.newest(9)
    assert record.verdicts == {"all": Verdict.SAMPLED, "error": Verdict.NOT_ASKED}
    it.stop()


@pytest.mark.proves("key:tail_sampling.maximum_trace_size_bytes")
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


@pytest.mark.proves("key:tail_sampling.drop_pending_traces_on_shutdown")
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


@pytest.mark.proves("key:tail_sampling.decision_records")
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


@pytest.mark.proves("key:tail_sampling.tail_storage")
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


@pytest.mark.proves(
    "key:tail_sampling.budget_bytes", "key:tail_sampling.spill_bytes", "key:tail_sampling.spill_directory"
)
def test_what_does_not_fit_in_memory_goes_to_disk_and_then_is_refused(tmp_path):
    it = Sampler(ERROR, budget_bytes=300, spill_bytes=1_000, spill_directory=str(tmp_path))
    accepted = []
    with pytest.raises(Refused, match="MiB on disk; raise budget_bytes or spill_bytes"):
        for number in range(100):
            it.consume(span(str(number), trace=number, status="ERROR"))
            accepted.append(str(number))
    assert len(accepted) > 10
    it.clock.advance(3)
    assert it.names == accepted
    it.consume(span("more", trace=200, status="ERROR"))
    it.stop()
    assert it.names == [*accepted, "more"]


@pytest.mark.proves("key:tail_sampling.block_on_overflow")
def test_who_may_block_waits_until_there_is_room():
    it = Sampler(ERROR, budget_bytes=150, spill_bytes=0, block_on_overflow=True)
    it.consume(span("a", trace=1, status="ERROR"))
    sender = threading.Thread(target=it.consume, args=(span("b", trace=2, status="ERROR"),))
    sender.start()
    it.clock.until_waiting()
    assert it.names == []
    it.clock.advance(3)
    sender.join(10)
    assert it.names == ["a"]
    it.stop()
    assert it.names == ["a", "b"]


def test_who_waits_for_room_is_refused_when_all_is_stopped():
    it = Sampler(ERROR, budget_bytes=150, spill_bytes=0, block_on_overflow=True)
    it.consume(span("a", trace=1))
    it.it.prepare_stop(it.clock.monotonic() + 10)
    with pytest.raises(Refused):
        it.consume(span("b", trace=2))
    it.stop()


def condition(name: str, text: str, mode: str = "ignore") -> dict:
    return {"name": name, "type": "ottl_condition", "ottl_condition": {"error_mode": mode, "span": [text]}}


@pytest.mark.proves("tail_sampling.ottl_condition")
@pytest.mark.parametrize("mode", ["ignore", "silent", "propagate"])
def test_conditions_stand_beside_other_policies_in_any_order(mode):
    route = {"name": "r", "type": "string_attribute", "string_attribute": {"key": "http.route", "values": ["/a"]}}
    user = {"name": "u", "type": "string_attribute", "string_attribute": {"key": "user", "values": ["me"]}}
    it = Sampler(condition("x", 'span.name == "x"', mode), route, condition("y", 'span.name == "y"', mode), user)
    it.consume(span("w", trace=1), span("x", trace=2), span("w", trace=3), span("y", trace=3))
    it.consume(span("late y", trace=1), span("a", trace=4, attributes={"http.route": "/a"}))
    it.consume(span("me", trace=5, attributes={"user": "me"}), span("other", trace=6))
    it.clock.advance(3)
    by = {record.trace_id: record.decided_by for record in it.it.decision_records.newest(9)}
    assert by == {trace_id(n): name for n, name in enumerate(("", "x", "y", "r", "u", ""), 1)}
    it.stop()


WITHOUT_EFFECT = {"expected_new_traces_per_sec": 1000, "num_shards": 8}


@pytest.mark.proves("key:tail_sampling.expected_new_traces_per_sec", "key:tail_sampling.num_shards")
def test_keys_that_only_help_the_collector_change_nothing():
    it = Sampler(ERROR, **WITHOUT_EFFECT)
    it.consume(span("a", trace=1, status="ERROR"), span("b", trace=2))
    it.clock.advance(3)
    assert it.names == ["a"]
    it.stop()
