"""Queries from their text to their answer."""

from dataclasses import dataclass

from ..errors import BadQuery, TooLarge
from ..logs import Looked, Source
from . import ast
from .line import Line
from .lines import Walk, taken
from .metrics import Metrics
from .parse import parse
from .plan import plan
from .series import Series, Steps

MAX_LINES = 50_000
"""The most that one query may ask for."""
_MAX_BYTES = 2**28
"""Of all lines of an answer."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What a query for lines found, in its order."""

    lines: list[Line]
    looked: Looked


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a metric query came to at each of the steps; a number if it has no series."""

    steps: Steps
    value: Series | float
    looked: Looked
    descending: bool | None = None
    """Whether it asks for an order by value, and which; None: by name."""


def run_range(
    source: Source, text: str, steps: Steps, *, limit: int = 100, oldest_first: bool = False
) -> Lines | Evaluated:
    """Lines from the beginning of the range until before its end, or values at its steps.

    Raises BadQuery, TooLarge, and what the source raises.
    """
    query = parse(text)
    if not isinstance(query, ast.LogQuery):
        return _evaluated(source, query, steps)
    if not 0 < limit <= MAX_LINES:
        raise BadQuery(f"limit must be between 1 and {MAX_LINES}")
    walk = Walk(source, plan(query), steps.start_ns, steps.end_ns - 1, oldest_first=oldest_first)
    lines, all_of_them = taken(walk.lines(limit), _MAX_BYTES)
    if not all_of_them:
        raise TooLarge(f"the lines have more than {_MAX_BYTES >> 20} MiB together: ask for fewer, or for less time")
    return Lines(lines, walk.looked)


def run_instant(source: Source, text: str, time_ns: int) -> Evaluated:
    """The values of a metric query at one time. Raises as `run_range`."""
    query = parse(text)
    if isinstance(query, ast.LogQuery):
        raise BadQuery(
            "log queries are not supported as an instant query type, please change your query to a range query type"
        )
    return _evaluated(source, query, Steps(time_ns, time_ns, 1))


def _evaluated(source: Source, query: ast.Metric, steps: Steps) -> Evaluated:
    metrics = Metrics(source, steps)
    value = metrics.run(query)
    order = query.op if isinstance(query, ast.VectorAggregation) else ""
    return Evaluated(steps, value, metrics.looked, {"sort": False, "sort_desc": True}.get(order))
