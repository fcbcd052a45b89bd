"""What is deleted: whole segments, the oldest first, by the time since they were written and by the bytes of all.

Time is that of arrival. What spans say of themselves may be years off in either direction, and must neither be deleted
at once nor be kept for ever. The machine's clock may jump, too: deleting too late can be undone, too early can't.

Where some traces are important, a segment that is due is first thinned to these, and deleted later.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Due:
    """What retention wants now: path → reason, `age` or `size`."""

    delete: dict[str, str]
    thin: dict[str, str]
    """Of these only what is important is to stay."""


def due(segments: Iterable[Segment], now_ns: int, settings: RetentionSettings) -> Due:
    """What is to be deleted, and thinned."""
    newest_first = list(reversed(list(ages(segments, now_ns))))
    important = settings.important
    if important is None:
        return Due(_over(newest_first, settings.max_age, settings.max_bytes), {})
    ordinary = [each for each in newest_first if not each[0].important]
    delete = _over((each for each in newest_first if each[0].important), important.max_age, settings.max_bytes // 2)
    thin = dict[str, str]()
    excess = sum(each.bytes for each, _ in newest_first if each.path not in delete) - settings.max_bytes
    for segment, age_ns in reversed(ordinary):
        if _is_over(age_ns, important.max_age):
            delete[segment.path] = "age"
        elif _is_over(age_ns, settings.max_age):
            thin[segment.path] = "age"
        elif settings.max_bytes and excess > 0:
            thin[segment.path] = "size"
        excess -= segment.bytes
    return Due(delete, thin)


def _over(newest_first: Iterable[tuple[Segment, int]], max_age: float, max_bytes: int) -> dict[str, str]:
    total, found = 0, dict[str, str]()
    for segment, age_ns in newest_first:
        total += segment.bytes
        if _is_over(age_ns, max_age):
            found[segment.path] = "age"
        elif 0 < max_bytes < total:
            found[segment.path] = "size"
    return found


def _is_over(age_ns: int, max_age: float) -> bool:
    return bool(max_age) and age_ns > max_age * 1e9
