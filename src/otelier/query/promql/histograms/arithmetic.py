"""Adding, subtracting and scaling of native histograms.

Two exponential histograms meet at the lower resolution and the wider zero bucket, two with custom buckets at the bounds
that both have. An exponential one and one with custom buckets never meet.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from .model import CUSTOM, Buckets, Hint, Histogram, bound, compact


class IncompatibleSchemas(Exception):  # noqa: N818 - says what is wrong
    """Exponential buckets met custom buckets."""


@dataclass(frozen=True, slots=True)
class Met:
    """A result. `collision`: one had a reset, the other had none. `reconciled`: custom bounds differed."""

    histogram: Histogram
    collision: bool = False
    reconciled: bool = False


def add(left: Histogram, right: Histogram) -> Met:
    """Raises IncompatibleSchemas."""
    return _combined(left, right, lambda a, b: a + b)


def subtract(left: Histogram, right: Histogram) -> Met:
    """Raises IncompatibleSchemas."""
    return _combined(left, right, lambda a, b: a - b)


def scaled(histogram: Histogram, factor: float) -> Histogram:
    """Everything multiplied."""
    return _each(histogram, lambda value: value * factor, negative=factor < 0)


def divided(histogram: Histogram, divisor: float) -> Histogram:
    """Everything divided; a division by zero leaves no buckets."""
    if divisor == 0:
        plain = replace(histogram, positive={}, negative={})
        return _each(
            plain, lambda value: math.nan if value == 0 or math.isnan(value) else value * math.inf, negative=False
        )
    return _each(histogram, lambda value: value / divisor, negative=divisor < 0)


def overflown(histogram: Histogram) -> bool:
    """Some part is infinite."""
    values = (histogram.count, histogram.sum, histogram.zero_count)
    return any(map(math.isinf, (*values, *histogram.positive.values(), *histogram.negative.values())))


def at_schema(histogram: Histogram, schema: int) -> Histogram:
    """At a lower resolution."""
    if histogram.custom or schema >= histogram.schema:
        return histogram
    steps = histogram.schema - schema
    return replace(
        histogram,
        schema=schema,
        positive=_merged(histogram.positive, steps),
        negative=_merged(histogram.negative, steps),
    )


def met(left: Histogram, right: Histogram) -> tuple[Histogram, Histogram, bool]:
    """Both in the layout in which they can be compared bucket by bucket, and whether custom bounds had to change."""
    if left.custom != right.custom:
        raise IncompatibleSchemas
    if left.custom:
        if left.bounds == right.bounds:
            return left, right, False
        shared = tuple(sorted(set(left.bounds) & set(right.bounds)))
        return _at_bounds(left, shared), _at_bounds(right, shared), True
    schema = min(left.schema, right.schema)
    while left.zero_threshold != right.zero_threshold:
        if left.zero_threshold < right.zero_threshold:
            left = widened(left, right.zero_threshold)
        else:
            right = widened(right, left.zero_threshold)
    return at_schema(left, schema), at_schema(right, schema), False


def widened(histogram: Histogram, threshold: float) -> Histogram:
    """With a zero bucket that reaches at least to `threshold` and cuts no populated bucket."""
    if threshold == histogram.zero_threshold:
        return histogram
    while (reached := _reach(histogram, threshold)) != threshold:
        threshold = reached
    zero_count = histogram.zero_count
    kept: list[Buckets] = []
    for buckets in (histogram.positive, histogram.negative):
        inside = [index for index in buckets if bound(index - 1, histogram.schema) < threshold]
        zero_count += sum(buckets[index] for index in inside)
        kept.append({index: count for index, count in buckets.items() if index not in inside})
    return replace(
        histogram, zero_count=zero_count, zero_threshold=threshold, positive=kept[0], negative=kept[1]
    )  # fmt: skip


def joint_hint(left: Hint, right: Hint) -> tuple[Hint, bool]:
    """What is known of a combination, and whether the two contradict each other."""
    if left == right:
        return left, False
    if "gauge" in (left, right):
        return "gauge", False
    if "unknown" in (left, right):
        return "unknown", False
    return "unknown", True


def _combined(left: Histogram, right: Histogram, operation: Callable[[float, float], float]) -> Met:
    hint, collision = joint_hint(left.hint, right.hint)
    one, other, reconciled = met(left, right)
    result = replace(
        one,
        count=operation(one.count, other.count),
        sum=operation(one.sum, other.sum),
        zero_count=operation(one.zero_count, other.zero_count),
        positive=_pairwise(one.positive, other.positive, operation),
        negative=_pairwise(one.negative, other.negative, operation),
        hint=hint,
    )
    return Met(result, collision, reconciled)


def _pairwise(left: Buckets, right: Buckets, operation: Callable[[float, float], float]) -> Buckets:
    return compact({index: operation(left.get(index, 0.0), right.get(index, 0.0)) for index in {**left, **right}})


def _each(histogram: Histogram, operation: Callable[[float], float], *, negative: bool) -> Histogram:
    return replace(
        histogram,
        count=operation(histogram.count),
        sum=operation(histogram.sum),
        zero_count=operation(histogram.zero_count),
        positive=compact({index: operation(count) for index, count in histogram.positive.items()}),
        negative=compact({index: operation(count) for index, count in histogram.negative.items()}),
        hint="gauge" if negative else histogram.hint,
    )


def _merged(buckets: Buckets, steps: int) -> Buckets:
    merged: dict[int, float] = {}
    for index, count in buckets.items():
        wider = ((index - 1) >> steps) + 1
        merged[wider] = merged.get(wider, 0.0) + count
    return compact(merged)


def _at_bounds(histogram: Histogram, bounds: tuple[float, ...]) -> Histogram:
    moved: dict[int, float] = {}
    for index, count in histogram.positive.items():
        upper = histogram.bucket(index, count).upper
        target = next((number for number, each in enumerate(bounds) if each >= upper), len(bounds))
        moved[target] = moved.get(target, 0.0) + count
    return replace(histogram, schema=CUSTOM, bounds=bounds, positive=compact(moved))


def _reach(histogram: Histogram, threshold: float) -> float:
    """The upper end of a populated bucket that the threshold would cut, or the threshold."""
    for buckets in (histogram.positive, histogram.negative):
        for index in buckets:
            if bound(index - 1, histogram.schema) < threshold < (upper := bound(index, histogram.schema)):
                return upper
    return threshold
