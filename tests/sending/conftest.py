"""A backend that answers as told, for tests of the send path."""

import threading
from collections import deque
from collections.abc import Callable

import pytest

from otelier.component import Clock
from otelier.sending import Sent
from otelier.telemetry import Batch


class Backend:
    """Gives one answer per attempt (a `Sent` or an error to raise), then takes all; remembers each attempt."""

    def __init__(self, clock: Clock, *answers: Sent | Exception) -> None:
        self.attempts: list[tuple[float, Batch]] = []
        """(monotonic seconds, batch)."""
        self.timeouts: list[float] = []
        self.taken: list[Batch] = []
        self.open = threading.Event()
        """Cleared by a test, it lets every attempt hang until set again."""
        self.open.set()
        self.hanging = threading.Semaphore(0)
        """Released once by each attempt that begins."""
        self._clock = clock
        self._answers = deque(answers)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)

    def send(self, batch: Batch, timeout_s: float) -> Sent:
        with self._lock:
            self.attempts.append((self._clock.monotonic(), batch))
            self.timeouts.append(timeout_s)
            answer = self._answers.popleft() if self._answers else Sent()
        self.hanging.release()
        assert self.open.wait(30), "the test never let the backend answer"
        if isinstance(answer, Exception):
            raise answer
        with self._lock:
            self.taken.append(batch)
            self._changed.notify_all()
        return answer

    def until_taken(self, batches: int) -> None:
        with self._lock:
            assert self._changed.wait_for(lambda: len(self.taken) >= batches, 10), f"{len(self.taken)} of {batches}"

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.attempts]

    @property
    def sizes(self) -> list[int]:
        return [batch.items for batch in self.taken]


@pytest.fixture
def counted() -> Callable[..., dict[str, float]]:
    """Own counters of a context that are not zero: `sent_spans`, `send_failed_spans/permanent`, …"""

    def read(ctx) -> dict[str, float]:
        found: dict[str, float] = {}
        for metric in ctx.meter.collect():
            if metric.kind == "counter":
                for labels, value in metric.values.items():
                    reason = dict(labels).get("reason")
                    name = metric.name.removeprefix("otelcol_exporter_") + (f"/{reason}" if reason else "")
                    found |= {name: value} if value else {}
        return found

    return read


@pytest.fixture
def backend_of() -> type[Backend]:
    return Backend
