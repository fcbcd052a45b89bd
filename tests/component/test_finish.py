"""The last work of a stop is done, or left behind in time."""

import threading

from otelier.component import finish_by
from otelier.testing import FakeClock


def test_work_that_ends_is_waited_for():
    done = []
    assert finish_by(10, lambda: done.append(threading.current_thread().name) or True, FakeClock(), "last")
    assert done == ["last"]


def test_work_that_hangs_or_gives_up_is_left_behind_at_the_deadline():
    go_on = threading.Event()
    assert not finish_by(0, go_on.wait, FakeClock(auto_advance=True), "hangs")
    go_on.set()
    assert not finish_by(0, lambda: False, FakeClock(auto_advance=True), "gives up")
