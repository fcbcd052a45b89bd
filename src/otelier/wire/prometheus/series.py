"""Series with what is new of them, as remote write carries them."""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""(name, value), in the order of their names; `__name__` is one of them."""


class Sample(NamedTuple):
    """A value at a time."""

    value: float
    timestamp_ms: int


class Exemplar(NamedTuple):
    """A measurement with the span that it belongs to."""

    labels: Labels
    value: float
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class NativeHistogram:
    """A histogram with sparse buckets, integer counts, `deltas` between neighbours."""

    timestamp_ms: int
    count: int
    sum: float
    schema: int
    zero_threshold: float = 0.0
    zero_count: int = 0
    positive: tuple[tuple[tuple[int, int], ...], tuple[int, ...]] = ((), ())
    """Spans (gap to the one before, length), and the deltas of all their buckets."""
    negative: tuple[tuple[tuple[int, int], ...], tuple[int, ...]] = ((), ())
    custom_bounds: tuple[float, ...] = ()
    """Upper bounds, for schema -53."""
    gauge: bool = False


@dataclass(slots=True)
class Series:
    """What is new of one series."""

    labels: Labels
    samples: list[Sample] = field(default_factory=list[Sample])
    exemplars: list[Exemplar] = field(default_factory=list[Exemplar])
    histograms: list[NativeHistogram] = field(default_factory=list[NativeHistogram])
    family: str = ""
    """Name of the metric that it belongs to."""
    points: int = 0
    """Data points that are counted here: of those that make several series, each is by one of them."""


class Family(NamedTuple):
    """What is said of a metric as a whole."""

    name: str
    type: int
    """As in remote write: 0 unknown, 1 counter, 2 gauge, 3 histogram, 4 gauge histogram, 5 summary, 6 info."""
    help: str
    unit: str
