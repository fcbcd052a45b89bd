"""Histograms and summaries as series: classic buckets, native histograms, quantiles."""

from bisect import bisect_left
from typing import TYPE_CHECKING

from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    SummaryDataPoint,
)

from .exemplars import exemplar
from .labels import NAME, STALE, STALE_BITS, bound_text, sealed, with_label
from .series import NativeHistogram, Sample, Series

if TYPE_CHECKING:
    from .translate import Translated

_MIN_SCALE, _MAX_SCALE = -4, 8
_ZERO_THRESHOLD = 1e-128
"""Where the data point gives none: what Prometheus itself takes."""
_CUSTOM_BUCKETS = -53
"""The schema of a native histogram whose bounds are listed."""
_MAX_GAP = 2
"""Empty buckets in a row up to this many are written out, more become a gap."""

_Layout = tuple[tuple[tuple[int, int], ...], tuple[int, ...]]


def classic(
    out: "Translated", name: str, labels: dict[str, str], point: HistogramDataPoint, at: int, ended: bool
) -> None:
    """`_sum`, `_count` and a cumulative `_bucket` for each bound."""
    if point.HasField("sum"):
        total = out.of(sealed(labels | {NAME: f"{name}_sum"}), name)
        total.samples.append(Sample(STALE if ended else point.sum, at))
    count = out.of(sealed(labels | {NAME: f"{name}_count"}), name)
    count.samples.append(Sample(STALE if ended else float(point.count), at))
    count.points += 1
    bare = sealed(labels | {NAME: f"{name}_bucket", "le": ""})
    bounds = list(point.explicit_bounds)
    buckets: list[Series] = []
    below = 0
    for bound, inside in zip(bounds, point.bucket_counts, strict=False):
        below += inside
        bucket = out.of(with_label(bare, "le", bound_text(bound)), name)
        bucket.samples.append(Sample(STALE if ended else float(below), at))
        buckets.append(bucket)
    last = out.of(with_label(bare, "le", "+Inf"), name)
    last.samples.append(Sample(STALE if ended else float(point.count), at))
    buckets.append(last)
    for found in point.exemplars:
        made = exemplar(found)
        buckets[min(bisect_left(bounds, made.value), len(buckets) - 1)].exemplars.append(made)


def custom(
    out: "Translated",
    name: str,
    labels: dict[str, str],
    point: HistogramDataPoint,
    at: int,
    ended: bool,
    *,
    counts: bool,
) -> None:
    """One native histogram with the bounds as they are; `counts`: for a data point."""
    layout = _layout(0, list(point.bucket_counts), 0, first=0)
    series = out.of(sealed(labels | {NAME: name}), name)
    series.histograms.append(
        NativeHistogram(
            at,
            STALE_BITS if ended else point.count,
            STALE if ended else point.sum,
            _CUSTOM_BUCKETS,
            positive=((), ()) if ended else layout,
            custom_bounds=tuple(point.explicit_bounds),
        )
    )
    series.exemplars += [exemplar(each) for each in point.exemplars]
    series.points += counts


def native(
    out: "Translated", name: str, labels: dict[str, str], point: ExponentialHistogramDataPoint, at: int, ended: bool
) -> str:
    """One native histogram. Answers why there can't be one; empty if there is."""
    if point.scale < _MIN_SCALE:
        return f"its scale {point.scale} is below {_MIN_SCALE}, the coarsest that Prometheus has"
    down = max(point.scale - _MAX_SCALE, 0)
    series = out.of(sealed(labels | {NAME: name}), name)
    series.histograms.append(
        NativeHistogram(
            at,
            STALE_BITS if ended else point.count,
            STALE if ended else point.sum,
            point.scale - down,
            point.zero_threshold or _ZERO_THRESHOLD,
            point.zero_count,
            _layout(point.positive.offset, list(point.positive.bucket_counts), down),
            _layout(point.negative.offset, list(point.negative.bucket_counts), down),
        )
    )
    series.exemplars += [exemplar(each) for each in point.exemplars]
    series.points += 1
    return ""


def summary(
    out: "Translated", name: str, labels: dict[str, str], point: SummaryDataPoint, at: int, ended: bool
) -> None:
    """`_sum`, `_count` and the quantiles."""
    for suffix, value in (("_sum", point.sum), ("_count", float(point.count))):
        series = out.of(sealed(labels | {NAME: name + suffix}), name)
        series.samples.append(Sample(STALE if ended else value, at))
        series.points += suffix == "_count"
    bare = sealed(labels | {NAME: name, "quantile": ""})
    for each in point.quantile_values:
        series = out.of(with_label(bare, "quantile", bound_text(each.quantile)), name)
        series.samples.append(Sample(STALE if ended else each.value, at))


def _layout(offset: int, counts: list[int], down: int, *, first: int = 1) -> _Layout:
    """Spans and deltas of dense buckets, `down` scales coarser.

    OTLP's bucket i ends where Prometheus's bucket i + 1 does (`first`).
    """
    merged: dict[int, int] = {}
    for at, count in enumerate(counts, offset):
        merged[(at >> down) + first] = merged.get((at >> down) + first, 0) + count
    filled = [index for index, count in merged.items() if count]
    if not filled:
        return (), ()
    spans: list[list[int]] = []
    deltas: list[int] = []
    before = 0
    end = 0
    for index in filled:
        if not spans:
            spans.append([index, 0])
        elif index - end > _MAX_GAP:
            spans.append([index - end, 0])
        else:
            for _ in range(end, index):
                deltas.append(-before)
                before = 0
                spans[-1][1] += 1
        deltas.append(merged[index] - before)
        before = merged[index]
        spans[-1][1] += 1
        end = index + 1
    return tuple((gap, length) for gap, length in spans), tuple(deltas)
