"""Which span, spanset and trace comes first: by `sort`, or by start.

Nil comes last either way. Of different types, booleans come before numbers and numbers before texts; descending turns
that round.
"""

from collections.abc import Sequence
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
_Ranks: TypeAlias = NDArray[np.float64] | NDArray[np.int64]
_EXACT, _GREATEST = 2**53, 2**63 - 1
_WHOLE = (STRING, ARRAY, INT, DURATION)
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
    of_pairs = [_ranks(*pair) for pair in pairs]
    ranks = [each for of_pair in of_pairs for each in of_pair]
    traces = spansets.traces[spansets.sets]
    likely = _likely(ranks[0], ranks[1], traces, want)
    by_trace = likely[np.lexsort([*(each[likely] for each in reversed(ranks)), traces[likely]])]
    firsts = by_trace[np.flatnonzero(np.diff(traces[by_trace], prepend=-1))]
    codes: list[int] = traces[firsts].tolist()
    ids = [table.trace_ids[code] for code in codes]
    of_newest = newest(spansets, table)
    starts = np.array([-of_newest[code] for code in codes], np.int64)
    halves = np.invert(np.frombuffer(b"".join(ids), ">u8").astype(np.uint64))
    best = np.lexsort([halves[1::2], halves[::2], starts, *(each[firsts] for each in reversed(ranks))])[:want]
    parts = [_comparable(pair[0], of_pair, firsts[best]) for pair, of_pair in zip(pairs, of_pairs, strict=True)]
    places: list[int] = best.tolist()
    own = [(int(starts[at]), bytes(255 - each for each in ids[at]), ids[at]) for at in places]
    return [(*of_keys, *last) for *of_keys, last in zip(*parts, own, strict=True)]


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


def _values(key: ast.SortKey, spansets: Spansets, table: Table) -> tuple[Values, bool]:
    """One per entry."""
    if isinstance(key.value, ast.Aggregate):
        return aggregate(key.value, spansets, table).take(spansets.sets), key.descending
    return values(key.value, table).spread(table.rows).take(spansets.rows), key.descending


def _ranks(operand: Values, descending: bool) -> list[_Ranks]:
    """By type, then by value; then by what doubles have not of whole numbers, if there is such a thing."""
    order = sorted(range(len(operand.texts)), key=operand.texts.__getitem__)
    places = np.zeros(max(1, len(order)))
    places[order] = np.arange(len(order))
    texts = (operand.tags == STRING) | (operand.tags == ARRAY)
    number = np.where(operand.numeric, operand.floats(), operand.data)
    minor = np.where(texts, places[np.where(texts, operand.data, 0)], number)
    sign = -1.0 if descending else 1.0
    nil = (operand.tags == NIL) | (operand.tags == OTHER)
    ranks = [np.where(nil, np.inf, sign * _kinds(operand)), np.where(nil, 0.0, sign * minor)]
    left = _beyond_doubles(operand)
    return [*ranks, -left if descending else left] if left.any() else ranks


def _beyond_doubles(operand: Values) -> Ints:
    """How much more each integer is than the double next to it."""
    whole = (operand.tags == INT) | (operand.tags == DURATION)
    if not np.any(whole & (np.abs(operand.data) > _EXACT)):
        return np.zeros(len(operand), np.int64)
    doubles = operand.data.astype(np.float64)
    fits = doubles < 2.0**63
    near = np.where(fits, doubles, 0.0).astype(np.int64)
    return np.where(whole, np.where(fits, operand.data - near, operand.data - _GREATEST - 1), 0)


def _kinds(operand: Values) -> _Ranks:
    return np.where(operand.tags == BOOL, 0.0, np.where(operand.numeric, 1.0, 2.0))


def _comparable(operand: Values, ranks: list[_Ranks], entries: NDArray[np.intp]) -> list[tuple[float, Any]]:
    """As `_ranks`, with texts and whole numbers themselves."""
    some = operand.take(entries)
    columns = [some.tags, some.data, ranks[0][entries], ranks[1][entries]]
    return [
        (major, _exact(tag, datum, operand.texts, major < 0) if tag in _WHOLE else minor)
        for tag, datum, major, minor in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _exact(tag: int, datum: int, texts: Sequence[str], descending: bool) -> "str | _Descending | int":
    if tag in (STRING, ARRAY):
        return _Descending(texts[datum]) if descending else texts[datum]
    return -datum if descending else datum
