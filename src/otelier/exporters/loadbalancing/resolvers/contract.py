"""What a resolver is, and the one that asks again and again."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from ....component import Context


class Listener(Protocol):
    """Told of every lookup."""

    def resolved(self, endpoints: Sequence[str]) -> None:
        """All backends as they are now: `host` or `host:port`."""
        ...

    def unresolved(self, error: str) -> None:
        """A lookup failed."""
        ...


class Resolver(Protocol):
    """Finds backends until it is stopped."""

    def start(self) -> None:
        """Look for the first time; returns when that is done, or after a while."""
        ...

    def stop(self) -> None:
        """Look no more."""
        ...


class Poll:
    """Looks up on a thread of its own, at once and after each interval."""

    def __init__(
        self, ctx: Context, interval_s: float, look_up: Callable[[], Sequence[str]], listener: Listener
    ) -> None:
        """`look_up` raises OSError."""
        self._interval_s = interval_s
        self._look_up = look_up
        self._listener = listener
        self._log = ctx.log
        self._stopped = threading.Event()
        self._timer = ctx.clock.timer(self._look, f"otelier:{ctx.id}:resolver")

    def start(self) -> None:
        """The first lookup is the caller's."""
        self._look()

    def stop(self) -> None:
        """Again does nothing."""
        self._stopped.set()
        self._timer.close(0)

    def _look(self) -> None:
        try:
            self._listener.resolved(self._look_up())
        except OSError as error:
            self._listener.unresolved(str(error))
        except Exception as error:  # noqa: BLE001 - the next lookup must come
            self._log.exception("the resolver has a defect, and tries again")
            self._listener.unresolved(str(error))
        if not self._stopped.is_set():
            self._timer.start(self._interval_s)
