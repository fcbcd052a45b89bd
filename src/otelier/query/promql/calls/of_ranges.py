"""Functions of range vectors."""

from typing import TYPE_CHECKING

import numpy as np

from .. import pushdown
from ..ast import NAME, Call, Range, unwrapped
from ..block import Block, joined, stacked
from ..grid import Grid
from ..labels import LabelSets
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
    if isinstance(expression, Range) and not scalars:
        found = pushdown.ranged(evaluator.query, node.function, expression, grid)
        if found is not None:
            check_counters(scope, node.function, found.labels)
            return _named(evaluator, node.function, found)
    starting = node.function in STARTING
    blocks: list[Block] = []
    for each in evaluator.windows(expression, grid):
        if node.function == "quantile_over_time":
            check_phi(evaluator, unwrapped(node.arguments[0]), scalars[0][each.counts > 0])
        if not starting:
            each.group.starts = None
        block = applied(node.function, scope, each, scalars).populated()
        evaluator.query.use(block.values.size)
        floats = block if block.histograms is None else block.rows(np.flatnonzero(block.present.any(axis=1)))
        check_counters(scope, node.function, floats.labels)
        blocks.append(block)
    result = stacked(blocks, grid.count)
    if node.function == "absent_over_time":
        return absent(expression, result)
    return _named(evaluator, node.function, result)


def _named(evaluator: "Evaluator", function: str, block: Block) -> Block:
    if RANGE_FUNCTIONS[function].keeps_name:
        return joined(block)
    return block.renamed(evaluator.delayed, block.unnamed)


def check_counters(scope: Scope, function: str, series: LabelSets) -> None:
    """Say so if a float was treated as a counter whose name does not look like one."""
    if function not in ("rate", "increase"):
        return
    for name in sorted(series.values(NAME)[0]):
        if name and not name.endswith(("_total", "_sum", "_count", "_bucket")):
            scope.inform(
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " + quoted(name)
            )
