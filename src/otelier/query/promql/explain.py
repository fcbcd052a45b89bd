"""What a query will read and do, before it does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .ast import Aggregate, Binary, Call, Expression, Range, Selector, Subquery, children
from .durations import milliseconds
from .grid import Grid, grid
from .invariance import invariant, pinned, statistics_only
from .parse import parse
from .query import Options, Query
from .select import inner_grid, references
from .storage import Storage
from .text import text_of
from .types import type_of


@dataclass(frozen=True, slots=True)
class Read:
    """What one selector reads: series and samples of `start_ms < time <= end_ms`."""

    selector: str
    start_ms: int
    end_ms: int
    series: int
    samples: int


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the plan: what it does, at how many steps, how deep in the query."""

    depth: int
    text: str
    type: str
    steps: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The plan, outermost first, and what is read for it; at most `samples` are read."""

    plan: tuple[Step, ...]
    reads: tuple[Read, ...]

    @property
    def series(self) -> int:
        """Read by all selectors."""
        return sum(each.series for each in self.reads)

    @property
    def samples(self) -> int:
        """Read by all selectors."""
        return sum(each.samples for each in self.reads)


def explain(
    storage: Storage, options: Options, clock: Callable[[], float], text: str, start_ms: int, end_ms: int, step_ms: int
) -> Explanation:
    """Of an instant query if `step_ms` is 0. Series are looked up but nothing is calculated. Raises ParseError."""
    node = parse(text)
    query = Query(text, storage, options, clock, start_ms, end_ms, step_ms)
    query.statistics = statistics_only(node)
    parts = list(_parts(query, node, grid(start_ms, end_ms, step_ms), 0))
    return Explanation(
        tuple(each for each in parts if isinstance(each, Step)), tuple(each for each in parts if isinstance(each, Read))
    )


def _parts(query: Query, node: Expression, steps: Grid, depth: int) -> Iterator[Step | Read]:
    if steps.count > 1 and pinned(node):
        steps = steps.first
    yield Step(depth, _what(node), type_of(node), 1 if invariant(node) else steps.count)
    if isinstance(node, Selector | Range):
        yield from _read(query, node, steps)
        return
    if isinstance(node, Subquery):
        steps = inner_grid(query, node, references(query, node, steps))
    for child in children(node):
        yield from _parts(query, child, steps, depth + 1)


def _read(query: Query, node: Selector | Range, steps: Grid) -> Iterator[Read]:
    selector = node.selector if isinstance(node, Range) else node
    moments = references(query, selector, steps)
    if not len(moments):
        return
    lookback = query.options.lookback_ms
    before, after = lookback, lookback if selector.extent == "smoothed" else 0
    if isinstance(node, Range):
        before = milliseconds(node.duration, query.step_s, query.range_s) + (lookback if selector.extent else 0)
    start, end = int(moments.min()) - before, int(moments.max()) + after
    groups = [each.between(start, end) for each in query.storage.select(selector.matchers, start, end)]
    series = sum(len(each.labels) for each in groups if len(each.timestamps))
    yield Read(text_of(node), start, end, series, sum(each.values.size for each in groups))


def _what(node: Expression) -> str:
    match node:
        case Aggregate():
            grouping = f" {'without' if node.without else 'by'} ({', '.join(node.labels)})" if node.labels else ""
            return f"{node.operator}{grouping}"
        case Binary():
            return f"{node.operator} {node.matching.side}"
        case Call():
            return f"{node.function}()"
        case _:
            return text_of(node)
