"""Editors of histograms: exponential ones to explicit bounds, and buckets put together."""

import math
import random
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from opentelemetry.proto.metrics.v1.metrics_pb2 import Histogram, HistogramDataPoint

from ..frame import Frame
from ..values import OttlError
from .registry import editor

_Spread: TypeAlias = Callable[[float, float, int, list[float]], list[tuple[int, int]]]
"""(bounds of a bucket, its count, explicit bounds) to (explicit bucket, count)."""
_NEAR = 1e-12
_POWERS_END = 1024


@editor("convert_exponential_histogram_to_histogram", contexts=["metric"])
def convert_exponential_histogram_to_histogram(
    frame: Frame, distribution: Literal["upper", "midpoint", "uniform", "random"], explicit_bounds: list[float]
) -> None:
    """Make an exponential histogram one with these bounds; other metrics stay. Counts of zero and below are lost."""
    if not explicit_bounds:
        raise OttlError("explicit_bounds has to have a bound")
    metric = frame.metric.message
    if not metric.HasField("exponential_histogram"):
        return
    old = metric.exponential_histogram
    made = Histogram(
        data_points=[_converted(point, _SPREADS[distribution], explicit_bounds) for point in old.data_points]
    )
    made.aggregation_temporality = old.aggregation_temporality
    metric.histogram.CopyFrom(made)
    frame.metric.renew()
    frame.changed = True


def _converted(point: Any, spread: _Spread, bounds: list[float]) -> HistogramDataPoint:
    made = HistogramDataPoint(
        attributes=point.attributes,
        start_time_unix_nano=point.start_time_unix_nano,
        time_unix_nano=point.time_unix_nano,
        count=point.count,
        explicit_bounds=bounds,
        exemplars=point.exemplars,
        flags=point.flags,
    )
    for field in ("sum", "min", "max"):
        if point.HasField(field):
            setattr(made, field, getattr(point, field))
    counts = [0] * (len(bounds) + 1)
    width = math.ldexp(1, -point.scale)
    for at, count in enumerate(point.positive.bucket_counts):
        index = point.positive.offset + at
        for bucket, share in spread(_exp2(index * width), _exp2((index + 1) * width), count, bounds):
            counts[bucket] += share
    made.bucket_counts.extend(counts)
    return made


def _exp2(power: float) -> float:
    return math.exp2(power) if power < _POWERS_END else math.inf


def _bucket_of(value: float, bounds: list[float]) -> int:
    return next((at for at, bound in enumerate(bounds) if value <= bound), len(bounds))


def _upper(lower: float, upper: float, count: int, bounds: list[float]) -> list[tuple[int, int]]:
    return [(_bucket_of(upper, bounds), count)]


def _midpoint(lower: float, upper: float, count: int, bounds: list[float]) -> list[tuple[int, int]]:
    return [(_bucket_of((lower + upper) / 2, bounds), count)]


def _touched(lower: float, upper: float, bounds: list[float]) -> range:
    """The explicit buckets that have a part of it; the lower bound is no part."""
    first = next((at for at, bound in enumerate(bounds) if lower < bound), len(bounds))
    return range(first, _bucket_of(upper, bounds) + 1)


def _uniform(lower: float, upper: float, count: int, bounds: list[float]) -> list[tuple[int, int]]:
    touched = _touched(lower, upper, bounds)
    share, rest = divmod(count, len(touched))
    return [(bucket, share + (at < rest)) for at, bucket in enumerate(touched)]


def _random(lower: float, upper: float, count: int, bounds: list[float]) -> list[tuple[int, int]]:
    touched = _touched(lower, upper, bounds)
    cuts = sorted(random.randint(0, count) for _ in touched[1:])  # noqa: S311 - a spread, no secret
    ends = [*cuts, count]
    starts = [0, *cuts]
    return [(bucket, end - start) for bucket, start, end in zip(touched, starts, ends, strict=True)]


_SPREADS: dict[str, _Spread] = {"upper": _upper, "midpoint": _midpoint, "uniform": _uniform, "random": _random}


@editor("merge_histogram_buckets", contexts=["datapoint"])
def merge_histogram_buckets(frame: Frame, bound: float) -> None:
    """Take one bound away from a histogram's data point, so that the buckets beside it are one; others stay."""
    point = frame.datapoint.message
    if not isinstance(point, HistogramDataPoint):
        return
    bounds, counts = list(point.explicit_bounds), list(point.bucket_counts)
    at = next((at for at, each in enumerate(bounds) if abs(each - bound) < _NEAR), None)
    if at is None or len(counts) != len(bounds) + 1:
        return
    counts[at : at + 2] = [counts[at] + counts[at + 1]]
    del bounds[at]
    del point.explicit_bounds[:], point.bucket_counts[:]
    point.explicit_bounds.extend(bounds)
    point.bucket_counts.extend(counts)
    frame.changed = True
