"""What a pipeline holds between two stages: groups of rows of a table, several per trace after `by()`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .distinct import distinct
from .table import Table
from .values import NIL, Bools, Ints, Values

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Spansets:
    """Entries are sorted by set and row, sets by trace; a row is in one set at most. Every set has an entry."""

    rows: Rows
    """Of the table, per entry."""
    sets: Ints
    """0 … `count` - 1, per entry."""
    traces: Ints
    """Code of the trace, per set."""
    notes: Mapping[str, Values]
    """What the answer tells of a set: `by(…)`, `count()`; one value per set."""

    @property
    def count(self) -> int:
        """How many sets."""
        return len(self.traces)

    def keep(self, entries: Bools) -> "Spansets":
        """Only these entries; sets of which none is left go."""
        left = np.bincount(self.sets[entries], minlength=self.count) > 0
        return self._taken(entries, left)

    def keep_sets(self, sets: Bools) -> "Spansets":
        """Only these sets, whole."""
        return self._taken(sets[self.sets], sets)

    def noted(self, name: str, values: Values) -> "Spansets":
        """With one more note."""
        return replace(self, notes={**self.notes, name: values})

    def _taken(self, entries: Bools, sets: Bools) -> "Spansets":
        numbers = np.cumsum(sets) - 1
        (chosen,) = np.nonzero(sets)
        notes = {name: values.take(chosen) for name, values in self.notes.items()}
        return Spansets(self.rows[entries], numbers[self.sets[entries]], self.traces[chosen], notes)


def whole(table: Table) -> Spansets:
    """All spans: one set per trace."""
    rows = np.argsort(table.traces, kind="stable")  # no work where they are sorted already
    traces = table.traces[rows]
    begins = np.diff(traces, prepend=-1) != 0
    return Spansets(rows, np.cumsum(begins) - 1, traces[begins], {})


def split(spansets: Spansets, keys: Values, note: str) -> Spansets:
    """`by`: each set by the value of its entries (`keys`: one per entry), nil among them."""
    first, sets = distinct(spansets.sets, keys.tags, np.where(keys.tags == NIL, 0, keys.data))
    order = np.lexsort((spansets.rows, sets))
    before = spansets.sets[first]
    notes = {name: values.take(before) for name, values in spansets.notes.items()}
    notes[note] = keys.take(first)
    return Spansets(spansets.rows[order], sets[order], spansets.traces[before], notes)


def joined(spansets: Spansets) -> Spansets:
    """`coalesce`: one set per trace, without notes."""
    traces, numbers = np.unique(spansets.traces, return_inverse=True)
    sets = numbers.reshape(-1)[spansets.sets]
    order = np.lexsort((spansets.rows, sets))
    return Spansets(spansets.rows[order], sets[order].astype(np.int64), traces, {})
