"""Keeps a bucket up to date with a store, in the background."""

from collections.abc import Callable

from ....component import Clock
from ..manifest import S, State
from .publisher import EVERY_S, Publisher


class Publishing:
    """Of one store. One life: made → works → `close` → `last`."""

    def __init__(
        self, publisher: "Publisher[S] | None", state: Callable[[], State[S]], clock: Clock, name: str
    ) -> None:
        """Does nothing without a publisher. `name`: of the thread."""
        self._attempt = (lambda: publisher.attempt(state())) if publisher else None
        self._timer = clock.timer(self._tick, name)
        if self._attempt:
            self._timer.start(EVERY_S)

    def close(self, timeout_s: float | None) -> None:
        """End the background's work."""
        self._timer.close(timeout_s)

    def last(self) -> None:
        """Once more, after the store has written its last."""
        if self._attempt:
            self._attempt()

    def _tick(self) -> None:
        assert self._attempt
        self._attempt()
        self._timer.start(EVERY_S)
