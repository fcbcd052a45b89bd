"""Series, of TraceQL's metrics or of PromQL, as a table: a row for each sample."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...component import Clock
from ..errors import BadQuery
from .frame import Frame

_MS = 10**6
_HOUR_NS = 3600 * 10**9


class Line(NamedTuple):
    """One series."""

    labels: Mapping[str, Any]
    times_ms: Sequence[int]
    values: Sequence[float | None]
    """None where there is a histogram."""
    histograms: Sequence[Mapping[str, Any] | None] = ()
    """`count`, `sum` and `buckets`; empty: there are none."""


def last_hour(start_ns: int, end_ns: int, clock: Clock) -> tuple[int, int]:
    """These times; of a missing end (0) now, of a missing start an hour before."""
    end_ns = end_ns or clock.time_ns()
    return start_ns or end_ns - _HOUR_NS, end_ns


def range_of(start_ns: int, end_ns: int, step_s: float, clock: Clock) -> tuple[int, int]:
    """As `last_hour` where there is a step. Raises BadQuery for times that would not be looked at without one."""
    if step_s:
        return last_hour(start_ns, end_ns, clock)
    if start_ns or end_ns:
        raise BadQuery("from start_ns to end_ns there are values at steps: give step_s, too; one moment is time_ns")
    return start_ns, end_ns


def frame(lines: Iterable[Line], warnings: Sequence[str] = (), looked: int = 0) -> Frame:
    """`time`, `value`, a column for each label, and, where there are some, `histogram`."""
    listed = list(lines)
    times = [time for line in listed for time in line.times_ms]
    values = [float("nan") if value is None else value for line in listed for value in line.values]
    columns: dict[str, Any] = {
        "time": (np.array(times, np.int64) * _MS).view("<M8[ns]"),
        "value": np.array(values, np.float64),
    }
    if any(line.histograms for line in listed):
        of_all = [line.histograms or [None] * len(line.times_ms) for line in listed]
        columns["histogram"] = [each for histograms in of_all for each in histograms]
    for name in dict.fromkeys(name for line in listed for name in line.labels):
        column = name if name not in columns else f"label.{name}"
        columns[column] = [line.labels.get(name) for line in listed for _ in line.times_ms]
    return Frame(columns, warnings, looked)
