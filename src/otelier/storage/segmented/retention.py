"""What is deleted: whole segments, the oldest first, by age and by the bytes of all. A `Kind` says what its age is.

The machine's clock may jump: deleting too late can be undone, too early can't.
"""

from collections.abc import Iterable
from typing import TypeVar

from ...component import Clock, Duration
from ..settings import RetentionSettings
from .manifest import Stored

S = TypeVar("S", bound=Stored)

_CATCHING_UP = 2
"""Retention's clock follows one that has jumped ahead at so many times the speed of real time."""


class RetentionClock:
    """The wall clock, but it never runs much faster than time does.

    A clock that is a day ahead for an hour costs an hour, not a day. After a suspend it needs as long to catch up.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now_ns = clock.time_ns()
        self._seen = clock.monotonic()

    def time_ns(self) -> int:
        """What retention takes for now, ns since 1970."""
        seen = self._clock.monotonic()
        ahead = self._now_ns + round((seen - self._seen) * _CATCHING_UP * 1e9)
        self._now_ns, self._seen = min(self._clock.time_ns(), ahead), seen
        return self._now_ns


def is_over(age_ns: int, max_age: Duration) -> bool:
    """Whether that age is too old; of 0 nothing is."""
    return bool(max_age) and age_ns > max_age * 1e9


def expired(ages: Iterable[tuple[S, int]], settings: RetentionSettings) -> dict[str, str]:
    """Path → reason (`age` or `size`) of what is to be deleted. `ages`: segments, the oldest first, with ages in ns."""
    total, due = 0, dict[str, str]()
    for segment, age_ns in reversed(list(ages)):
        total += segment.bytes
        if is_over(age_ns, settings.max_age):
            due[segment.path] = "age"
        elif 0 < settings.max_bytes < total:
            due[segment.path] = "size"
    return due
