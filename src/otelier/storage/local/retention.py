"""What is deleted: whole segments, the oldest first, by the time since they were written and by the bytes of all.

Time is that of arrival. What spans say of themselves may be years off in either direction, and must neither be deleted
at once nor be kept for ever. The machine's clock may jump, too: deleting too late can be undone, too early can't.
"""

from collections.abc import Iterable, Iterator

from ...component import Clock
from .manifest import Segment
from .settings import RetentionSettings

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


def ages(segments: Iterable[Segment], now_ns: int) -> Iterator[tuple[Segment, int]]:
    """Each segment, oldest first, with the ns since it was written.

    One from the future (the clock was ahead) is as old as the oldest that was written after it.
    """
    oldest_after = 0
    found: list[tuple[Segment, int]] = []
    for segment in sorted(segments, key=lambda each: (each.generation, each.path), reverse=True):
        age = now_ns - segment.written_ns
        if age < 0:
            age = oldest_after
        oldest_after = max(oldest_after, age)
        found.append((segment, age))
    yield from reversed(found)


def expired(segments: Iterable[Segment], now_ns: int, settings: RetentionSettings) -> dict[str, str]:
    """Path → reason (`age` or `size`) of what is to be deleted."""
    total, due = 0, dict[str, str]()
    for segment, age_ns in reversed(list(ages(segments, now_ns))):
        total += segment.bytes
        if settings.max_age and age_ns > settings.max_age * 1e9:
            due[segment.path] = "age"
        elif 0 < settings.max_bytes < total:
            due[segment.path] = "size"
    return due
