"""Samples in memory, for tests of rules and of the engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .arrays import no_objects
from .ast import Matcher
from .histograms import Histogram
from .histograms.resets import was_reset
from .labels import Labels, LabelSets, value_of
from .matchers import predicate
from .storage import Group


@dataclass(slots=True)
class _Series:
    labels: Labels
    samples: dict[int, tuple[float, Histogram | None, int]] = field(
        default_factory=dict[int, tuple[float, Histogram | None, int]]
    )
    group: Group | None = None


class MemoryStorage:
    """Implements `Storage`."""

    def __init__(self) -> None:
        self._series: dict[Labels, _Series] = {}

    def append(self, labels: Labels, time_ms: int, value: float | Histogram, start_ms: int = 0) -> None:
        """One sample. Of a histogram it is noted, as a database does, whether it continues the one before."""
        series = self._series.setdefault(labels, _Series(labels))
        if isinstance(value, Histogram):
            series.samples[time_ms] = (np.nan, self._hinted(series, value), start_ms)
        else:
            series.samples[time_ms] = (value, None, start_ms)
        series.group = None

    def clear(self) -> None:
        """Forget everything."""
        self._series.clear()

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Group]:
        """Series that fit; those with the same timestamps in one group."""
        tests = [(each.label, predicate(each)) for each in matchers]
        together: dict[tuple[bytes, bool, bool], list[Group]] = {}
        for series in self._series.values():
            if all(test(value_of(series.labels, label)) for label, test in tests):
                group = self._group(series).between(start_ms, end_ms)
                if len(group.timestamps):
                    key = (group.timestamps.tobytes(), group.histograms is not None, group.starts is not None)
                    together.setdefault(key, []).append(group)
        return [_side_by_side(groups) for groups in together.values()]

    def _hinted(self, series: _Series, histogram: Histogram) -> Histogram:
        before = next(reversed(series.samples.values()))[1] if series.samples else None
        if histogram.hint == "gauge":
            return histogram
        if before is None or before.hint == "gauge" or was_reset(histogram.hinted("unknown"), before):
            return histogram.hinted("unknown")
        return histogram if histogram.hint == "reset" else histogram.hinted("not_reset")

    def _group(self, series: _Series) -> Group:
        if series.group is None:
            times = sorted(series.samples)
            samples = [series.samples[time] for time in times]
            histograms = starts = None
            if any(each[1] is not None for each in samples):
                histograms = no_objects((len(times), 1))
                histograms[:, 0] = [each[1] for each in samples]
            if any(each[2] for each in samples):
                starts = np.array([[each[2]] for each in samples], dtype=np.int64)
            values = np.array([[each[0]] for each in samples], dtype=np.float64)
            series.group = Group(
                LabelSets([series.labels]), np.array(times, dtype=np.int64), values, histograms, starts
            )
        return series.group


def _side_by_side(groups: Sequence[Group]) -> Group:
    if len(groups) == 1:
        return groups[0]
    histograms = [each.histograms for each in groups if each.histograms is not None]
    starts = [each.starts for each in groups if each.starts is not None]
    return Group(
        LabelSets.joined([each.labels for each in groups]),
        groups[0].timestamps,
        np.concatenate([each.values for each in groups], axis=1),
        np.concatenate(histograms, axis=1) if histograms else None,
        np.concatenate(starts, axis=1) if starts else None,
    )
