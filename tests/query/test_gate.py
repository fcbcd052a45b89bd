"""Questions at once."""

import threading
import time

import pytest

from otelier.query.errors import Busy
from otelier.query.gate import Gate


def test_more_than_the_limit_are_told_to_come_again():
    gate = Gate(2, waiting=1, wait_s=0.0)
    with gate.one():
        assert in_a_thread(gate) == ""
        with_two(gate, "2 queries run at once, none has ended")
    with gate.one():
        pass


def with_two(gate: Gate, expected: str) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with gate.one():
            held.set()
            assert done.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(20)
    assert expected in in_a_thread(gate)
    done.set()
    holder.join()


def in_a_thread(gate: Gate, patience_s: float = 20.0) -> str:
    """What a thread of its own is told; empty if it got a place, or still waits."""
    told: list[str] = []

    def ask() -> None:
        try:
            with gate.one():
                pass
        except Busy as error:
            told.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(patience_s)
    return "".join(told)


def test_when_enough_wait_the_next_is_told_at_once_and_takes_no_thread_for_long():
    gate = Gate(1, waiting=1, wait_s=20.0)
    with gate.one():
        waiter = threading.Thread(target=in_a_thread, args=(gate,))
        waiter.start()
        give_up = time.monotonic() + 10
        while not (told := in_a_thread(gate, 0.2)):
            assert time.monotonic() < give_up
        assert "enough others wait" in told
    waiter.join(20)
    assert in_a_thread(gate) == ""


def test_who_has_a_place_needs_no_second_one():
    gate = Gate(1, waiting=0, wait_s=0.0)
    with gate.one():
        with gate.one():
            pass
        assert "enough others wait" in in_a_thread(gate)


def test_an_error_inside_gives_the_place_back():
    gate = Gate(1, waiting=0, wait_s=0.0)
    with pytest.raises(ZeroDivisionError), gate.one():
        raise ZeroDivisionError
    assert in_a_thread(gate) == ""
