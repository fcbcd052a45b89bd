"""What becomes of metrics that the next component does not take, and of series that nobody sends any more."""

import threading

import pytest

from otelier.component import Permanent, Retryable
from otelier.testing import span, traces

from .running import Running

DELTA = "{metrics_flush_interval: 10s, aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA}"
CUMULATIVE = "{metrics_flush_interval: 10s}"


def counts(it: Running) -> list[list[int]]:
    return [[point.count for point in flush] for flush in it.flushes("duration")]


@pytest.mark.parametrize(("text", "expected"), [(CUMULATIVE, [[2], [2]]), (DELTA, [[2]])])
def test_what_is_refused_for_now_is_in_the_next_flush(text, expected):
    it = Running(text, answers=[Retryable("busy")])
    it.consume(traces(span()))
    it.advance(10)
    it.consume(traces(span()))
    it.advance(20)
    assert counts(it) == expected
    assert it.own("otelier_spanmetrics_failed_flushes") == {"": 1}


def test_delta_points_that_are_refused_for_good_are_dropped_and_counted():
    it = Running(DELTA, answers=[Permanent("no")])
    it.consume(traces(span()))
    it.advance(10)
    it.consume(traces(span()))
    it.advance(10)
    assert counts(it) == [[1]]
    assert it.own("otelier_spanmetrics_dropped_metric_points") == {"rejected": 2}


def test_a_fault_further_down_does_not_end_the_flushes(caplog):
    it = Running(CUMULATIVE, answers=[RuntimeError("a bug")])
    it.consume(traces(span()))
    it.advance(20)
    assert counts(it) == [[1]]
    assert "a bug" in caplog.text


def test_nothing_is_handed_on_where_there_is_nothing():
    it = Running(CUMULATIVE)
    it.consume(traces(span(), resource={}))
    it.advance(10)
    it.stop()
    assert it.out.batches == []


def test_flushes_keep_their_rhythm_and_the_age_of_the_last_one_is_told():
    it = Running(CUMULATIVE)
    it.consume(traces(span()))
    it.advance(35)
    assert len(it.out.batches) == 3
    assert it.own("otelier_spanmetrics_flush_age") == {"": 5}
    assert it.own("otelier_spanmetrics_series") == {"": 1}
    it.stop()
    assert it.own("otelier_spanmetrics_series") == {}
    assert it.clock.pending == []


@pytest.mark.proves("spanmetrics.metrics_expiration")
def test_resources_of_which_nothing_came_are_forgotten_after_a_last_flush():
    it = Running("{metrics_flush_interval: 10s, metrics_expiration: 20s}")
    it.consume(traces(span(), resource={"service.name": "old"}))
    it.consume(traces(span()))
    it.advance(15)
    it.consume(traces(span()))
    it.advance(20)
    services = [sorted({point["service.name"] for point in flush}) for flush in it.flushes("calls")]
    assert services == [["old", "shop"], ["old", "shop"], ["shop"]]
    assert it.own("otelier_spanmetrics_expired_resources") == {"": 1}


@pytest.mark.proves("spanmetrics.series_expiration")
def test_single_series_are_forgotten_likewise_and_begin_anew():
    it = Running("{metrics_flush_interval: 10s, series_expiration: 20s}")
    it.consume(traces(span("old"), span("new")))
    it.advance(15)
    it.consume(traces(span("new")))
    it.advance(20)
    it.consume(traces(span("old")))
    it.advance(10)
    assert {point["span.name"]: point.value for point in it.last("calls")} == {"new": 2, "old": 0}
    assert it.own("otelier_spanmetrics_expired_series") == {"": 2}


@pytest.mark.proves("spanmetrics.resource_metrics_cache_size")
def test_beyond_the_cache_the_resources_unseen_for_longest_go():
    it = Running("{metrics_flush_interval: 10s, resource_metrics_cache_size: 2}")
    for name in ("a", "b", "c"):
        it.consume(traces(span(), resource={"service.name": name}))
        it.advance(1)
    it.consume(traces(span(), resource={"service.name": "a"}))
    it.advance(20)
    assert sorted(point["service.name"] for point in it.last("calls")) == ["a", "c"]
    assert it.own("otelier_spanmetrics_evicted_resources") == {"": 1}


@pytest.mark.proves("spanmetrics.metric_timestamp_cache_size")
def test_delta_remembers_so_many_series():
    it = Running(DELTA[:-1] + ", metric_timestamp_cache_size: 1}")
    it.consume(traces(span("a"), span("b")))
    it.advance(10)
    assert it.own("otelier_spanmetrics_series") == {"": 1}


def stopped(it: Running, within_s: float) -> None:
    """Stop on another thread, and turn the clock until it has."""
    stopping = threading.Thread(target=it.stop, args=(within_s,))
    stopping.start()
    while stopping.is_alive():
        it.clock.advance(0.5)
        stopping.join(0.01)


def test_a_stop_tries_until_its_time_is_over():
    it = Running(DELTA, answers=[Retryable("busy")] * 3)
    it.consume(traces(span()))
    stopped(it, within_s=10**6)
    assert counts(it) == [[1]]


def test_what_nobody_took_at_the_stop_is_counted(caplog):
    it = Running(DELTA, answers=[Retryable("busy")] * 1000)
    it.consume(traces(span()))
    stopped(it, within_s=10)
    assert it.own("otelier_spanmetrics_dropped_metric_points") == {"shutdown": 2}
    assert "dropped 2 points" in caplog.text


def test_a_span_that_claims_to_stand_for_more_than_can_be_counted_breaks_nothing():
    it = Running(CUMULATIVE)
    claiming = span()
    claiming.trace_state = "ot=th:ffffffffffffff"
    for _ in range(3):
        it.consume(traces(*[claiming] * 100, span()))
    it.advance(10)
    it.advance(10)
    assert [point.value for point in it.last("calls")] == [2**63 - 1]
    assert counts(it)[-1] == [2**64 - 1]


def test_resources_that_came_together_count_against_the_limit_too():
    it = Running("{metrics_flush_interval: 10s, resource_metrics_cache_size: 3}")
    for n in range(8):
        it.consume(traces(span(), resource={"service.name": f"s{n}"}))
    it.advance(20)
    assert [len(flush) for flush in it.flushes("calls")] == [8, 3]
    assert it.own("otelier_spanmetrics_evicted_resources") == {"": 5}
