"""What a storage can work out itself, so that samples need not be brought here."""

from .ast import Aggregate, Call, Range, Selector, unwrapped
from .block import Block
from .durations import milliseconds
from .grid import Grid
from .labels import RESERVED, LabelSets
from .query import Query
from .ranges import RANGE_FUNCTIONS
from .select import references
from .storage import Asked, Calculating, Worth

_AGGREGATIONS = frozenset({"sum", "avg", "min", "max", "count", "group"})


def current(query: Query, node: Selector, grid: Grid) -> Block | None:
    """The current value of each series; None if the storage can't tell."""
    found = _worth(query, node, grid, "", query.options.lookback_ms)
    return None if found is None else Block(found.labels, found.values, found.present)


def ranged(query: Query, function: str, node: Range, grid: Grid) -> Block | None:
    """A function of the samples in each window. Names are still those of the series."""
    length = milliseconds(node.duration, query.step_s, query.range_s)
    found = _worth(query, node.selector, grid, function, length)
    return None if found is None else Block(found.labels, found.values, found.present)


def aggregated(query: Query, node: Aggregate, grid: Grid) -> tuple[Block, LabelSets, Range | None] | None:
    """An aggregation of one of these, the series in it, and the range vector that was aggregated, if it was one."""
    if node.operator not in _AGGREGATIONS or query.options.delayed_names:
        return None
    inner = node.expression
    if isinstance(inner, Selector):
        found = _worth(query, inner, grid, "", query.options.lookback_ms, node)
        return None if found is None else (Block(found.labels, found.values, found.present), found.sources, None)
    if not isinstance(inner, Call) or inner.function not in RANGE_FUNCTIONS or len(inner.arguments) != 1:
        return None
    window = unwrapped(inner.arguments[0])
    if not isinstance(window, Range):
        return None
    length = milliseconds(window.duration, query.step_s, query.range_s)
    found = _worth(query, window.selector, grid, inner.function, length, node)
    if found is None:
        return None
    if not RANGE_FUNCTIONS[inner.function].keeps_name:
        # Series that differ by nothing else are an error if both have something at one step.
        bare, alike = found.sources.without(RESERVED)
        if not alike and not bare.are_distinct():
            return None
    return Block(found.labels, found.values, found.present), found.sources, window


def _worth(
    query: Query, node: Selector, grid: Grid, function: str, length_ms: int, aggregate: Aggregate | None = None
) -> Worth | None:
    storage = query.storage
    if node.extent or not grid.count or not isinstance(storage, Calculating):
        return None
    refs = references(query, node, grid)
    operator, names, without = "", set[str](), False
    if aggregate is not None:
        operator, names, without = aggregate.operator, set(aggregate.labels), aggregate.without
        if function and not RANGE_FUNCTIONS[function].keeps_name:
            names = names | set(RESERVED) if without else names - set(RESERVED)
    step_ms = 0 if node.pinned is not None else grid.step_ms
    asked = Asked(
        node.matchers, function, int(refs[0]), step_ms, grid.count, length_ms, operator, sorted(names), without
    )
    found = storage.worth(asked)
    if found is not None:
        query.series += len(found.sources)
        query.use(found.samples)
        query.use(len(found.sources) * grid.count)
    return found
