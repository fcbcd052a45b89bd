"""The send path: what is taken is sent or counted, and a backend in trouble is not hurried."""

import logging
import threading
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otelier.component import CustodyKind, Duration, Permanent, Refused, Retryable, SystemClock
from otelier.sending import BatchSettings, QueueSettings, RetrySettings, SendPath, SendSettings, Sent
from otelier.testing import FakeClock, component_context, items

NO_QUEUE = QueueSettings(enabled=False)
STEADY = RetrySettings(randomization_factor=0)
DOWN = Retryable("connection refused")


@pytest.fixture
def clock():
    """Stands still until a test turns it."""
    return FakeClock()


@pytest.fixture
def ctx(clock):
    return component_context("otlp/b", clock=clock, signal="traces")


@pytest.fixture
def leaping():
    """A context whose clock leaps over every wait, for tests without other threads."""
    return component_context("otlp/b", clock=FakeClock(auto_advance=True), signal="traces")


def started(ctx, backend, **keys):
    path = SendPath(ctx, SendSettings(**keys), backend.send)
    path.start()
    return path


def stopped(path, ctx, within_s=10.0):
    path.stop(ctx.clock.monotonic() + within_s)


# -- retry --------------------------------------------------------------------------------------


@pytest.mark.proves("sending.RetrySettings.{initial_interval,multiplier,max_interval}")
def test_waits_grow_by_half_up_to_the_longest(leaping, backend_of):
    backend = backend_of(leaping.clock, *[DOWN] * 8)
    started(leaping, backend, sending_queue=NO_QUEUE, retry_on_failure=STEADY).consume(items("traces", 1))
    waits = [later - sooner for sooner, later in pairwise(backend.times)]
    assert waits == pytest.approx([5, 7.5, 11.25, 16.875, 25.3125, 30, 30, 30])


@pytest.mark.proves("sending.RetrySettings.randomization_factor")
def test_waits_are_spread_by_half_both_ways(leaping, backend_of):
    backend = backend_of(leaping.clock, *[DOWN] * 200)
    retry = RetrySettings(multiplier=1, max_elapsed_time=Duration(0))
    started(leaping, backend, sending_queue=NO_QUEUE, retry_on_failure=retry).consume(items("traces", 1))
    waits = [later - sooner for sooner, later in pairwise(backend.times)]
    assert all(2.5 <= wait <= 7.5 for wait in waits)
    assert min(waits) < 4 and max(waits) > 6


@pytest.mark.parametrize(("asked_s", "waited_s"), [(2.0, 5.0), (30.0, 30.0), (None, 5.0)])
def test_what_the_backend_asks_for_is_the_least_wait(leaping, backend_of, asked_s, waited_s):
    backend = backend_of(leaping.clock, Retryable("busy", after_s=asked_s))
    started(leaping, backend, sending_queue=NO_QUEUE, retry_on_failure=STEADY).consume(items("traces", 1))
    assert backend.times == [0, waited_s]


def test_no_wait_is_longer_than_a_day_whatever_the_backend_asks_for(leaping, backend_of):
    backend = backend_of(leaping.clock, Retryable("busy", after_s=99_999_999_999.0))
    retry = RetrySettings(max_elapsed_time=Duration(0))
    started(leaping, backend, sending_queue=NO_QUEUE, retry_on_failure=retry).consume(items("traces", 1))
    assert backend.times == [0, 24 * 3600]


@pytest.mark.proves("sending.RetrySettings.max_elapsed_time")
def test_gives_up_when_the_next_attempt_would_be_too_late(leaping, backend_of, counted):
    backend = backend_of(leaping.clock, *[DOWN] * 100)
    retry = RetrySettings(randomization_factor=0, max_elapsed_time=Duration(60))
    path = started(leaping, backend, sending_queue=NO_QUEUE, retry_on_failure=retry)
    with pytest.raises(Retryable, match="connection refused"):
        path.consume(items("traces", 3))
    assert backend.times == pytest.approx([0, 5, 12.5, 23.75, 40.625])  # the next: 65.9
    assert counted(leaping) == {"send_failed_spans/retries_exhausted": 3}


def test_with_max_elapsed_time_0_it_never_gives_up(leaping, backend_of, counted):
    backend = backend_of(leaping.clock, *[DOWN] * 500)
    retry = RetrySettings(max_elapsed_time=Duration(0))
    started(leaping, backend, sending_queue=NO_QUEUE, retry_on_failure=retry).consume(items("traces", 3))
    assert len(backend.attempts) == 501
    assert counted(leaping) == {"sent_spans": 3}


def test_a_permanent_error_is_one_attempt_one_error_line_and_counted(leaping, backend_of, counted, caplog):
    backend = backend_of(leaping.clock, Permanent("bad data"))
    path = started(leaping, backend, sending_queue=NO_QUEUE)
    with pytest.raises(Permanent), caplog.at_level(logging.ERROR, "otelier.test"):
        path.consume(items("traces", 7))
    assert len(backend.attempts) == 1
    assert counted(leaping) == {"send_failed_spans/permanent": 7}
    assert len(caplog.messages) == 1
    assert "dropped_items=7" in caplog.messages[0]
    assert "bad data" in caplog.messages[0]


@pytest.mark.proves("sending.RetrySettings.enabled")
def test_with_retry_off_the_first_failure_drops(leaping, backend_of, counted):
    backend = backend_of(leaping.clock, DOWN)
    path = started(leaping, backend, sending_queue=NO_QUEUE, retry_on_failure=RetrySettings(enabled=False))
    with pytest.raises(Retryable):
        path.consume(items("traces", 7))
    assert counted(leaping) == {"send_failed_spans/no_retry": 7}


def test_a_defect_of_an_exporter_is_a_permanent_error_and_ends_no_consumer(ctx, clock, backend_of, counted):
    backend = backend_of(clock, ZeroDivisionError("oops"))
    path = started(ctx, backend, sending_queue=QueueSettings(num_consumers=1))
    path.consume(items("traces", 2))
    path.consume(items("traces", 5))
    backend.until_taken(1)
    stopped(path, ctx)
    assert counted(ctx) == {"send_failed_spans/permanent": 2, "sent_spans": 5}


def test_a_defect_of_the_path_is_settled_and_counted_and_ends_no_consumer(ctx, clock, backend_of, counted):
    backend = backend_of(clock, Retryable("busy", after_s="soon"))  # pyright: ignore[reportArgumentType]
    path = started(ctx, backend, sending_queue=QueueSettings(num_consumers=1, wait_for_result=True))
    with pytest.raises(Permanent, match="TypeError"):
        path.consume(items("traces", 2))
    path.consume(items("traces", 5))
    stopped(path, ctx)
    assert counted(ctx) == {"send_failed_spans/permanent": 2, "sent_spans": 5}


# -- partial success, time-out ------------------------------------------------------------------


def test_partial_success_is_not_sent_again_and_counted_with_its_message(leaping, backend_of, counted, caplog):
    backend = backend_of(leaping.clock, Sent(rejected=3, message="trace id of 5 bytes"))
    with caplog.at_level(logging.WARNING, "otelier.test"):
        started(leaping, backend, sending_queue=NO_QUEUE).consume(items("traces", 10))
    assert len(backend.attempts) == 1
    assert counted(leaping) == {"sent_spans": 7, "send_failed_spans/rejected": 3}
    assert "trace id of 5 bytes" in caplog.text


@pytest.mark.proves("sending.SendSettings.timeout")
@pytest.mark.parametrize(("timeout_s", "given_s"), [(5, 5), (0.5, 0.5), (0, float("inf"))])
def test_each_attempt_is_given_the_timeout(leaping, backend_of, timeout_s, given_s):
    backend = backend_of(leaping.clock, DOWN)
    started(leaping, backend, sending_queue=NO_QUEUE, timeout=Duration(timeout_s)).consume(items("traces", 1))
    assert backend.timeouts == [given_s, given_s]


# -- queue --------------------------------------------------------------------------------------


@pytest.mark.proves("sending.QueueSettings.queue_size")
def test_a_full_queue_refuses_and_counts_and_the_rest_is_delivered(ctx, clock, backend_of, counted):
    backend = backend_of(clock)
    backend.open.clear()
    path = started(ctx, backend, sending_queue=QueueSettings(queue_size=2))
    path.consume(items("traces", 1))
    path.consume(items("traces", 2))
    with pytest.raises(Refused, match="full") as refused:
        path.consume(items("traces", 4))
    assert refused.value.limit == "queue"
    backend.open.set()
    backend.until_taken(2)
    stopped(path, ctx)
    assert counted(ctx) == {"sent_spans": 3, "enqueue_failed_spans/queue": 4}


@pytest.mark.proves("sending.QueueSettings.{enabled,wait_for_result}")
def test_the_sender_is_answered_before_the_backend_unless_it_waits_for_the_result(ctx, clock, backend_of):
    backend = backend_of(clock, Permanent("no"))
    path = started(ctx, backend, sending_queue=QueueSettings(wait_for_result=True))
    with pytest.raises(Permanent, match="no"):
        path.consume(items("traces", 1))
    path.consume(items("traces", 1))
    assert backend.sizes == [1]
    stopped(path, ctx)


@pytest.mark.proves("sending.QueueSettings.num_consumers")
def test_an_idle_exporter_has_few_threads_and_a_busy_one_all_it_may(clock, backend_of):
    def consumers():
        return sum(thread.name.startswith("otelier:otlp/threads:") for thread in threading.enumerate())

    ctx = component_context("otlp/threads", clock=clock, signal="traces")
    backend = backend_of(clock)
    path = started(ctx, backend, sending_queue=QueueSettings(num_consumers=4))
    assert consumers() == 0
    path.consume(items("traces", 1))
    backend.until_taken(1)
    assert 1 <= consumers() <= 2
    backend.open.clear()
    for _ in range(8):
        path.consume(items("traces", 1))
    for _ in range(1 + 4):
        assert backend.hanging.acquire(timeout=10)
    assert consumers() == 4
    backend.open.set()
    stopped(path, ctx)
    assert len(backend.taken) == 9


def test_the_queue_and_what_is_under_way_can_be_watched(ctx, clock, backend_of):
    backend = backend_of(clock)
    backend.open.clear()
    path = started(ctx, backend, sending_queue=QueueSettings(num_consumers=1, queue_size=9))
    for _ in range(3):
        path.consume(items("traces", 1))
    assert backend.hanging.acquire(timeout=10)
    labels = (("data_type", "traces"), ("exporter", "otlp/b"))
    gauges = {metric.name: metric.values for metric in ctx.meter.collect() if metric.kind == "gauge"}
    assert gauges == {
        "otelcol_exporter_in_flight_requests": {labels: 1},
        "otelcol_exporter_queue_capacity": {labels: 9},
        "otelcol_exporter_queue_size": {labels: 3},
    }
    backend.open.set()
    backend.until_taken(3)
    stopped(path, ctx)
    sizes = {m.name: sum(v.counts) for m in ctx.meter.collect() if m.kind == "histogram" for v in m.values.values()}
    assert sizes["otelcol_exporter_queue_batch_send_size"] == 3


def test_a_dead_backend_costs_other_exporters_nothing(clock, backend_of, counted):
    meter_ctx = component_context("otlp/dead", clock=clock, signal="traces")
    other_ctx = component_context("otlp/well", clock=clock, signal="traces", meter=meter_ctx.meter)
    dead, well = backend_of(clock), backend_of(clock)
    dead.open.clear()
    dead_path, well_path = started(meter_ctx, dead), started(other_ctx, well)
    for n in range(30):
        dead_path.consume(items("traces", 1, first=n))
        well_path.consume(items("traces", 1, first=n))
    well.until_taken(30)
    assert dead.taken == []
    dead.open.set()
    stopped(dead_path, meter_ctx)
    stopped(well_path, other_ctx)


# -- batching inside the queue ------------------------------------------------------------------


def test_requests_are_joined_and_those_who_wait_for_the_result_get_it(ctx, clock, backend_of):
    backend = backend_of(clock, Permanent("no"))
    queue = QueueSettings(wait_for_result=True, batch=BatchSettings(min_size=5))
    path = started(ctx, backend, sending_queue=queue)
    failures = []

    def consume(count):
        with pytest.raises(Permanent):
            path.consume(items("traces", count))
        failures.append(count)

    senders = [threading.Thread(target=consume, args=(count,)) for count in (2, 3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(failures) == [2, 3]
    assert [batch.items for _, batch in backend.attempts] == [5]
    stopped(path, ctx)


@pytest.mark.proves("sending.BatchSettings.flush_timeout")
def test_a_small_rest_is_sent_after_the_flush_timeout(ctx, clock, backend_of):
    backend = backend_of(clock)
    path = started(ctx, backend, sending_queue=QueueSettings(batch=BatchSettings(min_size=100)))
    path.consume(items("traces", 3))
    clock.until_timer("flush")
    assert backend.attempts == []
    clock.advance(0.2)
    backend.until_taken(1)
    assert backend.sizes == [3]
    stopped(path, ctx)


# -- stop ---------------------------------------------------------------------------------------


def test_stop_sends_what_waits(ctx, clock, backend_of, counted):
    backend = backend_of(clock)
    queue = QueueSettings(batch=BatchSettings(min_size=1000, flush_timeout=Duration(3600)))
    path = started(ctx, backend, sending_queue=queue)
    path.consume(items("traces", 4))
    path.stop(10.0)
    assert counted(ctx) == {"sent_spans": 4}
    with pytest.raises(Refused, match="stopping"):
        path.consume(items("traces", 1))


def test_stop_counts_what_the_deadline_cuts_off_and_a_late_answer_changes_nothing(ctx, clock, backend_of, counted):
    backend = backend_of(clock)
    backend.open.clear()
    path = started(ctx, backend, sending_queue=QueueSettings(num_consumers=1))
    path.consume(items("traces", 2))
    path.consume(items("traces", 5))
    assert backend.hanging.acquire(timeout=10)
    stopping = threading.Thread(target=path.stop, args=(10.0,))
    stopping.start()
    clock.until_waiting()
    clock.advance(10)
    stopping.join(10)
    assert not stopping.is_alive()
    assert counted(ctx) == {"send_failed_spans/shutdown": 7}
    backend.open.set()
    backend.until_taken(1)
    assert counted(ctx) == {"send_failed_spans/shutdown": 7}


def test_stop_does_not_wait_for_an_attempt_that_would_come_after_the_deadline(ctx, clock, backend_of, counted):
    backend = backend_of(clock, Retryable("busy", after_s=100))
    path = started(ctx, backend)
    path.consume(items("traces", 2))
    clock.until_waiting()
    path.stop(10.0)  # nobody turns the clock: it would hang if it waited
    assert clock.monotonic() == 0
    assert counted(ctx) == {"send_failed_spans/shutdown": 2}


def test_a_retry_that_fits_before_the_deadline_still_happens(ctx, clock, backend_of, counted):
    backend = backend_of(clock, DOWN)
    path = started(ctx, backend, retry_on_failure=STEADY)
    path.consume(items("traces", 2))
    clock.until_waiting()
    stopping = threading.Thread(target=path.stop, args=(10.0,))
    stopping.start()
    clock.until_waiting(2)
    clock.advance(5)
    stopping.join(10)
    assert counted(ctx) == {"sent_spans": 2}
    assert backend.timeouts == [5, 5]


def test_attempts_are_cut_short_by_the_deadline_of_the_stop(leaping, backend_of):
    backend = backend_of(leaping.clock)
    path = started(leaping, backend, sending_queue=NO_QUEUE)
    path.stop(2.0)
    path.consume(items("traces", 1))
    assert backend.timeouts == [2.0]


def test_a_sender_without_a_queue_is_let_go_when_no_retry_fits_before_the_stop(ctx, clock, backend_of, counted):
    path = started(ctx, backend_of(clock, *[DOWN] * 9), sending_queue=NO_QUEUE, retry_on_failure=STEADY)
    outcomes = []

    def consume():
        with pytest.raises(Retryable) as error:
            path.consume(items("traces", 2))
        outcomes.append(error.value)

    sender = threading.Thread(target=consume)
    sender.start()
    clock.until_waiting()
    path.prepare_stop(2.0)  # nobody turns the clock: it would hang if it waited
    sender.join(10)
    assert outcomes == [DOWN]
    assert counted(ctx) == {"send_failed_spans/shutdown": 2}


def test_before_the_stop_data_still_flows_and_is_offered_again_in_time(leaping, backend_of, counted):
    backend = backend_of(leaping.clock, DOWN)
    path = started(leaping, backend, sending_queue=NO_QUEUE, retry_on_failure=STEADY)
    path.prepare_stop(8.0)
    path.consume(items("traces", 2))
    assert backend.times == [0, 5]
    assert backend.timeouts == [5, 3]
    assert counted(leaping) == {"sent_spans": 2}


def test_stop_without_start_and_twice_is_allowed(ctx, clock, backend_of):
    path = SendPath(ctx, SendSettings(), backend_of(clock).send)
    path.stop(0)
    path.start()
    path.stop(0)
    path.stop(0)


# -- custody ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("queue", "kind", "words"),
    [
        (QueueSettings(), CustodyKind.BUFFERS, ["1000 requests", "256 MiB", "memory"]),
        (QueueSettings(sizer="items", queue_size=5), CustodyKind.BUFFERS, ["5 items"]),
        (QueueSettings(enabled=False), CustodyKind.FORWARDS, []),
        (QueueSettings(wait_for_result=True), CustodyKind.FORWARDS, []),
    ],
)
def test_only_a_memory_queue_takes_custody_and_says_what_is_at_stake(ctx, backend_of, clock, queue, kind, words):
    custody = SendPath(ctx, SendSettings(sending_queue=queue), backend_of(clock).send).custody()
    assert custody.kind == kind
    assert all(word in custody.loss_window for word in words)


# -- conservation -------------------------------------------------------------------------------

ANSWERS = st.one_of(
    st.builds(Sent, rejected=st.integers(0, 30)),
    st.just(Retryable("later")),
    st.just(Retryable("later", after_s=0.003)),
    st.just(Retryable("much later", after_s=60)),
    st.just(Permanent("never")),
)
QUEUES = st.builds(
    QueueSettings,
    enabled=st.sampled_from([True, True, True, False]),
    num_consumers=st.integers(1, 4),
    queue_size=st.integers(1, 40),
    sizer=st.sampled_from(["requests", "items"]),
    batch=st.none()
    | st.builds(
        BatchSettings,
        flush_timeout=st.sampled_from([Duration(0.001), Duration(60)]),
        min_size=st.integers(0, 12),
        max_size=st.sampled_from([0, 12, 13]),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(ANSWERS, max_size=12),
    sizes=st.lists(st.integers(1, 20), max_size=12),
    queue=QUEUES,
    give_up_s=st.sampled_from([0, 0.005]),
    stop_within_s=st.sampled_from([0, 0.003, 0.03]),
)
def test_every_item_ends_in_exactly_one_counter(backend_of, counted, answers, sizes, queue, give_up_s, stop_within_s):
    clock = SystemClock()
    ctx = component_context("otlp", clock=clock, signal="traces")
    backend = backend_of(clock, *answers)
    retry = RetrySettings(
        initial_interval=Duration(0.001), max_interval=Duration(0.002), max_elapsed_time=Duration(give_up_s or 0.02)
    )
    path = started(ctx, backend, sending_queue=queue, retry_on_failure=retry)
    offered = refused = 0
    for n, size in enumerate(sizes):
        offered += size
        try:
            path.consume(items("traces", size, first=100 * n))
        except (Retryable, Permanent):
            refused += size if queue.enabled else 0
    path.stop(clock.monotonic() + stop_within_s)
    ends = counted(ctx)
    assert sum(ends.values()) == offered
    assert sum(n for name, n in ends.items() if name.startswith("enqueue_failed")) == refused
    arrived = sum(n for name, n in ends.items() if name in ("sent_spans", "send_failed_spans/rejected"))
    assert arrived <= sum(backend.sizes)  # what arrived after the deadline was counted as dropped already
