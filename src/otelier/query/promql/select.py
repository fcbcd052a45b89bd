"""Reading series: the current value at each step, windows over ranges, and subqueries."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from .annotations import mixed_samples, mixed_schemas
from .arrays import Bools, Floats, Ints, Objects, at, cells, holds, kept, no_objects, stale
from .ast import NAME, Range, Selector, Subquery
from .block import Block, stacked
from .durations import milliseconds
from .grid import Grid
from .histograms import Histogram
from .histograms.arithmetic import IncompatibleSchemas
from .histograms.resets import as_statistics
from .labels import value_of
from .query import Query, Scope
from .ranges.extended import between
from .ranges.windows import Windows, edges
from .storage import Group


@dataclass(slots=True)
class Current:
    """One group, and by step (steps,) the row that is current, where `there` (steps, n) says that there is one."""

    group: Group
    index: Ints
    there: Bools


def references(query: Query, node: Selector | Subquery, grid: Grid) -> Ints:
    """The moments that a selector looks back from, by step."""
    pinned = query.pinned_ms(node.pinned)
    times = grid.times if pinned is None else np.full(grid.count, pinned, dtype=np.int64)
    return times - milliseconds(node.offset, query.step_s, query.range_s)


def current(query: Query, node: Selector, grid: Grid) -> Iterator[Current]:
    """Which samples are current: the last one, not older than the lookback and not a stale marker."""
    refs = references(query, node, grid)
    if not len(refs):
        return
    lookback = query.options.lookback_ms
    for group in _read(query, node, int(refs.min()) - lookback, int(refs.max())):
        index = np.searchsorted(group.timestamps, refs, side="right") - 1
        fresh = (index >= 0) & (group.timestamps[np.maximum(index, 0)] > refs - lookback)
        index = np.maximum(index, 0)
        gone = stale(group.values[index])
        if group.histograms is not None and gone.any():
            gone &= ~holds(group.histograms[index])
        yield Current(group, index, fresh[:, np.newaxis] & ~gone)


def instant(query: Query, node: Selector, grid: Grid) -> Block:
    """The vector of all current values."""
    if node.extent == "smoothed":
        return _smoothed(query, node, grid)
    blocks: list[Block] = []
    for each in current(query, node, grid):
        values, present = each.group.values[each.index], each.there
        histograms: Objects | None = None
        if each.group.histograms is not None:
            histograms = kept(each.group.histograms[each.index], each.there)
            assert histograms is not None
            present = each.there & ~holds(histograms)
            histograms = histograms.T
        blocks.append(Block(each.group.labels, values.T, present.T, histograms))
        query.use(each.there.size)
    return stacked(blocks, grid.count).populated()


def windows(query: Query, node: Range, grid: Grid) -> Iterator[Windows]:
    """The windows of a range vector over each group, without stale markers."""
    length = milliseconds(node.duration, query.step_s, query.range_s)
    ends = references(query, node.selector, grid)
    if not len(ends):
        return
    extent, lookback = node.selector.extent, query.options.lookback_ms
    before = lookback if extent else 0
    after = lookback if extent == "smoothed" else 0
    for group in _read(query, node.selector, int(ends.min()) - length - before, int(ends.max()) + after):
        for part in group.without_stale():
            low, high = edges(part.timestamps, ends - length - before, ends + after)
            yield Windows(part, low, high, ends, grid.times, length, extent)


def subquery(query: Query, node: Subquery, grid: Grid, evaluate: Callable[[Grid], Block]) -> Iterator[Windows]:
    """The windows over a vector that is evaluated at multiples of the subquery's step."""
    length = milliseconds(node.duration, query.step_s, query.range_s)
    ends = references(query, node, grid)
    if not len(ends):
        return
    inner = inner_grid(query, node, ends)
    if not inner.count:
        return
    block = evaluate(inner)
    query.use(block.values.size)
    times = inner.times
    for group in _groups(block, times):
        low, high = edges(group.timestamps, ends - length, ends)
        yield Windows(group, low, high, ends, grid.times, length)


def inner_grid(query: Query, node: Subquery, ends: Ints) -> Grid:
    """The multiples of a subquery's step in all windows that end there."""
    length = milliseconds(node.duration, query.step_s, query.range_s)
    step = milliseconds(node.step, query.step_s, query.range_s) or query.options.default_step_ms
    first = ((int(ends.min()) - length) // step + 1) * step
    return Grid(first, step, max((int(ends.max()) - first) // step + 1, 0))


def _groups(block: Block, times: Ints) -> list[Group]:
    if not block.labels:
        return []
    values = np.ascontiguousarray(block.values.T)
    histograms = None
    if block.histograms is not None:
        # Between two steps there may have been a reset that the later sample's hint does not know of.
        histograms = no_objects(values.shape)
        for row, column in cells(block.native.T):
            each = at(block.histograms, column, row)
            histograms[row, column] = each if each.hint == "gauge" else each.hinted("unknown")
    group = Group(block.labels, times, values, histograms, None, block.unnamed_series())
    return group.kept(block.filled.T)


def _read(query: Query, node: Selector, start_ms: int, end_ms: int) -> Iterator[Group]:
    for group in query.storage.select(node.matchers, start_ms, end_ms):
        part = group.between(start_ms, end_ms)
        if not len(part.timestamps):
            continue
        query.series += len(part.labels)
        query.use(part.values.size)
        if not query.options.start_timestamps and part.starts is not None:
            part = replace(part, starts=None)
        if part.histograms is not None and id(node) in query.statistics:
            part = replace(part, histograms=_statistics(part.histograms))
        yield part


def _statistics(histograms: Objects) -> Objects:
    """Counts and sums alone, with hints that stand for the buckets."""
    found = no_objects(histograms.shape)
    for column in range(histograms.shape[1]):
        before: Histogram | None = None
        for row, each in enumerate(histograms[:, column]):
            if each is not None:
                found[row, column] = as_statistics(each, before)
                before = each
    return found


def _smoothed(query: Query, node: Selector, grid: Grid) -> Block:
    """Between the samples before and after each moment, at most a lookback away."""
    refs = references(query, node, grid)
    scope = Scope(query, node)
    blocks: list[Block] = []
    if not len(refs):
        return stacked(blocks, grid.count)
    lookback = query.options.lookback_ms
    for group in _read(query, node, int(refs.min()) - lookback, int(refs.max()) + lookback):
        for part in group.without_stale():
            low, high = edges(part.timestamps, refs - lookback, refs + lookback)
            shape = (grid.count, len(part.labels))
            out = Block(part.labels, np.zeros(shape).T, np.zeros(shape, np.bool_).T, no_objects(shape).T)
            for step in np.flatnonzero(high > low):
                for column in range(shape[1]):
                    rows = slice(int(low[step]), int(high[step]))
                    _put(out, column, int(step), _interpolated(scope, part, column, rows, int(refs[step])))
            blocks.append(out)
    return stacked(blocks, grid.count).populated()


def _put(block: Block, row: int, step: int, found: float | Histogram | None) -> None:
    if isinstance(found, Histogram):
        assert block.histograms is not None
        block.histograms[row, step] = found
    elif found is not None:
        block.values[row, step], block.present[row, step] = found, True


def _interpolated(scope: Scope, group: Group, column: int, rows: slice, ref_ms: int) -> float | Histogram | None:
    times: Ints = group.timestamps[rows]
    values: Floats = group.values[rows, column]
    natives = [None] * len(times) if group.histograms is None else list(group.histograms[rows, column])
    samples = [float(value) if native is None else native for value, native in zip(values, natives, strict=True)]
    metric = value_of(group.labels[column], NAME)
    if len({isinstance(each, float) for each in samples}) > 1:
        scope.warn(mixed_samples(metric))
        return None
    after = int(np.searchsorted(times, ref_ms, side="left"))
    if after < len(times) and times[after] == ref_ms:
        return samples[after]
    if after == 0:
        return None
    if after == len(times):
        return samples[-1]
    before = samples[after - 1]
    share = float(ref_ms - times[after - 1]) / float(times[after] - times[after - 1])
    counter = isinstance(before, Histogram) and before.hint != "gauge"
    try:
        return between(before, samples[after], share, counter=counter)
    except IncompatibleSchemas:
        scope.warn(mixed_schemas(metric))
        return None
