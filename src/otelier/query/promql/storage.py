"""Where samples come from: what the engine asks, and the shape in which it wants the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from .arrays import Bools, Floats, Ints, Objects, holds, stale
from .ast import Matcher
from .labels import LabelSets


@dataclass(slots=True)
class Group:
    """Series that were sampled at the same moments; a series alone is a group of one.

    timestamps: (m,), milliseconds, ascending. values: (m, n), a row for each moment, a column for each series; stale
    markers where a series ended. histograms: (m, n) or None; where one is, the float does not count. starts: (m, n) or
    None, when each counter began, 0 if that is unknown. unnamed: (n,) or None, of a subquery's series.
    """

    labels: LabelSets
    timestamps: Ints
    values: Floats
    histograms: Objects | None = None
    starts: Ints | None = None
    unnamed: np.ndarray | None = None

    def columns(self, index: Sequence[int] | np.ndarray, rows: np.ndarray | slice = slice(None)) -> "Group":
        """Some series, maybe at some of the moments."""
        which = np.asarray(index, dtype=np.int64)
        return Group(
            self.labels.taken(which.tobytes()),
            self.timestamps[rows],
            self.values[rows][:, which],
            None if self.histograms is None else self.histograms[rows][:, which],
            None if self.starts is None else self.starts[rows][:, which],
            None if self.unnamed is None else self.unnamed[which],
        )

    def between(self, start_ms: int, end_ms: int) -> "Group":
        """Samples of `start_ms < time <= end_ms`."""
        low, high = np.searchsorted(self.timestamps, [start_ms, end_ms], side="right")
        if low == 0 and high == len(self.timestamps):
            return self
        rows = slice(int(low), int(high))
        return Group(
            self.labels,
            self.timestamps[rows],
            self.values[rows],
            None if self.histograms is None else self.histograms[rows],
            None if self.starts is None else self.starts[rows],
            self.unnamed,
        )

    def without_stale(self) -> "list[Group]":
        """The same without stale markers, series apart that are then sampled at different moments."""
        gone = stale(self.values)
        if self.histograms is not None and gone.any():
            gone &= ~holds(self.histograms)
        return self.kept(~gone)

    def kept(self, wanted: np.ndarray) -> "list[Group]":
        """The samples for which `wanted` (m, n) is true."""
        if wanted.all():
            return [self]
        patterns: dict[bytes, list[int]] = {}
        for number in range(len(self.labels)):
            patterns.setdefault(wanted[:, number].tobytes(), []).append(number)
        return [self.columns(index, wanted[:, index[0]]) for index in patterns.values() if wanted[:, index[0]].any()]


@dataclass(frozen=True, slots=True)
class Asked:
    """What series are worth at `count` steps, the first of which looks back from `first_ms`.

    function: its name; empty: each series' current value. length_ms: how far it looks back. operator: an aggregation's
    name, empty for none, by labels of these names or `without` them.
    """

    matchers: Sequence[Matcher]
    function: str
    first_ms: int
    step_ms: int
    count: int
    length_ms: int
    operator: str = ""
    names: Sequence[str] = ()
    without: bool = False


@dataclass(frozen=True, slots=True)
class Worth:
    """values, present: (series, steps). Series are as they are stored, those without anything left out.

    sources: the series that went into it, the same unless they are aggregated. samples: how many were read.
    """

    labels: LabelSets
    values: Floats
    present: Bools
    sources: LabelSets
    samples: int


class Storage(Protocol):
    """Implemented by the metrics store, and in memory for rules' tests."""

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Group]:
        """Series that fit all matchers, with samples of `start_ms < time <= end_ms`; more may come along."""
        ...


@runtime_checkable
class Calculating(Storage, Protocol):
    """A storage that works out some things itself, where the samples are."""

    def worth(self, asked: Asked) -> Worth | None:
        """None if only samples can tell."""
        ...
