"""Spans that a search by TraceQL finds, as a table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .frame import Frame

_FIXED = (
    "trace_id",
    "root_service",
    "root_name",
    "trace_start_time",
    "trace_duration_ms",
    "span_id",
    "name",
    "start_time",
    "duration_ns",
)
_TIMES = ("trace_start_time", "start_time")


class FoundSpan(NamedTuple):
    """One span of one trace of the answer."""

    trace_id: str
    root_service: str
    root_name: str
    trace_start_ns: int
    trace_duration_ms: int
    span_id: str
    name: str
    start_ns: int
    duration_ns: int
    attributes: Mapping[str, Any]
    """What the query mentions."""


def frame(spans: Iterable[FoundSpan], warnings: Sequence[str], looked: int) -> Frame:
    """A row for each; a column for each key of attributes."""
    listed = list(spans)
    columns: dict[str, Any] = {}
    for name, values in zip(_FIXED, zip(*(each[:-1] for each in listed), strict=True), strict=True) if listed else ():
        columns[name] = np.array(values, "<M8[ns]") if name in _TIMES else list(values)
    if not listed:
        columns = {name: np.empty(0, "<M8[ns]") if name in _TIMES else [] for name in _FIXED}
    for key in dict.fromkeys(key for each in listed for key in each.attributes):
        columns[key if key not in columns else f"attribute.{key}"] = [each.attributes.get(key) for each in listed]
    return Frame(columns, warnings, looked)
