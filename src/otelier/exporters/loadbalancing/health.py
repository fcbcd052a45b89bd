"""Which backends work. One that nothing has reached for a while is out, until a probe finds it again.

An answer counts as reached, even a refusing one: who is overloaded must not shift its load on the others as well.
"""

import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ...component import Context
from .settings import HealthSettings

_SIDE_BY_SIDE = 16
_STOP_WAIT_S = 0.5
"""Probes must not use up the time of the stop."""


@dataclass(slots=True)
class _State:
    failing_since: float | None = None
    failures: int = 0
    """Since anything worked."""
    out_since: float | None = None
    why: str = ""


class Health:
    """Told of sends, asked who is out."""

    def __init__(
        self,
        ctx: Context,
        settings: HealthSettings,
        probe: Callable[[str, str, float, bool], str],
        changed: Callable[[], None],
    ) -> None:
        """`probe` (endpoint, kind, seconds, whether over a new connection) says why a backend doesn't work; `changed`:
        others are out than before."""
        self._clock = ctx.clock
        self._log = ctx.log
        self._settings = settings
        self._probe = probe
        self._changed = changed
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}
        self._due: float | None = None
        self._timer = ctx.clock.timer(self._look, f"otelier:{ctx.id}:health")

    @property
    def out(self) -> frozenset[str]:
        """Endpoints that must not be used."""
        with self._lock:
            return frozenset(endpoint for endpoint, state in self._states.items() if state.out_since is not None)

    def watch(self, endpoints: Collection[str]) -> None:
        """These are the backends from now on."""
        with self._lock:
            self._states = {endpoint: self._states.get(endpoint) or _State() for endpoint in endpoints}
            if self._settings.probe != "none":
                self._call_by(self._clock.monotonic() + self._settings.interval)

    def heard(self, endpoint: str, answered: bool) -> None:
        """A send to a backend has ended, with an answer or without."""
        with self._lock:
            state = self._states.get(endpoint)
            if state is None or (answered and state.failing_since is None):
                return
            self._note(state, "" if answered else "sends have no answer")

    def stop(self) -> None:
        """Look no more; a probe that is under way for long ends by itself."""
        self._timer.close(_STOP_WAIT_S)

    def _note(self, state: _State, trouble: str) -> None:
        now = self._clock.monotonic()
        if not trouble:
            if state.out_since is None:
                state.failing_since, state.failures = None, 0
            return
        state.why = trouble
        state.failures += 1
        if state.failing_since is None:
            state.failing_since = now
        if self._settings.leave_after and state.out_since is None:
            self._call_by(state.failing_since + self._settings.leave_after)

    def _call_by(self, due: float) -> None:
        if self._due is None or due < self._due:
            self._due = due
            self._timer.start(max(due - self._clock.monotonic(), 0))

    def _look(self) -> None:
        with self._lock:
            self._due = None
            states = self._states.copy()
        # Side by side: each may ask, and one that doesn't answer must not keep the others in the ring.
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            changed = list(pool.map(self._look_at, states.keys(), states.values()))
        if any(changed):
            self._changed()
        with self._lock:
            dues = [due for state in self._states.values() if (due := self._next_look(state)) is not None]
            if dues:
                self._call_by(min(dues))

    def _look_at(self, endpoint: str, state: _State) -> bool:
        """Whether the backend has left or come back."""
        settings, now = self._settings, self._clock.monotonic()
        if state.out_since is not None:
            if now < state.out_since + settings.return_after or self._ask(endpoint, anew=True):
                return False
            with self._lock:
                state.failing_since, state.failures, state.out_since = None, 0, None
            self._log.info("%s works again and comes back into the ring", endpoint)
            return True
        if settings.probe != "none":
            trouble = self._ask(endpoint)
            with self._lock:
                self._note(state, trouble)
        since = state.failing_since
        if not settings.leave_after or since is None or now < since + settings.leave_after:
            return False
        # A single send that failed may be the send's fault.
        if state.failures < 2 and not self._ask(endpoint):
            return False
        with self._lock:
            state.out_since = now
        self._log.warning("%s leaves the ring after %.1f s of failures: %s", endpoint, now - since, state.why)
        return True

    def _ask(self, endpoint: str, *, anew: bool = False) -> str:
        kind = "connect" if self._settings.probe == "none" else self._settings.probe
        return self._probe(endpoint, kind, self._settings.timeout, anew)

    def _next_look(self, state: _State) -> float | None:
        now = self._clock.monotonic()
        if state.out_since is not None:
            return max(state.out_since + self._settings.return_after, now + self._settings.interval)
        if self._settings.probe != "none":
            return now + self._settings.interval
        if state.failing_since is None or not self._settings.leave_after:
            return None
        return max(state.failing_since + self._settings.leave_after, now + self._settings.interval)
