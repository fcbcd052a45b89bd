"""Functions by name, as the evaluator calls them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from .annotations import bad_quantile
from .arrays import Floats
from .ast import NAME, Call, Expression, Range, Selector, unwrapped
from .block import Block, empty, joined, stacked
from .errors import ExecutionError
from .grid import Grid
from .histograms import Histogram
from .histograms.quantiles import variance
from .info import enriched
from .labels import with_value
from .numbers import shortest
from .query import Scope
from .ranges import RANGE_FUNCTIONS, STARTING, applied, check_extent
from .select import current
from .signatures import FUNCTIONS
from .strings import is_utf8, quoted
from .vectors.elementwise import DATES, ELEMENTWISE, clamped, date_part, rounded
from .vectors.labelling import absent_labels, label_join, label_replace, natural_order
from .vectors.quantiles import fractions_of, histograms, quantiles_of

if TYPE_CHECKING:
    from .evaluate import Evaluator

_SORTING = "sort is ineffective for range queries since results are always ordered by labels"


def _delayed(evaluator: "Evaluator") -> bool:
    return evaluator.query.options.delayed_names


def _elementwise(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    block = evaluator.vector(node.arguments[0], grid)
    with np.errstate(all="ignore"):
        values = ELEMENTWISE[node.function](block.values)
    return block.calculated(values, _delayed(evaluator)).populated()


def _date(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    if not node.arguments:
        return _constant(date_part(node.function, grid.times / 1000))
    block = evaluator.vector(node.arguments[0], grid)
    return block.calculated(date_part(node.function, block.values), _delayed(evaluator)).populated()


def _clamp(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    block = evaluator.vector(node.arguments[0], grid)
    limits = [evaluator.scalar(each, grid) for each in node.arguments[1:]]
    low = np.full(grid.count, -np.inf) if node.function == "clamp_max" else limits[0]
    high = np.full(grid.count, np.inf) if node.function == "clamp_min" else limits[-1]
    return block.calculated(*_swap(clamped(block.values, block.present, low, high), _delayed(evaluator))).populated()


def _swap(result: "tuple[Floats, np.ndarray]", delayed: bool) -> "tuple[Floats, bool, np.ndarray]":
    return result[0], delayed, result[1]


def _round(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    block = evaluator.vector(node.arguments[0], grid)
    to = evaluator.scalar(node.arguments[1], grid) if len(node.arguments) > 1 else np.ones(grid.count)
    return block.calculated(rounded(block.values, to), _delayed(evaluator)).populated()


def _constant(values: Floats) -> Block:
    return Block([()], values[np.newaxis], np.ones((1, len(values)), np.bool_))


def _vector(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    return _constant(evaluator.scalar(node.arguments[0], grid))


def _scalar(evaluator: "Evaluator", node: Call, grid: Grid) -> Floats:
    block = evaluator.vector(node.arguments[0], grid)
    if not block.labels:
        return np.full(grid.count, np.nan)
    alone = block.present.sum(axis=0) == 1
    return np.where(alone, block.values[block.present.argmax(axis=0), np.arange(grid.count)], np.nan)


def _moment(evaluator: "Evaluator", node: Call, grid: Grid) -> Floats:
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


def _extreme(evaluator: "Evaluator", node: Call, grid: Grid) -> Floats:
    left, right = (evaluator.scalar(each, grid) for each in node.arguments)
    return np.minimum(left, right) if node.function == "min_of" else np.maximum(left, right)


def _timestamp(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    inner = unwrapped(node.arguments[0])
    if isinstance(inner, Selector):
        return _sample_times(evaluator, inner, grid, starts=False)
    block = evaluator.vector(inner, grid)
    times = np.broadcast_to(grid.times / 1000, block.values.shape)
    return block.calculated(times, _delayed(evaluator), block.filled)


def _start_timestamp(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
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
    return stacked(blocks, grid.count).populated().renamed(_delayed(evaluator))


def _sort(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    block = evaluator.vector(node.arguments[0], grid)
    by_label = node.function.startswith("sort_by_label")
    if not by_label:
        block = block.without_histograms().populated()
    if not evaluator.query.instant:
        evaluator.query.annotations.warn(_SORTING, node)
        return block
    descending = node.function.endswith("_desc")
    if by_label:
        names = [evaluator.string(each) for each in node.arguments[1:]]
        return block.rows(natural_order(block, names, descending=descending))
    values = block.values[:, 0]
    key = np.where(np.isnan(values), 0.0, -values if descending else values)
    return block.rows(np.lexsort((key, np.isnan(values))))


def _absent(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    block = evaluator.vector(node.arguments[0], grid)
    return _where_nothing(node.arguments[0], block, grid)


def _where_nothing(expression: Expression, block: Block, grid: Grid) -> Block:
    nothing = ~block.filled.any(axis=0) if block.labels else np.ones(grid.count, np.bool_)
    labels = absent_labels(unwrapped(expression))
    return Block([labels], np.ones((1, grid.count)), nothing[np.newaxis]).populated()


def _label_replace(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    target, replacement, source, pattern = (evaluator.string(each) for each in node.arguments[1:])
    return label_replace(evaluator.vector(node.arguments[0], grid), target, replacement, source, pattern)


def _label_join(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    target, separator, *sources = (evaluator.string(each) for each in node.arguments[1:])
    return label_join(evaluator.vector(node.arguments[0], grid), target, separator, sources)


def _info(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    return enriched(evaluator.query, node, evaluator.vector(node.arguments[0], grid), grid)


def _of_histogram(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    block = evaluator.vector(node.arguments[0], grid)
    native = block.native
    values = np.zeros(block.values.shape)
    for row, step in zip(*np.nonzero(native), strict=True):
        assert block.histograms is not None
        values[row, step] = _measure(node.function, block.histograms[row, step])
    return block.calculated(values, _delayed(evaluator), native).populated()


def _measure(function: str, histogram: Histogram) -> float:
    match function:
        case "histogram_count":
            return histogram.count
        case "histogram_sum":
            return histogram.sum
        case "histogram_avg":
            with np.errstate(all="ignore"):
                return float(np.float64(histogram.sum) / np.float64(histogram.count))
        case "histogram_stdvar":
            return variance(histogram)
        case _:
            return float(np.sqrt(variance(histogram)))


def _histogram_quantile(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    phi = evaluator.scalar(node.arguments[0], grid)
    _check(evaluator, unwrapped(node.arguments[0]), phi)
    scope = Scope(evaluator.query, unwrapped(node.arguments[1]))
    found = histograms(scope, evaluator.vector(node.arguments[1], grid))
    return quantiles_of(scope, found, phi, grid).renamed(_delayed(evaluator))


def _histogram_quantiles(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    label = evaluator.string(node.arguments[1])
    if not label or not is_utf8(label):
        raise ExecutionError(f"invalid label name {quoted(label)}")
    phis = [evaluator.scalar(each, grid) for each in node.arguments[2:]]
    for argument, phi in zip(node.arguments[2:], phis, strict=True):
        _check(evaluator, unwrapped(argument), phi)
    scope = Scope(evaluator.query, unwrapped(node.arguments[0]))
    found = histograms(scope, evaluator.vector(node.arguments[0], grid))
    blocks: list[Block] = []
    for phi in phis:
        block = quantiles_of(scope, found, phi, grid)
        for value in np.unique(phi):
            here = np.isnan(phi) if np.isnan(value) else phi == value
            part = replace(block, present=block.present & here)
            blocks.append(part.relabelled(lambda labels, v=value: with_value(labels, label, _quantile_text(float(v)))))
    return joined(stacked(blocks, grid.count).populated()).renamed(_delayed(evaluator))


def _quantile_text(value: float) -> str:
    text = shortest(value)
    return text if set(text) & set(".eNI") else text + ".0"


def _check(evaluator: "Evaluator", argument: Expression, phi: Floats) -> None:
    for value in np.unique(phi[~((phi >= 0) & (phi <= 1))]):
        evaluator.query.annotations.warn(bad_quantile(float(value)), argument)


def _histogram_fraction(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    lower, upper = (evaluator.scalar(each, grid) for each in node.arguments[:2])
    scope = Scope(evaluator.query, unwrapped(node.arguments[2]))
    found = histograms(scope, evaluator.vector(node.arguments[2], grid))
    return fractions_of(scope, found, lower, upper).renamed(_delayed(evaluator))


def _ranged(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    place = FUNCTIONS[node.function].arguments.index("range vector")
    expression = unwrapped(node.arguments[place])
    scalars = [evaluator.scalar(each, grid) for number, each in enumerate(node.arguments) if number != place]
    if node.function == "quantile_over_time":
        _check(evaluator, unwrapped(node.arguments[0]), scalars[0])
    if isinstance(expression, Range):
        check_extent(node.function, expression.selector.extent)
    scope = Scope(evaluator.query, expression)
    starting = node.function in STARTING
    blocks: list[Block] = []
    for each in evaluator.windows(expression, grid):
        if not starting:
            each.group.starts = None
        block = applied(node.function, scope, each, scalars).populated()
        evaluator.query.use(block.values.size)
        if node.function in ("rate", "increase"):
            _check_counters(scope, block)
        blocks.append(block)
    result = stacked(blocks, grid.count)
    if node.function == "absent_over_time":
        return _where_nothing(expression, result, grid)
    if RANGE_FUNCTIONS[node.function].keeps_name:
        return joined(result)
    return result.renamed(_delayed(evaluator), result.unnamed)


def _check_counters(scope: Scope, block: Block) -> None:
    """Say so if a float was treated as a counter whose name does not look like one."""
    floats = block.present.any(axis=1) if block.histograms is not None else np.ones(len(block.labels), np.bool_)
    names = {
        value
        for labels, counts in zip(block.labels, floats, strict=True)
        if counts
        for key, value in labels
        if key == NAME
    }
    for name in sorted(names):
        if not name.endswith(("_total", "_sum", "_count", "_bucket")):
            scope.inform(
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " + quoted(name)
            )


CALLS: "Mapping[str, Callable[[Evaluator, Call, Grid], Block | Floats]]" = MappingProxyType(
    {
        **dict.fromkeys(ELEMENTWISE, _elementwise),
        **dict.fromkeys(DATES, _date),
        **dict.fromkeys(("clamp", "clamp_max", "clamp_min"), _clamp),
        **dict.fromkeys(("end", "pi", "range", "start", "step", "time"), _moment),
        **dict.fromkeys(("max_of", "min_of"), _extreme),
        **dict.fromkeys(("sort", "sort_desc", "sort_by_label", "sort_by_label_desc"), _sort),
        **dict.fromkeys(
            ("histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum"), _of_histogram
        ),
        "absent": _absent,
        "histogram_fraction": _histogram_fraction,
        "histogram_quantile": _histogram_quantile,
        "histogram_quantiles": _histogram_quantiles,
        "info": _info,
        "label_join": _label_join,
        "label_replace": _label_replace,
        "round": _round,
        "scalar": _scalar,
        "start_timestamp": _start_timestamp,
        "timestamp": _timestamp,
        "vector": _vector,
    }
)
RANGED: "Mapping[str, Callable[[Evaluator, Call, Grid], Block]]" = MappingProxyType(
    dict.fromkeys(RANGE_FUNCTIONS, _ranged)
)
