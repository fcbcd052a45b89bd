"""Samples to store, and what a reader finds, from the disk alone."""

from collections.abc import Iterable

import numpy as np

from otelier._core import Disk, Samples, SeriesView
from otelier.storage.metrics import SeriesSegment
from otelier.storage.segmented.manifest import read_state

Found = dict[tuple[str, int], float]
"""By metric and time in ms."""


def samples(*given: tuple[str, int, float], **labels: str) -> Samples:
    """(metric, time in ms, value) of each; all with these labels."""
    return Samples.of_arrays(
        [[("__name__", name), *labels.items()] for name, _, _ in given],
        np.array([time for _, time, _ in given], np.int64).tobytes(),
        np.array([value for _, _, value in given], np.float64).tobytes(),
    )


def view_of(disk: Disk) -> SeriesView:
    """A new reader that has looked at the manifest and the log."""
    state, view = read_state(disk, SeriesSegment), SeriesView(disk, "log")
    ordered = sorted(state.segments.values(), key=lambda each: (each.generation, each.path))
    view.refresh([(each.path, each.min_ms, each.max_ms, each.tenant) for each in ordered], state.retired)
    return view


def readable(disk: Disk, tenant: str = "default", metrics: Iterable[str] = ()) -> Found:
    """Every sample; of these metrics, if any are named."""
    found: Found = {}
    matchers = [("__name__", "=~", "|".join(metrics) or ".+")]
    for labels, times, values, _ in view_of(disk).select(tenant, matchers, -(2**40), 2**50, [], 10**9):  # pyright: ignore[reportArgumentType]
        moments, table = np.frombuffer(times, np.int64), np.frombuffer(values).reshape(-1, len(labels))
        for column, series in enumerate(labels):
            name = dict(series)["__name__"]
            for row, moment in enumerate(moments):
                assert (name, int(moment)) not in found, "each once"
                found[name, int(moment)] = float(table[row, column])
    return found
