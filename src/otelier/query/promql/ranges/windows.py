"""Groups of series seen through windows that slide along a grid."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Bools, Floats, Ints, holds
from ..ast import Extent
from ..histograms import Histogram
from ..labels import Labels
from ..storage import Group


@dataclass(slots=True)
class Windows:
    """At step j a function sees samples `low[j] <= i < high[j]` of each series: `ends[j] - length < time <= ends[j]`.

    group: never without samples. times: (steps,), the moments for which there will be values; they differ from `ends`
    by `offset` and `@`.
    extent: the windows are wider by the lookback, to the left if "anchored", to both sides if "smoothed".
    """

    group: Group
    low: Ints
    high: Ints
    ends: Ints
    times: Ints
    length_ms: int
    extent: Extent = ""

    @property
    def first(self) -> Ints:
        """The first sample of each window; of an empty one, whichever."""
        return np.minimum(self.low, len(self.group.timestamps) - 1)

    def last(self, back: int = 0) -> Ints:
        """The last sample of each window, or so many before it; if there is none, whichever."""
        return np.maximum(self.high - (1 + back), 0)

    @property
    def counts(self) -> Ints:
        """Samples in the windows, by step."""
        return self.high - self.low

    def shared(self, wanted: Bools) -> Bools:
        """What holds for a step holds for every series of the group: (steps, n) of (steps,)."""
        return np.broadcast_to(wanted[:, np.newaxis], (len(wanted), len(self.group.labels)))

    def over(self, group: Group) -> "Windows":
        """The same windows over other samples of the same series."""
        low, high = edges(group.timestamps, self.reach[0], self.reach[1])
        return replace(self, group=group, low=low, high=high)

    @property
    def reach(self) -> tuple[Ints, Ints]:
        """Where the windows begin (exclusive) and end, without what an extent adds."""
        return self.ends - self.length_ms, self.ends


@dataclass(frozen=True, slots=True)
class Window:
    """One series at one step, for functions that look at samples one by one."""

    labels: Labels
    times: list[int]
    values: list[float]
    histograms: list[Histogram | None]
    starts: list[int]
    end_ms: int
    length_ms: int
    arguments: tuple[float, ...] = ()

    @property
    def begin_ms(self) -> int:
        """Samples are later than this."""
        return self.end_ms - self.length_ms

    @property
    def natives(self) -> list[Histogram]:
        """The histograms."""
        return [each for each in self.histograms if each is not None]

    @property
    def mixed(self) -> bool:
        """There are floats and histograms."""
        return 0 < len(self.natives) < len(self.times)


def edges(timestamps: Ints, begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """First and last sample (exclusive) of the windows `begin < time <= end`."""
    low = np.searchsorted(timestamps, begins, side="right")
    high = np.searchsorted(timestamps, ends, side="right")
    return low.astype(np.int64), np.maximum(low, high).astype(np.int64)


def one_by_one(windows: Windows, column: int, arguments: list[Floats]) -> Iterator[tuple[int, Window]]:
    """The windows of one series that have samples in them, with their steps."""
    group = windows.group
    times = [int(each) for each in group.timestamps]
    values = [float(each) for each in group.values[:, column]]
    histograms: list[Histogram | None] = (
        [None] * len(times) if group.histograms is None else list(group.histograms[:, column])
    )
    starts = [0] * len(times) if group.starts is None else [int(each) for each in group.starts[:, column]]
    for step in np.flatnonzero(windows.counts):
        low, high = int(windows.low[step]), int(windows.high[step])
        yield (
            int(step),
            Window(
                group.labels[column],
                times[low:high],
                values[low:high],
                histograms[low:high],
                starts[low:high],
                int(windows.ends[step]),
                windows.length_ms,
                tuple(float(each[step]) for each in arguments),
            ),
        )


def reduced(function: Any, rows: Floats, windows: Windows) -> Floats:
    """A ufunc's reduction over every window: (steps, n) of (m, n). Of empty windows, whatever comes."""
    last = len(rows)
    index = np.empty(2 * len(windows.low), dtype=np.int64)
    index[::2], index[1::2] = windows.low, windows.high
    if not index.size:
        return np.empty((0, rows.shape[1]))
    np.minimum(index, last, out=index)
    first = int(index.min())
    if index.max() == last:
        rows = np.concatenate([rows[first:], np.zeros((1, rows.shape[1]))])
        index -= first
    return function.reduceat(rows, index, axis=0)[::2]


def floats_apart(windows: Windows) -> tuple[list[tuple[np.ndarray, Windows]], Bools]:
    """The floats of a group that has histograms, series by sampling, and (steps, n) where windows have both."""
    group = windows.group
    assert group.histograms is not None
    native = holds(group.histograms)
    count = np.concatenate([np.zeros((1, native.shape[1]), np.int64), np.cumsum(native, axis=0)])
    natives = count[windows.high] - count[windows.low]
    both = (natives > 0) & (natives < windows.counts[:, np.newaxis])
    patterns: dict[bytes, list[int]] = {}
    for number in range(native.shape[1]):
        patterns.setdefault(native[:, number].tobytes(), []).append(number)
    apart: list[tuple[np.ndarray, Windows]] = []
    for index in patterns.values():
        if native[:, index[0]].all():
            continue
        part = group.columns(index, ~native[:, index[0]])
        apart.append((np.array(index), windows.over(replace(part, histograms=None))))
    return apart, both
