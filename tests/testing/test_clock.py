"""The fake clock keeps the promises that `component.Clock` makes."""

import threading

import pytest

from otelier.testing import FakeClock


def test_due_timers_run_in_order_each_at_its_own_time():
    clock, seen = FakeClock(), []
    for name, delay in (("late", 3.0), ("soon", 1.0), ("never", 9.0), ("between", 2.0)):
        clock.timer(lambda name=name: seen.append((name, clock.monotonic())), name).start(delay)
    clock.advance(5)
    assert seen == [("soon", 1.0), ("between", 2.0), ("late", 3.0)]
    assert clock.monotonic() == 5.0
    assert clock.pending == [("never", 4.0)]


def test_a_timer_that_starts_itself_again_runs_as_often_as_it_falls_due():
    clock, runs = FakeClock(), []

    def tick():
        runs.append(clock.monotonic())
        timer.start(1)

    timer = clock.timer(tick, "tick")
    timer.start(1)
    clock.advance(3.5)
    assert runs == [1.0, 2.0, 3.0]


def test_a_second_start_replaces_the_first():
    clock, runs = FakeClock(), []
    timer = clock.timer(lambda: runs.append(clock.monotonic()), "once")
    timer.start(1)
    timer.start(4)
    clock.advance(10)
    assert runs == [4.0]


@pytest.mark.parametrize("end", ["cancel", "close"])
def test_a_cancelled_or_closed_timer_does_not_run(end):
    clock, runs = FakeClock(), []
    timer = clock.timer(lambda: runs.append(1), "no")
    timer.start(1)
    getattr(timer, end)()
    clock.advance(10)
    assert not runs


def test_a_timer_may_close_itself_while_it_runs():
    clock = FakeClock()
    timer = clock.timer(lambda: timer.close(), "self")
    timer.start(1)
    clock.advance(1)
    assert clock.pending == []


def test_a_waiting_thread_goes_on_when_the_clock_is_turned_far_enough():
    clock, event, woken = FakeClock(), threading.Event(), []
    thread = threading.Thread(target=lambda: woken.append(clock.wait(event, 5)))
    thread.start()
    clock.until_waiting()
    clock.advance(4.9)
    assert not woken
    clock.advance(0.2)
    thread.join(10)
    assert woken == [False]
    assert clock.waited == [5]


def test_a_waiting_thread_goes_on_when_the_event_is_set():
    clock, event, woken = FakeClock(), threading.Event(), []
    thread = threading.Thread(target=lambda: woken.append(clock.wait(event, 5)))
    thread.start()
    clock.until_waiting()
    event.set()
    thread.join(10)
    assert woken == [True]


def test_with_auto_advance_a_wait_turns_the_clock():
    clock = FakeClock(auto_advance=True)
    assert clock.wait(threading.Event(), 30) is False
    assert clock.monotonic() == 30
