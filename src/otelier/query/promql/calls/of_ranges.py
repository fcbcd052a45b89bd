"""Functions of range vectors."""

from typing import TYPE_CHECKING

import numpy as np

from ..ast import Call, Range, unwrapped
from ..block import Block, joined, stacked
from ..grid import Grid
from ..labels import distinct_names
from ..query import Scope
from ..ranges import RANGE_FUNCTIONS, STARTING, applied, check_extent
from ..signatures import FUNCTIONS
from ..strings import quoted
from ..vectors.labelling import absent
from .of_histograms import check_phi

if TYPE_CHECKING:
    from ..evaluate import Evaluator


def ranged(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """Any of them: group by group, window by window."""
    place = FUNCTIONS[node.function].arguments.index("range vector")
    expression = unwrapped(node.arguments[place])
    scalars = [evaluator.scalar(each, grid) for number, each in enumerate(node.arguments) if number != place]
    if isinstance(expression, Range):
        check_extent(node.function, expression.selector.extent)
    scope = Scope(evaluator.query, expression)
    starting = node.function in STARTING
    blocks: list[Block] = []
    for each in evaluator.windows(expression, grid):
        if node.function == "quantile_over_time":
            check_phi(evaluator, unwrapped(node.arguments[0]), scalars[0][each.counts > 0])
        if not starting:
            each.group.starts = None
        block = applied(node.function, scope, each, scalars).populated()
        evaluator.query.use(block.values.size)
        if node.function in ("rate", "increase"):
            _check_counters(scope, block)
        blocks.append(block)
    result = stacked(blocks, grid.count)
    if node.function == "absent_over_time":
        return absent(expression, result)
    if RANGE_FUNCTIONS[node.function].keeps_name:
        return joined(result)
    return result.renamed(evaluator.delayed, result.unnamed)


def _check_counters(scope: Scope, block: Block) -> None:
    """Say so if a float was treated as a counter whose name does not look like one."""
    floats = block.present.any(axis=1) if block.histograms is not None else np.ones(len(block.labels), np.bool_)
    chosen = block.labels if floats.all() else [block.labels[row] for row in np.flatnonzero(floats)]
    for name in sorted(distinct_names(chosen)):
        if name and not name.endswith(("_total", "_sum", "_count", "_bucket")):
            scope.inform(
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " + quoted(name)
            )
