"""Samples as a remote write request (1.0, not compressed): what rules send to the process that takes metrics in.

Histograms are written as native ones with float counts. Field numbers: Prometheus's prompb/types.proto.
"""

from collections.abc import Sequence

from ..query.promql.histograms import Histogram
from ..query.promql.labels import Labels
from ..wire.prometheus.read import histogram
from ..wire.protobuf import double, integer, length_delimited
from .group import Sample


def write_request(samples: Sequence[Sample]) -> bytes:
    """One series for each sample."""
    return b"".join(length_delimited(1, _series(*each)) for each in samples)


def _series(labels: Labels, time_ms: int, value: float | Histogram) -> bytes:
    named = b"".join(length_delimited(1, _text(1, name) + _text(2, text)) for name, text in labels)
    if isinstance(value, Histogram):
        return named + histogram(time_ms, value)
    return named + length_delimited(2, double(1, value) + integer(2, time_ms))


def _text(field: int, text: str) -> bytes:
    return length_delimited(field, text.encode(errors="surrogateescape"))
