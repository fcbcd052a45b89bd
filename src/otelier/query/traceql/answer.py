"""Answers to TraceQL queries, without a format. The Python type of a value is its type."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

AnyValue: TypeAlias = "str | bool | int | float | tuple[AnyValue, ...] | None"
"""Durations (`1.2s`), kinds (`server`) and statuses (`error`) are texts; None: nil, as a group has it."""


class Attribute(NamedTuple):
    """Of a span (its key without scope, intrinsics by their name), a spanset or a series."""

    key: str
    value: AnyValue


class SpanResult(NamedTuple):
    """One span that was found, with what the query mentions."""

    span_id: bytes
    name: str
    start_ns: int
    duration_ns: int
    attributes: tuple[Attribute, ...]


class Spanset(NamedTuple):
    """Spans of one trace that belong together."""

    matched: int
    """How many there are; `spans` may be fewer."""
    spans: tuple[SpanResult, ...]
    """By start, or as the query sorts them."""
    attributes: tuple[Attribute, ...]
    """`by(…)`, `count()`."""


class ServiceStats(NamedTuple):
    """A service's part in the trace."""

    name: str
    """Empty: its resource names none."""
    spans: int
    errors: int


class TraceResult(NamedTuple):
    """One trace; all but the spansets is about the whole of it."""

    trace_id: bytes
    root_service: str
    root_name: str
    """Both empty if no root has come."""
    start_ns: int
    duration_ns: int
    services: tuple[ServiceStats, ...]
    spansets: tuple[Spanset, ...]


class Read(NamedTuple):
    """What an answer cost."""

    spans: int
    """Looked at."""
    bytes: int
    """Of files."""


class SearchAnswer(NamedTuple):
    """Traces in the order of the answer."""

    traces: Sequence[TraceResult]
    read: Read
    partial: str
    """Why something may be missing; empty if nothing is."""
    cursor: str
    """Where the next page begins; empty if this was all."""


class Exemplar(NamedTuple):
    """One of the spans behind a series."""

    labels: tuple[Attribute, ...]
    value: float
    timestamp_ms: int


class Series(NamedTuple):
    """One combination of labels."""

    labels: tuple[Attribute, ...]
    values: NDArray[np.float64]
    """One per timestamp; NaN: none."""
    exemplars: tuple[Exemplar, ...] = ()


class MetricsAnswer(NamedTuple):
    """Series over the same timestamps."""

    timestamps_ms: Sequence[int]
    series: tuple[Series, ...]
    read: Read
    partial: str
