"""Spans that stand for the points of series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..answer import Attribute, Exemplar, Series
from ..found import Found, Judged, asked_for
from ..plan import Plan
from .cells import Asked
from .groups import Groups
from .steps import Steps

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What the request and its hints ask for besides the numbers."""

    exemplars: int
    """At most so many per function; 0: none."""
    extrapolated: bool
    """Whether a span counts for those that sampling dropped."""


def exemplars(
    series: Sequence[Series],
    groups_of: Sequence[int],
    asked: Asked,
    unit: float,
    found: Found,
    plan: Plan,
    steps: Steps,
    groups: Groups,
    shown: Shown,
) -> list[Series]:
    """The series with their exemplars, spread over the spans by start; `groups_of`: the group of each series.

    An exemplar has the number that was measured, or where spans are counted, the value of its point. Of a group's
    series it is given to the one whose point is nearest to it.
    """
    given: list[list[Exemplar]] = [[] for _ in series]
    lines: dict[int, list[int]] = {}
    for place, group in enumerate(groups_of):
        lines.setdefault(group, []).append(place)
    for judged in _judged(found, plan, asked, shown.exemplars):
        table = judged.table
        chosen = _chosen(judged, asked, groups, shown.exemplars - sum(map(len, given)))
        starts = table.starts[np.array([row for row, *_ in chosen], np.intp)]
        own_steps = steps.numbers(starts).tolist()
        for (row, group, number), start, step in zip(chosen, starts.tolist(), own_steps, strict=True):
            places = lines.get(group, [])
            if not places:
                continue
            points = [float(series[place].values[step]) for place in places]
            wanted = points[0] if number is None else number * unit
            away = [abs(point - wanted) if point == point else np.inf for point in points]
            at = away.index(min(away))
            value = points[at] if number is None else wanted
            labels = (*series[places[at]].labels, Attribute("trace:id", table.trace_ids[int(table.traces[row])].hex()))
            given[places[at]].append(Exemplar(labels, value, start // _MS))
    return [each._replace(exemplars=tuple(own)) for each, own in zip(series, given, strict=True)]


def _judged(found: Found, plan: Plan, asked: Asked, most: int) -> Sequence[Judged]:
    """Of the newest traces, where spans can be judged alone: the numbers didn't need all of them either."""
    fields = [*asked.by, *([asked.operand] if asked.operand else [])]
    if plan.by_rows:
        return [found.judged_rows(plan, found.candidates(plan, most, asked_for([*plan.deciding, *fields])).table)]
    return list(found.tables(plan, fields))


def _chosen(judged: Judged, asked: Asked, groups: Groups, most: int) -> list[tuple[int, int, float | None]]:
    """Row of the table, group, and number."""
    table, rows = judged.table, judged.spansets.rows
    numbers = None
    if asked.operand is not None:
        column = table.values(asked.operand).take(rows)
        there = np.flatnonzero(column.numeric & ~np.isnan(column.floats()))
        rows, numbers = rows[there], column.floats()[there]
    if most <= 0 or not len(rows):
        return []
    order = np.argsort(table.starts[rows], kind="stable")
    order = order[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.intp))]
    rows = rows[order]
    own = groups.of([table.values(field).take(rows) for field in asked.by], len(rows))
    found = [None] * len(rows) if numbers is None else numbers[order].tolist()
    return list(zip(rows.tolist(), own.tolist(), found, strict=True))
