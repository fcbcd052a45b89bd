"""Work that fails is tried again after a pause that doubles up to a limit; the first success ends that.

It is told once, not at each try: a disk that is full for a night fills no log as well.
"""

from ...component import Clock


class Backoff:
    """Of one kind of work; one thread at a time."""

    def __init__(self, clock: Clock, first_s: float, longest_s: float) -> None:
        self._clock = clock
        self._first_s = first_s
        self._longest_s = longest_s
        self._pause_s = first_s
        self._reason = ""
        self.until = clock.monotonic()
        """The end of the pause, in monotonic seconds."""

    @property
    def is_over(self) -> bool:
        """Whether the work may be tried."""
        return self._clock.monotonic() >= self.until

    def failed(self, reason: str) -> bool:
        """A pause begins; whether this is to be told: it is the first failure, or has another reason than the last."""
        news, self._reason = reason != self._reason, reason
        self.until = self._clock.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, self._longest_s)
        return news

    def succeeded(self) -> bool:
        """Whether it had failed before."""
        failed, self._reason = bool(self._reason), ""
        self._pause_s, self.until = self._first_s, self._clock.monotonic()
        return failed
