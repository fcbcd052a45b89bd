"""Time as components see it. Tests pass `otelier.testing.FakeClock` and need no sleeps."""

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """Calls one function on a thread of its own, once per `start`; never twice at the same time."""

    def start(self, delay_s: float) -> None:
        """Call after `delay_s`; replaces a call that is still due."""
        ...

    def cancel(self) -> None:
        """Forget a call that is still due; does not wait for one under way."""
        ...

    def close(self, timeout_s: float | None = None) -> None:
        """Cancel for good and wait for a call under way (unless it is the caller), at most for `timeout_s`."""
        ...


class Clock(Protocol):
    """Wall clock, monotonic clock, timers and waits."""

    def time_ns(self) -> int:
        """Wall clock, ns since 1970; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for waits and ages."""
        ...

    def timer(self, call: Callable[[], None], name: str) -> Timer:
        """A timer that calls `call`; `name` is its thread's."""
        ...

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait until `event` is set or the time is over; says whether it is set."""
        ...


class SystemClock:
    """The real clock."""

    def time_ns(self) -> int:
        """Wall clock, ns since 1970."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def timer(self, call: Callable[[], None], name: str) -> Timer:
        """A timer with a thread of its own."""
        return _ThreadTimer(call, name)

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Whether `event` was set in time."""
        return event.wait(timeout_s)


class _ThreadTimer:
    def __init__(self, call: Callable[[], None], name: str) -> None:
        self._call = call
        self._due: float | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def start(self, delay_s: float) -> None:
        due = time.monotonic() + delay_s
        with self._changed:
            # A later due time needs no wake-up: the thread looks again when the earlier one is over.
            wake = self._due is None or due < self._due
            self._due = due
            if wake:
                self._changed.notify()

    def cancel(self) -> None:
        with self._changed:
            self._due = None

    def close(self, timeout_s: float | None = None) -> None:
        with self._changed:
            self._closed = True
            self._due = None
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._wait_until_due():
                    return
            self._call()

    def _wait_until_due(self) -> bool:
        while not self._closed:
            left = None if self._due is None else self._due - time.monotonic()
            if left is not None and left <= 0:
                self._due = None
                return True
            self._changed.wait(left)
        return False
