"""A native histogram with float counts, as the engine calculates with it.

Buckets are sparse: index to count, sorted, no zero counts. Bucket `i` of an exponential schema holds
`base**(i-1) < value <= base**i` with `base = 2**(2**-schema)`; negative buckets mirror that. With custom buckets
(schema -53), bucket `i` ends at `bounds[i]`, the last has no end.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

Hint: TypeAlias = Literal["unknown", "reset", "not_reset", "gauge"]
"""What is known about a counter reset between the sample before and this one."""
Buckets: TypeAlias = Mapping[int, float]

CUSTOM = -53
_NONE: Buckets = {}
_LARGEST = 1.7976931348623157e308


class Bucket(NamedTuple):
    """Where a bucket begins and ends, and how much is in it."""

    lower: float
    upper: float
    population: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """Never changed; calculations answer new ones."""

    schema: int = 0
    count: float = 0.0
    sum: float = 0.0
    zero_count: float = 0.0
    zero_threshold: float = 0.0
    positive: Buckets = field(default_factory=dict[int, float])
    negative: Buckets = field(default_factory=dict[int, float])
    bounds: tuple[float, ...] = ()
    hint: Hint = "unknown"

    @property
    def custom(self) -> bool:
        """It has custom buckets."""
        return self.schema == CUSTOM

    def hinted(self, hint: Hint) -> "Histogram":
        """The same with another hint."""
        return self if self.hint == hint else replace(self, hint=hint)

    def bucket(self, index: int, count: float) -> Bucket:
        """A positive bucket."""
        if self.custom:
            lower = self.bounds[index - 1] if index > 0 else -math.inf
            upper = self.bounds[index] if index < len(self.bounds) else math.inf
            return Bucket(lower, upper, count)
        return Bucket(bound(index - 1, self.schema), bound(index, self.schema), count)

    def mirrored(self, index: int, count: float) -> Bucket:
        """A negative bucket."""
        return Bucket(-bound(index, self.schema), -bound(index - 1, self.schema), count)

    def ascending(self) -> Iterator[Bucket]:
        """All buckets with something in them, lowest first; the zero bucket cuts what overlaps with it."""
        threshold = self.zero_threshold
        for index in reversed(tuple(self.negative)):
            each = self.mirrored(index, self.negative[index])
            yield each._replace(upper=-threshold) if each.lower < -threshold < each.upper else each
        if self.zero_count > 0:
            yield Bucket(-threshold, threshold, self.zero_count)
        for index, count in self.positive.items():
            each = self.bucket(index, count)
            cut = not self.custom and each.lower < threshold < each.upper
            yield each._replace(lower=threshold) if cut else each

    def same(self, other: "Histogram") -> bool:
        """Equal as data: every count, bit by bit. The hint does not count."""
        return (
            self.schema == other.schema
            and _alike(self.count, other.count)
            and _alike(self.sum, other.sum)
            and self.bounds == other.bounds
            and self.zero_threshold == other.zero_threshold
            and _alike(self.zero_count, other.zero_count)
            and _same_buckets(self.positive, other.positive)
            and _same_buckets(self.negative, other.negative)
        )


def compact(buckets: Buckets) -> Buckets:
    """Sorted and without empty ones."""
    return {index: buckets[index] for index in sorted(buckets) if buckets[index] != 0}


@lru_cache(maxsize=4096)
def bound(index: int, schema: int) -> float:
    """The upper end of bucket `index` of an exponential schema."""
    if schema <= 0:
        power = index << -schema
        if power >= 1024:
            return _LARGEST if power == 1024 else math.inf
        return math.ldexp(1.0, max(power, -1100))
    whole, part = index >> schema, index & ((1 << schema) - 1)
    if part == 0 and whole == 1024:
        return _LARGEST
    if whole >= 1024:
        return math.inf
    return math.ldexp(2.0 ** (part / (1 << schema)), max(whole, -1100))


def _alike(left: float, right: float) -> bool:
    return left == right or (math.isnan(left) and math.isnan(right))


def _same_buckets(left: Buckets, right: Buckets) -> bool:
    return left.keys() == right.keys() and all(_alike(count, right[index]) for index, count in left.items())
