"""`</` and `>/`: what is left of a native histogram below or above a value.

A bucket that the value cuts is divided as quantiles divide it; one that reaches to infinity can't be divided. The new
sum is estimated from the middles of what is left.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from .model import Bucket, Buckets, Histogram, compact


def trimmed(histogram: Histogram, value: float, *, keep_below: bool) -> Histogram:
    """The histogram itself if nothing was cut off."""
    positive, count, total = _side(histogram.positive, histogram.bucket, value, keep_below, histogram.custom, 1)
    negative, other, more = _side(histogram.negative, histogram.mirrored, value, keep_below, histogram.custom, -1)
    count, total = count + other, total + more
    zero = histogram.zero_count
    if zero > 0:
        zero, middle = _zero_bucket(histogram, value, keep_below)
        count, total = count + zero, total + middle * zero
    if (positive, negative, zero) == (histogram.positive, histogram.negative, histogram.zero_count):
        return histogram
    return replace(
        histogram, positive=compact(positive), negative=compact(negative), zero_count=zero, count=count, sum=total
    )


def _side(
    buckets: Buckets, at: Callable[[int, float], Bucket], value: float, keep_below: bool, custom: bool, sign: int
) -> tuple[Buckets, float, float]:
    kept: dict[int, float] = {}
    count, total = 0.0, 0.0
    for index, population in buckets.items():
        bucket = at(index, population)
        inside = bucket.upper <= value if keep_below else bucket.lower >= value
        cut = bucket.lower < value if keep_below else bucket.upper > value
        if inside:
            left, middle = population, _middle(bucket.lower, bucket.upper, custom, sign)
        elif cut:
            left, middle = _cut(bucket, value, keep_below, custom, sign)
        else:
            continue
        kept[index] = left
        count, total = count + left, total + middle * left
    return {index: left for index, left in kept.items() if left != 0}, count, total


def _cut(bucket: Bucket, value: float, keep_below: bool, custom: bool, sign: int) -> tuple[float, float]:
    """What is left of a bucket that holds the value, and the middle of that."""
    if math.isinf(bucket.lower):
        return _cut_without_begin(bucket, value, keep_below)
    if math.isinf(bucket.upper):
        # Nobody knows where in it the observations are.
        return (bucket.population, value) if not keep_below and value >= bucket.lower else (0.0, 0.0)
    if custom:
        share = (value - bucket.lower) / (bucket.upper - bucket.lower)
    else:
        low, high, at = (math.log2(abs(each)) for each in (bucket.lower, bucket.upper, value))
        share = (at - low) / (high - low) if sign > 0 else 1 - (at - high) / (low - high)
    under = bucket.population * share
    if keep_below:
        return under, _middle(bucket.lower, value, custom, sign)
    return bucket.population - under, _middle(value, bucket.upper, custom, sign)


def _cut_without_begin(bucket: Bucket, value: float, keep_below: bool) -> tuple[float, float]:
    """A first custom bucket; if it ends above zero, it is taken to begin there."""
    finite = 0 < bucket.upper < math.inf
    if keep_below:
        if value > 0 and finite:
            return bucket.population * value / bucket.upper, value / 2
        return (bucket.population, value) if bucket.upper <= 0 else (0.0, 0.0)
    if value <= bucket.lower:
        return bucket.population, 0.0
    if value >= 0 and finite:
        return bucket.population * (1 - value / bucket.upper), (value + bucket.upper) / 2
    return 0.0, 0.0


def _zero_bucket(histogram: Histogram, value: float, keep_below: bool) -> tuple[float, float]:
    lower, upper = -histogram.zero_threshold, histogram.zero_threshold
    if histogram.negative and not histogram.positive:
        upper = 0.0
    if histogram.positive and not histogram.negative:
        lower = 0.0
    if value <= lower or value >= upper:
        whole = value >= upper if keep_below else value <= lower
        return (histogram.zero_count, (lower + upper) / 2) if whole else (0.0, 0.0)
    low, high = (lower, value) if keep_below else (value, upper)
    return histogram.zero_count * (high - low) / (upper - lower), (low + high) / 2


def _middle(lower: float, upper: float, custom: bool, sign: int) -> float:
    if math.isinf(lower):
        if math.isinf(upper):
            return 0.0
        return upper / 2 if upper > 0 else upper
    if math.isinf(upper):
        return lower
    return (lower + upper) / 2 if custom else sign * math.sqrt(abs(lower * upper))
