"""Histograms as text, as `count_values` writes them into a label."""

from ..numbers import general
from .model import Bucket, Histogram


def histogram_text(histogram: Histogram) -> str:
    """`{count:4, sum:5, (0.5,1]:1, …}`."""
    parts = [f"count:{general(histogram.count)}", f"sum:{general(histogram.sum)}"]
    below = reversed(tuple(histogram.negative))
    parts += [_bucket(histogram.mirrored(index, histogram.negative[index]), "[", ")") for index in below]
    if histogram.zero_count != 0:
        threshold = histogram.zero_threshold
        parts.append(_bucket(Bucket(-threshold, threshold, histogram.zero_count), "[", "]"))
    for index, count in histogram.positive.items():
        first = histogram.custom and index == 0
        parts.append(_bucket(histogram.bucket(index, count), "[" if first else "(", "]"))
    return "{" + ", ".join(parts) + "}"


def _bucket(bucket: Bucket, opening: str, closing: str) -> str:
    return f"{opening}{general(bucket.lower)},{general(bucket.upper)}{closing}:{general(bucket.population)}"
