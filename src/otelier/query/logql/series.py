"""Series of a metric query over the steps of its time range, as arrays; and what reduces them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...component.go_text import quoted
from ..errors import BadQuery
from . import ast

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Sorted; none is empty."""
Values: TypeAlias = NDArray[np.float64]
"""One per step; not a number: the series has none there."""
Series: TypeAlias = dict[Labels, Values]

_MAX_STEPS = 11_000
_MAX_SERIES = 5_000


@dataclass(frozen=True, slots=True)
class Steps:
    """The times for which there are values: `start_ns`, and every `step_ns` up to `end_ns`."""

    start_ns: int
    end_ns: int
    step_ns: int

    def check(self) -> None:
        """Raises BadQuery."""
        if self.step_ns <= 0:
            raise BadQuery("step must be longer than nothing")
        if self.end_ns < self.start_ns:
            raise BadQuery("end timestamp must not be before start time")
        if self.count > _MAX_STEPS:
            raise BadQuery(f"more than {_MAX_STEPS} points per series: use a longer step or a shorter time")

    @property
    def count(self) -> int:
        """How many there are."""
        return (self.end_ns - self.start_ns) // self.step_ns + 1

    def times(self) -> NDArray[np.int64]:
        """In ns."""
        return self.start_ns + self.step_ns * np.arange(self.count, dtype=np.int64)


def labels_of(labels: Mapping[str, str]) -> Labels:
    """A series' name."""
    return tuple(sorted((name, text) for name, text in labels.items() if text))


def written(labels: Labels) -> str:
    """A series' name for people: `{job="a"}`."""
    return "{" + ", ".join(f"{name}={quoted(text)}" for name, text in labels) + "}"


def check_count(count: int) -> None:
    """Raises BadQuery."""
    if count > _MAX_SERIES:
        raise BadQuery(f"more than {_MAX_SERIES} series: group by fewer labels, or select fewer streams")


def grouped(labels: Labels, grouping: ast.Grouping) -> Labels:
    """What is left of a name when series are joined."""
    if grouping.without:
        return tuple(each for each in labels if each[0] not in grouping.labels)
    return tuple(each for each in labels if each[0] in grouping.labels)


def aggregate(series: Series, op: ast.VectorOp, grouping: ast.Grouping, count: int) -> Series:
    """`sum by (…)` and its like."""
    if op in ("sort", "sort_desc"):
        return series
    groups: dict[Labels, list[Labels]] = {}
    for labels in series:
        groups.setdefault(grouped(labels, grouping), []).append(labels)
    if op in ("topk", "bottomk", "approx_topk"):
        return _extremes(series, groups.values(), op != "bottomk", count)
    return {name: _reduce(op, np.stack([series[each] for each in members])) for name, members in groups.items()}


def _reduce(op: ast.VectorOp, stacked: NDArray[np.float64]) -> Values:
    there = ~np.isnan(stacked)
    counts = there.sum(axis=0).astype(np.float64)
    match op:
        case "sum":
            reduced = np.where(there, stacked, 0.0).sum(axis=0)
        case "avg":
            reduced = np.where(there, stacked, 0.0).sum(axis=0) / np.maximum(counts, 1.0)
        case "min":
            reduced = np.where(there, stacked, np.inf).min(axis=0)
        case "max":
            reduced = np.where(there, stacked, -np.inf).max(axis=0)
        case "stddev" | "stdvar":
            mean = np.where(there, stacked, 0.0).sum(axis=0) / np.maximum(counts, 1.0)
            reduced = np.where(there, (stacked - mean) ** 2, 0.0).sum(axis=0) / np.maximum(counts, 1.0)
            reduced = np.sqrt(reduced) if op == "stddev" else reduced
        case _:
            reduced = counts
    return np.where(counts > 0, reduced, np.nan)


def _extremes(series: Series, groups: Iterable[list[Labels]], top: bool, count: int) -> Series:
    """At each step the greatest or the least of each group; of equal ones the first by name."""
    kept: Series = {}
    for unsorted in groups:
        members = sorted(unsorted)
        stacked = np.stack([series[each] for each in members])
        keys = np.where(np.isnan(stacked), np.inf, -stacked if top else stacked)
        ranks = np.argsort(np.argsort(keys, axis=0, kind="stable"), axis=0, kind="stable")
        chosen = np.where(ranks < count, stacked, np.nan)
        for labels, values in zip(members, chosen, strict=True):
            if not np.isnan(values).all():
                kept[labels] = values
    return kept
