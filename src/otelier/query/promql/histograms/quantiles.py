"""Quantiles and fractions of native histograms.

Between the ends of an exponential bucket values are taken to be spread evenly on a logarithmic scale, in the zero
bucket and in custom buckets evenly. A histogram with only positive buckets has nothing below zero, one with only
negative buckets nothing above.
"""

import math
from typing import Literal

from .model import Bucket, Histogram

Remark = Literal["", "nan", "skewed"]
"""Observations of NaN: the quantile lies among them, or they shift it."""


def quantile(phi: float, histogram: Histogram) -> tuple[float, Remark]:
    """The value below which `phi` of the observations are."""
    if phi < 0:
        return -math.inf, ""
    if phi > 1:
        return math.inf, ""
    if histogram.count == 0 or math.isnan(phi):
        return math.nan, ""
    unordered = math.isnan(histogram.sum)
    forward = unordered or phi < 0.5
    buckets = list(histogram.ascending())
    if not forward:
        buckets.reverse()
    rank = (phi if forward else 1 - phi) * histogram.count
    bucket, reached = Bucket(0.0, 0.0, 0.0), 0.0
    for bucket in buckets:
        reached += bucket.population
        if reached >= rank:
            break
    bucket = _bounded(bucket, histogram)
    if histogram.custom and (infinite := _at_infinity(bucket)) is not None:
        return infinite, ""
    reached = min(reached, histogram.count)
    if reached < rank:
        return (math.nan, "nan") if unordered else (bucket.upper, "")
    rank = rank - (reached - bucket.population) if forward else reached - rank
    remark: Remark = "skewed" if unordered and sum(each.population for each in buckets) < histogram.count else ""
    return _within(bucket, rank / bucket.population if bucket.population else math.nan, histogram), remark


def fraction(lower: float, upper: float, histogram: Histogram) -> tuple[float, bool]:
    """How much of the observations lies between two values, and whether NaN observations were left out."""
    if histogram.count == 0 or math.isnan(lower) or math.isnan(upper):
        return math.nan, False
    if lower >= upper:
        return 0.0, False
    total = sum(each.population for each in histogram.ascending())
    unordered = math.isnan(histogram.sum)
    count = total if unordered else histogram.count
    below, above = min(_rank(lower, histogram, count), count), min(_rank(upper, histogram, count), count)
    return (above - below) / histogram.count, unordered and total < histogram.count


def variance(histogram: Histogram) -> float:
    """Of observations that all lie in the middle of their buckets."""
    if histogram.count == 0:
        return math.nan
    mean = histogram.sum / histogram.count
    deviations = [each.population * (_middle(each, histogram) - mean) ** 2 for each in histogram.ascending()]
    total = math.fsum(deviations) if all(map(math.isfinite, deviations)) else sum(deviations)
    return total / histogram.count


def _rank(value: float, histogram: Histogram, count: float) -> float:
    """How many observations lie below a value."""
    rank = 0.0
    for each in histogram.ascending():
        zero = each.lower <= 0 <= each.upper
        bucket = _bounded(each, histogram) if zero else each
        if bucket.lower >= value:
            return rank
        if bucket.upper > value:
            if not (histogram.custom or zero):
                return rank + bucket.population * _logarithmic(bucket, value)
            if bucket.lower == -math.inf:
                return bucket.population
            return rank + bucket.population * (value - bucket.lower) / (bucket.upper - bucket.lower)
        rank += bucket.population
    return count


def _bounded(bucket: Bucket, histogram: Histogram) -> Bucket:
    """Around zero, without the side on which nothing was observed."""
    if bucket.lower <= 0 <= bucket.upper and not (histogram.custom and bucket.lower == -math.inf):
        if histogram.positive and not histogram.negative:
            return bucket if histogram.custom else bucket._replace(lower=0.0)
        if histogram.negative and not histogram.positive:
            return bucket._replace(upper=0.0)
    if histogram.custom and bucket.lower == -math.inf and bucket.upper > 0:
        return bucket._replace(lower=0.0)
    return bucket


def _at_infinity(bucket: Bucket) -> float | None:
    if bucket.lower == -math.inf:
        return bucket.upper
    return bucket.lower if bucket.upper == math.inf else None


def _within(bucket: Bucket, share: float, histogram: Histogram) -> float:
    """The value so far into a bucket."""
    if histogram.custom or bucket.lower <= 0 <= bucket.upper:
        return bucket.lower + (bucket.upper - bucket.lower) * share
    low, high = math.log2(abs(bucket.lower)), math.log2(abs(bucket.upper))
    if bucket.lower > 0:
        return 2.0 ** (low + (high - low) * share)
    return -(2.0 ** (high + (low - high) * (1 - share)))


def _logarithmic(bucket: Bucket, value: float) -> float:
    """How far into an exponential bucket a value lies, 0 to 1."""
    low, high, at = (math.log2(abs(each)) for each in (bucket.lower, bucket.upper, value))
    return (at - low) / (high - low) if value > 0 else 1 - (at - high) / (low - high)


def _middle(bucket: Bucket, histogram: Histogram) -> float:
    if histogram.custom:
        return (bucket.lower + bucket.upper) / 2
    if bucket.lower <= 0 <= bucket.upper:
        return 0.0
    middle = math.sqrt(bucket.lower * bucket.upper)
    return -middle if bucket.upper < 0 else middle
