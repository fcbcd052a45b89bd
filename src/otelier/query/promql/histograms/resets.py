"""Whether a counter was reset between two samples of a native histogram."""

from .arithmetic import met, widened
from .model import Buckets, Histogram


def was_reset(current: Histogram, before: Histogram) -> bool:
    """By the hint, if it says so; otherwise if some count is smaller, or a layout came that only a restart brings."""
    if current.hint in ("reset", "not_reset"):
        return current.hint == "reset"
    if current.count < before.count:
        return True
    if current.custom:
        return not before.custom or _smaller(*met(current, before)[:2])
    if before.custom or current.schema > before.schema or current.zero_threshold < before.zero_threshold:
        return True
    before = widened(before, current.zero_threshold)
    if before.zero_threshold != current.zero_threshold:
        return True
    return current.zero_count < before.zero_count or _smaller(*met(current, before)[:2])


def as_statistics(histogram: Histogram, before: Histogram | None) -> Histogram:
    """Count and sum alone, with a hint that the buckets would have told."""
    hint = histogram.hint
    if hint == "unknown" and before is not None:
        hint = "reset" if was_reset(histogram, before) else "not_reset"
    return Histogram(histogram.schema, histogram.count, histogram.sum, hint=hint)


def _smaller(current: Histogram, before: Histogram) -> bool:
    return _less(current.positive, before.positive) or _less(current.negative, before.negative)


def _less(current: Buckets, before: Buckets) -> bool:
    return any(current.get(index, 0.0) < count for index, count in before.items())
