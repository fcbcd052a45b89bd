"""A clock that stands still until the test turns it."""

import threading
import time
from collections.abc import Callable

_POLL_S = 0.001
_START_NS = 1_700_000_000 * 10**9


class FakeClock:
    """Implements `component.Clock`; timers run on the thread that calls `advance`.

    With `auto_advance`, a thread that waits turns the clock itself instead of standing still, so that
    code that sleeps between two tries needs no second thread to test it. `waited` lists the seconds
    asked for by every `wait`, in order.
    """

    def __init__(self, *, auto_advance: bool = False) -> None:
        self.waited: list[float] = []
        self._auto_advance = auto_advance
        self._changed = threading.Condition()
        self._now_s = 0.0
        self._waiting = 0
        self._timers: list[_FakeTimer] = []
        self._order = 0

    def time_ns(self) -> int:
        return _START_NS + round(self.monotonic() * 1e9)

    def monotonic(self) -> float:
        with self._changed:
            return self._now_s

    def timer(self, call: Callable[[], None], name: str) -> "_FakeTimer":
        timer = _FakeTimer(self, call, name)
        with self._changed:
            self._timers.append(timer)
        return timer

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        with self._changed:
            until = self._now_s + timeout_s
            self.waited.append(timeout_s)
            self._waiting += 1
            self._changed.notify_all()
        try:
            if self._auto_advance and not event.is_set():
                self.advance(timeout_s)
            # An event can't wake two kinds of waiters, so its thread looks at the clock every millisecond.
            while not event.is_set() and self.monotonic() < until:
                event.wait(_POLL_S)
        finally:
            with self._changed:
                self._waiting -= 1
                self._changed.notify_all()
        return event.is_set()

    def advance(self, seconds: float) -> None:
        """Turn the clock; timers that fall due run now, in order, each seeing its own due time."""
        with self._changed:
            until = self._now_s + seconds
        while timer := self._take_due(until):
            timer.fire()
        with self._changed:
            self._now_s = max(self._now_s, until)
            self._changed.notify_all()

    def until_waiting(self, threads: int = 1, *, within_s: float = 10) -> None:
        """Wait (in real time) until that many threads wait for this clock."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting >= threads, within_s):
                raise AssertionError(f"{self._waiting} of {threads} threads wait for the clock after {within_s} s")

    @property
    def pending(self) -> list[tuple[str, float]]:
        """(name, seconds from now) of every timer that is due later, soonest first."""
        with self._changed:
            due = [(t.name, t.due_s - self._now_s) for t in self._timers if t.due_s is not None]
        return sorted(due, key=lambda entry: entry[1])

    def set_due(self, timer: "_FakeTimer", delay_s: float | None) -> None:
        """For timers only."""
        with self._changed:
            self._order += 1
            timer.order = self._order
            timer.due_s = None if delay_s is None else self._now_s + max(delay_s, 0.0)
            self._changed.notify_all()

    def forget(self, timer: "_FakeTimer") -> None:
        """For timers only."""
        with self._changed:
            timer.due_s = None
            if timer in self._timers:
                self._timers.remove(timer)

    def forget_timers(self) -> None:
        """Nothing that was started is due any more: what started it is gone, as after a crash."""
        with self._changed:
            for timer in self._timers:
                timer.due_s = None
            self._timers.clear()

    def until_timer(self, name: str = "", *, within_s: float = 10) -> None:
        """Wait (in real time) until a timer whose name contains `name` has been started by some thread."""
        deadline = time.monotonic() + within_s
        with self._changed:
            while not any(name in t.name and t.due_s is not None for t in self._timers):
                if not self._changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"no timer {name!r} was started within {within_s} s")

    def _take_due(self, until: float) -> "_FakeTimer | None":
        with self._changed:
            due = [(t.due_s, t.order, t) for t in self._timers if t.due_s is not None and t.due_s <= until]
            if not due:
                return None
            at, _, timer = min(due, key=lambda entry: entry[:2])
            self._now_s = max(self._now_s, at)
            timer.due_s = None
            return timer


class _FakeTimer:
    def __init__(self, clock: FakeClock, call: Callable[[], None], name: str) -> None:
        self.name = name
        self.due_s: float | None = None
        self.order = 0
        self._clock = clock
        self._call = call
        self._running = threading.RLock()

    def start(self, delay_s: float) -> None:
        self._clock.set_due(self, delay_s)

    def cancel(self) -> None:
        self._clock.set_due(self, None)

    def close(self, timeout_s: float | None = None) -> None:
        self._clock.forget(self)
        # A call under way has ended, unless this is the call. The limit is real time: the clock may be that call's.
        if self._running.acquire(timeout=-1 if timeout_s is None else timeout_s):
            self._running.release()

    def fire(self) -> None:
        with self._running:
            self._call()
