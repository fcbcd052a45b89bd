"""When targets are scraped: each at its own place in its interval, all from one thread that only begins requests.

Answers come from the native client's queue to a few threads, which make samples of them and hand them on, several at
once where several are there. A target is never asked again while it still has to answer.
"""

import heapq
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from typing import TypeAlias

from .._core import Fetched, Fetches, HttpClient, Scraped
from ..component import Clock
from .client import AccessFailed, Identity
from .config import Job
from .relabel import Relabelling
from .series import AsOtlp, TargetSeries, accept_header
from .target import Target

Sink: TypeAlias = Callable[[Sequence[Scraped]], None]
"""Takes samples; raises what the log is told and the targets page shows."""

_THREADS = 4
_WAIT_S = 1.0
_GATHER_S = 0.05
"""Answers that come within so long are handed on at once: one append to the store, and one sync."""
_ALIGNED_MS = 100
"""Samples get the planned time where the scrape began so little later: the same gap each time makes them small."""
_IDLE_S = 60.0
_END_AFTER = 2.1
"""Intervals after which a target that has gone is stale: whatever replaces it has been scraped by then."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a target's last scrape."""

    health: str = "unknown"
    error: str = ""
    at_ns: int = 0
    took_s: float = 0.0


class Loop:
    """One target, scraped again and again."""

    def __init__(
        self,
        job: Job,
        target: Target,
        client: HttpClient,
        identity: Identity,
        relabelling: Relabelling,
        otlp: AsOtlp | None = None,
    ) -> None:
        self.job = job
        self.target = target
        self.state = State()
        self.series = TargetSeries(job, target, relabelling, otlp)
        self.ended = False
        self.in_flight = False
        self.now_ms = 0
        self.refusal = ""
        """Why it is not to be scraped, as long as that is so: more targets than target_limit."""
        self.lock = threading.Lock()
        self._client = client
        self._identity = identity
        self._headers = [
            ("accept", accept_header(job)),
            ("x-prometheus-scrape-timeout-seconds", f"{target.timeout_s:g}"),
            *([] if job.config.enable_compression else [("accept-encoding", "identity")]),
        ]

    @property
    def interval_ms(self) -> int:
        """From one scrape to the next."""
        return max(1, round(self.target.interval_s * 1000))

    def begin(self, fetches: Fetches, token: int) -> None:
        """Ask. Raises AccessFailed."""
        headers = [*self._headers, *self._identity.headers()]
        follow = self.job.config.follow_redirects
        fetches.begin(self._client, token, self.target.url, headers, self.target.timeout_s, follow)


class Loops:
    """All targets of all jobs."""

    def __init__(self, clock: Clock, sink: Sink, log: "logging.LoggerAdapter[logging.Logger]") -> None:
        self._clock = clock
        self._sink = sink
        self._log = log
        self._fetches = Fetches()
        self._due: list[tuple[int, int, Loop]] = []
        self._loops: dict[int, Loop] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._threads: list[threading.Thread] = []
        self.skipped = 0
        """Times that a target was still busy when its next scrape was due."""

    def start(self) -> None:
        """Begin."""
        names = {"otelier:scrape:plan": self._plan} | {f"otelier:scrape:{n}": self._work for n in range(_THREADS)}
        for name, run in names.items():
            thread = threading.Thread(target=run, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout_s: float = 2.0) -> None:
        """Scrape no more. Nothing becomes stale: whoever stops is going to be started again."""
        self._stopping = True
        self._wake.set()
        self._fetches.close()
        for thread in self._threads:
            thread.join(timeout_s)

    def add(self, loop: Loop) -> int:
        """Scrape it from now on; its number, for `end`."""
        number = next(self._numbers)
        now = self._now_ms()
        interval = loop.interval_ms
        due = now - now % interval + loop.target.offset_ms()
        with self._lock:
            self._loops[number] = loop
            heapq.heappush(self._due, (due if due >= now else due + interval, number, loop))
        self._wake.set()
        return number

    def end(self, number: int) -> None:
        """The target has gone: it becomes stale when whatever replaces it must have been scraped."""
        with self._lock:
            loop = self._loops.get(number)
            if loop:
                loop.ended = True
                heapq.heappush(self._due, (self._now_ms() + round(loop.interval_ms * _END_AFTER), number, loop))
        self._wake.set()

    # -- the thread that plans ----------------------------------------------------------------

    def _plan(self) -> None:
        while not self._stopping:
            self._wake.clear()
            wait_s = self._begin_due()
            self._clock.wait(self._wake, wait_s)

    def _begin_due(self) -> float:
        """Seconds until more is due."""
        while not self._stopping:
            now = self._now_ms()
            with self._lock:
                if not self._due:
                    return _IDLE_S
                due, number, loop = self._due[0]
                if due > now:
                    return min((due - now) / 1000, _IDLE_S)
                heapq.heappop(self._due)
                if not loop.ended:
                    later = max(1, (now - due) // loop.interval_ms + 1) * loop.interval_ms
                    heapq.heappush(self._due, (due + later, number, loop))
            self._scrape(due, now, number, loop)
        return 0.0

    def _scrape(self, due: int, now: int, number: int, loop: Loop) -> None:
        if loop.ended:
            self._end_of(number, loop, due)
            return
        with loop.lock:
            if loop.in_flight:
                self.skipped += 1
                return
            loop.in_flight = True
        tolerance = min(_ALIGNED_MS, loop.interval_ms // 100)
        loop.now_ms = due if now - due <= tolerance else now
        try:
            if loop.refusal:
                raise AccessFailed(loop.refusal)
            loop.begin(self._fetches, number)
        except AccessFailed as error:
            self._hand_on([self._failed(loop, str(error), 0.0)])
        except Exception as error:  # noqa: BLE001 - no target may end the threads
            self._log.exception("the scrape of %s has a defect", loop.target.url)
            self._hand_on([self._failed(loop, repr(error), 0.0)])

    def _end_of(self, number: int, loop: Loop, due: int) -> None:
        with self._lock:
            known = self._loops.pop(number, None)
        if known:
            # The moment when it would have been scraped the next time.
            self._hand_on([loop.series.end(due - round(loop.interval_ms * (_END_AFTER - 1)))])

    # -- the threads that work ----------------------------------------------------------------

    def _work(self) -> None:
        while not self._stopping:
            answers = self._fetches.take(_WAIT_S, _GATHER_S)
            if done := [scraped for fetched in answers if (scraped := self._taken(fetched))]:
                self._hand_on(done)

    def _taken(self, fetched: Fetched) -> Scraped | None:
        with self._lock:
            loop = self._loops.get(fetched.token)
        if loop is None or loop.ended:
            return None
        try:
            return self._interpreted(loop, fetched)
        except Exception as error:  # noqa: BLE001 - no target may end the threads
            self._log.exception("the answer of %s can't be taken", loop.target.url)
            return self._failed(loop, repr(error), fetched.took_s)

    def _interpreted(self, loop: Loop, fetched: Fetched) -> Scraped:
        if fetched.error is not None:
            return self._failed(loop, fetched.error, fetched.took_s)
        if fetched.status != HTTPStatus.OK:
            said = HTTPStatus(fetched.status).phrase if fetched.status in set(HTTPStatus) else ""
            return self._failed(loop, f"server returned HTTP status {fetched.status} {said}".strip(), fetched.took_s)
        try:
            scraped = loop.series.take(fetched, fetched.content_type, loop.now_ms, fetched.took_s)
        except ValueError as error:
            return self._failed(loop, str(error), fetched.took_s)
        self._note(loop, "up", "", fetched.took_s)
        return scraped

    def _failed(self, loop: Loop, error: str, took_s: float) -> Scraped:
        if loop.state.error != error:
            self._log.warning("scrape of %s failed: %s", loop.target.url, error)
        scraped = loop.series.fail(loop.now_ms, took_s)
        self._note(loop, "down", error, took_s)
        return scraped

    def _note(self, loop: Loop, health: str, error: str, took_s: float) -> None:
        loop.state = State(health, error, loop.now_ms * 1_000_000, took_s)
        with loop.lock:
            loop.in_flight = False

    def _hand_on(self, done: Sequence[Scraped]) -> None:
        try:
            self._sink(done)
        except Exception:  # noqa: BLE001 - the next one must come
            self._log.exception("samples of %d scrapes are lost", len(done))

    def _now_ms(self) -> int:
        return self._clock.time_ns() // 1_000_000


def relabellings(job: Job) -> Mapping[str, Relabelling]:
    """Those of targets and of series."""
    return {
        "targets": Relabelling(job.config.relabel_configs, job.names),
        "series": Relabelling(job.config.metric_relabel_configs, job.names),
    }
