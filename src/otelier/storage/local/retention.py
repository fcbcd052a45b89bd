"""Retention where some traces are important: a segment that is due is first thinned to these, and deleted later.

By time, and by size: then those that are not thinned yet go before others, the oldest first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..segmented.retention import expired, is_over
from ..settings import RetentionSettings, TelemetryRetention
from .manifest import Segment


@dataclass(frozen=True, slots=True)
class Due:
    """What retention wants now: path → reason, `age` or `size`."""

    delete: dict[str, str]
    thin: dict[str, str]
    """Of these only what is important is to stay."""


def due(ages: Iterable[tuple[Segment, int]], settings: TelemetryRetention) -> Due:
    """What is to be deleted, and thinned. `ages`: segments, the oldest first, with ages in ns."""
    oldest_first = list(ages)
    important = settings.important
    if important is None:
        return Due(expired(oldest_first, settings), {})
    thinned = RetentionSettings(max_age=important.max_age, max_bytes=settings.max_bytes // 2)
    delete = expired((each for each in oldest_first if each[0].important), thinned)
    thin = dict[str, str]()
    excess = sum(each.bytes for each, _ in oldest_first if each.path not in delete) - settings.max_bytes
    for segment, age_ns in oldest_first:
        if segment.important:
            continue
        if is_over(age_ns, important.max_age):
            delete[segment.path] = "age"
        elif is_over(age_ns, settings.max_age):
            thin[segment.path] = "age"
        elif settings.max_bytes and excess > 0:
            thin[segment.path] = "size"
        excess -= segment.bytes
    return Due(delete, thin)
