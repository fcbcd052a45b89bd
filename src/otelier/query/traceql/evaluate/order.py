"""Which span, spanset and trace comes first: by `sort`, or by start.

Nil comes last either way. Of different types, booleans come before numbers and numbers before texts; descending turns
that round.
"""

from functools import total_ordering
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import ast
from .expression import values
from .numbers import aggregate
from .spansets import Spansets
from .table import Table
from .values import ARRAY, BOOL, DURATION, INT, NIL, OTHER, STRING, Ints, Values

Key: TypeAlias = tuple[Any, ...]
"""Comparable between tables."""
_Ranks: TypeAlias = NDArray[np.float64]
_FEW = 4096
"""Entries that are sorted without a look for fewer."""


@total_ordering
class _Descending:
    """A text that sorts the other way round."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.text == other.text

    def __lt__(self, other: "_Descending") -> bool:
        return self.text > other.text

    def __hash__(self) -> int:
        return hash(self.text)


def arranged(spansets: Spansets, table: Table, sort: ast.Sort | None) -> NDArray[np.intp]:
    """Entries as the answer has them: those of a set together, sets by their first, within a trace; traces anyhow."""
    ranks = [each for key in sort.keys for each in _ranks(*_values(key, spansets, table))] if sort else []
    columns = [table.starts[spansets.rows], *reversed(ranks)]
    by_set = np.lexsort([spansets.rows, *columns, spansets.sets])
    firsts = by_set[np.searchsorted(spansets.sets[by_set], np.arange(spansets.count))]
    order = np.lexsort([np.arange(spansets.count), *(each[firsts] for each in columns), spansets.traces])
    places = np.empty(spansets.count, np.int64)
    places[order] = np.arange(spansets.count)
    return by_set[np.argsort(places[spansets.sets[by_set]], kind="stable")]


def newest(spansets: Spansets, table: Table) -> dict[int, int]:
    """By trace code the start of its newest entry."""
    traces = spansets.traces[spansets.sets]
    (begins,) = np.nonzero(np.diff(traces, prepend=-1))
    if not len(begins):
        return {}
    starts = np.maximum.reduceat(table.starts[spansets.rows], begins)
    return dict(zip(traces[begins].tolist(), starts.tolist(), strict=True))


def first_traces(spansets: Spansets, table: Table, sort: ast.Sort, want: int) -> list[Key]:
    """Of the traces that come first by `sort`, sorted: keys that end with `(-newest start, id, trace id)`."""
    pairs = [_values(key, spansets, table) for key in sort.keys]
    ranks = [each for pair in pairs for each in _ranks(*pair)]
    traces = spansets.traces[spansets.sets]
    likely = _likely(ranks[0], ranks[1], traces, want)
    by_trace = likely[np.lexsort([*(each[likely] for each in reversed(ranks)), traces[likely]])]
    firsts = by_trace[np.flatnonzero(np.diff(traces[by_trace], prepend=-1))]
    starts = newest(spansets, table)
    # Ties are decided below, so whoever ties with the last stays in.
    best = firsts[np.lexsort([each[firsts] for each in reversed(ranks)])]
    best = best[: _with_ties(best, ranks, want)]
    keys: list[Key] = []
    for entry in best.tolist():
        code = int(traces[entry])
        trace_id = table.trace_ids[code]
        parts = [_comparable(operand, entry, descending) for operand, descending in pairs]
        keys.append((*parts, -starts[code], bytes(255 - each for each in trace_id), trace_id))
    return sorted(keys)[:want]


def _likely(majors: _Ranks, minors: _Ranks, traces: Ints, want: int) -> NDArray[np.intp]:
    """All entries of the traces that come first are among these, by the first key: few of many."""
    entries = np.arange(len(traces))
    if len(traces) <= _FEW:
        return entries
    minors = np.where(majors == majors.min(), minors, np.inf)
    few = _FEW
    while few < len(traces):
        bound = np.partition(minors, few)[few]
        likely = entries[minors <= bound]
        if np.isfinite(bound) and len(np.unique(traces[likely])) >= want:
            return likely
        few *= 16
    return entries


def _with_ties(best: NDArray[np.intp], ranks: list[_Ranks], want: int) -> int:
    while want < len(best) and all(each[best[want]] == each[best[want - 1]] for each in ranks):
        want += 1
    return want


def _values(key: ast.SortKey, spansets: Spansets, table: Table) -> tuple[Values, bool]:
    """One per entry."""
    if isinstance(key.value, ast.Aggregate):
        return aggregate(key.value, spansets, table).take(spansets.sets), key.descending
    return values(key.value, table).spread(table.rows).take(spansets.rows), key.descending


def _ranks(operand: Values, descending: bool) -> tuple[_Ranks, _Ranks]:
    """By type, then by value."""
    order = sorted(range(len(operand.texts)), key=operand.texts.__getitem__)
    places = np.zeros(max(1, len(order)))
    places[order] = np.arange(len(order))
    texts = (operand.tags == STRING) | (operand.tags == ARRAY)
    number = np.where(operand.numeric, operand.floats(), operand.data)
    minor = np.where(texts, places[np.where(texts, operand.data, 0)], number)
    sign = -1.0 if descending else 1.0
    nil = (operand.tags == NIL) | (operand.tags == OTHER)
    return np.where(nil, np.inf, sign * _kinds(operand)), np.where(nil, 0.0, sign * minor)


def _kinds(operand: Values) -> _Ranks:
    return np.where(operand.tags == BOOL, 0.0, np.where(operand.numeric, 1.0, 2.0))


def _comparable(operand: Values, row: int, descending: bool) -> tuple[float, Any]:
    """As `_ranks`, with texts and whole numbers themselves."""
    one = operand.take(np.array([row]))
    if one.tags[0] in (STRING, ARRAY):
        text = operand.texts[int(one.data[0])]
        return (-2.0, _Descending(text)) if descending else (2.0, text)
    (major,), (minor,) = (each.tolist() for each in _ranks(Values(one.tags, one.data), descending))
    if one.tags[0] in (INT, DURATION):
        minor = -int(one.data[0]) if descending else int(one.data[0])  # exact, also beyond what a double holds
    return major, minor
