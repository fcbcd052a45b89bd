"""Functions of scalars, of every sample by itself, of labels and of order."""

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats
from ..ast import Call, Selector, unwrapped
from ..block import Block, empty, stacked
from ..grid import Grid
from ..info import enriched
from ..labels import LabelSets
from ..select import current
from ..vectors.elementwise import ELEMENTWISE, clamped, date_part, rounded
from ..vectors.labelling import absent, label_join, label_replace, natural_order

if TYPE_CHECKING:
    from ..evaluate import Evaluator

_SORTING = "sort is ineffective for range queries since results are always ordered by labels"


def elementwise(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """abs, sqrt and the like."""
    block = evaluator.vector(node.arguments[0], grid)
    with np.errstate(all="ignore"):
        values = ELEMENTWISE[node.function](block.values)
    return block.calculated(values, evaluator.delayed).populated()


def date(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """year, hour and the like, of the moment or of values."""
    if not node.arguments:
        return _constant(date_part(node.function, grid.times / 1000))
    block = evaluator.vector(node.arguments[0], grid)
    return block.calculated(date_part(node.function, block.values), evaluator.delayed).populated()


def clamp(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """clamp, clamp_min, clamp_max."""
    block = evaluator.vector(node.arguments[0], grid)
    limits = [evaluator.scalar(each, grid) for each in node.arguments[1:]]
    low = np.full(grid.count, -np.inf) if node.function == "clamp_max" else limits[0]
    high = np.full(grid.count, np.inf) if node.function == "clamp_min" else limits[-1]
    values, present = clamped(block.values, block.present, low, high)
    return block.calculated(values, evaluator.delayed, present).populated()


def nearest(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """round."""
    block = evaluator.vector(node.arguments[0], grid)
    to = evaluator.scalar(node.arguments[1], grid) if len(node.arguments) > 1 else np.ones(grid.count)
    return block.calculated(rounded(block.values, to), evaluator.delayed).populated()


def _constant(values: Floats) -> Block:
    return Block(LabelSets([()]), values[np.newaxis], np.ones((1, len(values)), np.bool_))


def vector(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """vector."""
    return _constant(evaluator.scalar(node.arguments[0], grid))


def scalar(evaluator: "Evaluator", node: Call, grid: Grid) -> Floats:
    """The only float at each step, NaN if it is not alone."""
    block = evaluator.vector(node.arguments[0], grid)
    if not block.labels:
        return np.full(grid.count, np.nan)
    alone = block.present.sum(axis=0) == 1
    return np.where(alone, block.values[block.present.argmax(axis=0), np.arange(grid.count)], np.nan)


def moment(evaluator: "Evaluator", node: Call, grid: Grid) -> Floats:
    """time, pi, and what the query says about itself."""
    query = evaluator.query
    match node.function:
        case "time":
            return grid.times / 1000
        case "pi":
            return np.full(grid.count, np.pi)
        case "start":
            return np.full(grid.count, query.start_ms / 1000)
        case "end":
            return np.full(grid.count, query.end_ms / 1000)
        case "step":
            return np.full(grid.count, query.step_s)
        case _:
            return np.full(grid.count, query.range_s)


def extreme(evaluator: "Evaluator", node: Call, grid: Grid) -> Floats:
    """min_of, max_of."""
    left, right = (evaluator.scalar(each, grid) for each in node.arguments)
    return np.minimum(left, right) if node.function == "min_of" else np.maximum(left, right)


def timestamp(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """When samples were taken; of anything else, the moment of evaluation."""
    inner = unwrapped(node.arguments[0])
    if isinstance(inner, Selector):
        return _sample_times(evaluator, inner, grid, starts=False)
    block = evaluator.vector(inner, grid)
    times = np.broadcast_to(grid.times / 1000, block.values.shape)
    return block.calculated(times, evaluator.delayed, block.filled)


def start_timestamp(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """When counters began; nothing of anything but a selector."""
    inner = unwrapped(node.arguments[0])
    if isinstance(inner, Selector):
        return _sample_times(evaluator, inner, grid, starts=True)
    return empty(grid.count)


def _sample_times(evaluator: "Evaluator", node: Selector, grid: Grid, *, starts: bool) -> Block:
    blocks: list[Block] = []
    for each in current(evaluator.query, node, grid):
        times = np.broadcast_to(each.group.timestamps[each.index][:, np.newaxis], each.there.shape)
        if starts:
            times = np.zeros(each.there.shape) if each.group.starts is None else each.group.starts[each.index]
        blocks.append(Block(each.group.labels, times.T / 1000, each.there.T))
    return stacked(blocks, grid.count).populated().renamed(evaluator.delayed)


def order(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """sort, sort_desc, sort_by_label, sort_by_label_desc: of an instant query only."""
    block = evaluator.vector(node.arguments[0], grid)
    by_label = node.function.startswith("sort_by_label")
    if not by_label:
        block = block.without_histograms().populated()
    if grid.count > 1:
        evaluator.query.annotations.warn(_SORTING, node)
        return block
    descending = node.function.endswith("_desc")
    if by_label:
        names = [evaluator.string(each) for each in node.arguments[1:]]
        return block.rows(natural_order(block, names, descending=descending))
    values = block.values[:, 0]
    key = np.where(np.isnan(values), 0.0, -values if descending else values)
    return block.rows(np.lexsort((key, np.isnan(values))))


def absence(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """absent."""
    block = evaluator.vector(node.arguments[0], grid)
    return absent(unwrapped(node.arguments[0]), block)


def relabel(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """label_replace."""
    target, replacement, source, pattern = (evaluator.string(each) for each in node.arguments[1:])
    return label_replace(evaluator.vector(node.arguments[0], grid), target, replacement, source, pattern)


def join(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """label_join."""
    target, separator, *sources = (evaluator.string(each) for each in node.arguments[1:])
    return label_join(evaluator.vector(node.arguments[0], grid), target, separator, sources)


def info(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """info."""
    return enriched(evaluator.query, node, evaluator.vector(node.arguments[0], grid), grid)
