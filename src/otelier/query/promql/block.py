"""An instant vector at all steps of a query at once: series × steps."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .arrays import Bools, Floats, Objects, holds, no_objects
from .errors import ExecutionError
from .labels import NOTHING, RESERVED, Labels, LabelSets, nameless


@dataclass(slots=True)
class Block:
    """`values` counts where `present`, otherwise there may be a histogram, or nothing.

    `unnamed`: series whose names go when the query is done, so that functions on labels still see them.
    """

    labels: LabelSets
    values: Floats
    present: Bools
    histograms: Objects | None = None
    unnamed: Bools | None = None

    @property
    def steps(self) -> int:
        """Columns."""
        return self.values.shape[1]

    @property
    def native(self) -> Bools:
        """Where histograms are."""
        return np.zeros(self.present.shape, np.bool_) if self.histograms is None else holds(self.histograms)

    @property
    def filled(self) -> Bools:
        """Where floats or histograms are."""
        return self.present if self.histograms is None else self.present | self.native

    def unnamed_series(self) -> Bools:
        """By series, whether its name goes."""
        return np.zeros(len(self.labels), np.bool_) if self.unnamed is None else self.unnamed

    def rows(self, index: Sequence[int] | np.ndarray) -> "Block":
        """Some series, in this order."""
        order = np.asarray(index, dtype=np.int64)
        return Block(
            self.labels.taken(order.tobytes()),
            self.values[order],
            self.present[order],
            None if self.histograms is None else self.histograms[order],
            None if self.unnamed is None else self.unnamed[order],
        )

    def without_histograms(self) -> "Block":
        """Floats alone."""
        return replace(self, histograms=None)

    def relabelled(self, change: Callable[[Labels], Labels]) -> "Block":
        """With other labels; what becomes equal is not joined."""
        return replace(self, labels=LabelSets(map(change, self.labels)))

    def calculated(self, values: Floats, delayed: bool, present: Bools | None = None) -> "Block":
        """Other floats for the same series, which are no longer what their names say."""
        result = Block(self.labels, values, self.present if present is None else present)
        return result.renamed(delayed, self.unnamed)

    def renamed(self, delayed: bool, before: Bools | None = None) -> "Block":
        """Without names: now, or later if `delayed`."""
        if delayed:
            return replace(self, unnamed=np.ones(len(self.labels), np.bool_))
        labels, alike = self.labels.without(RESERVED)
        result = replace(self, labels=labels, unnamed=before)
        return result if alike else joined(result)

    def populated(self) -> "Block":
        """Without series that have nothing at any step."""
        some = self.filled.any(axis=1)
        return self if some.all() else self.rows(np.flatnonzero(some))


def empty(steps: int) -> Block:
    """No series."""
    return Block(NOTHING, np.empty((0, steps)), np.empty((0, steps), np.bool_))


def stacked(blocks: Iterable[Block], steps: int) -> Block:
    """The series of all."""
    parts = [each for each in blocks if each.labels]
    if not parts:
        return empty(steps)
    if len(parts) == 1:
        return parts[0]
    histograms = None
    if any(each.histograms is not None for each in parts):
        histograms = np.concatenate(
            [no_objects(each.values.shape) if each.histograms is None else each.histograms for each in parts]
        )
    return Block(
        LabelSets.joined([each.labels for each in parts]),
        _beside([each.values for each in parts]),
        _beside([each.present for each in parts]),
        histograms,
        np.concatenate([each.unnamed_series() for each in parts]),
    )


def _beside(parts: list[Any]) -> Any:
    """Rows one below the other, in memory by step if that is how they came."""
    if all(each.T.flags.c_contiguous for each in parts):
        return np.concatenate([each.T for each in parts], axis=1).T
    return np.concatenate(parts)


def joined(block: Block) -> Block:
    """Series of equal labels made one. Raises ExecutionError if two have something at the same step."""
    if block.labels.are_distinct():
        return block
    places: dict[int, list[int]] = {}
    for number, group in enumerate(np.frombuffer(block.labels.grouped((), True)[1], np.int64).tolist()):
        places.setdefault(group, []).append(number)
    filled = block.filled
    if any(len(rows) > 1 and (filled[rows].sum(axis=0) > 1).any() for rows in places.values()):
        raise ExecutionError("vector cannot contain metrics with the same labelset")
    result = block.rows([rows[0] for rows in places.values()])
    unnamed = block.unnamed_series()
    joint = result.unnamed_series().copy()
    for number, rows in enumerate(places.values()):
        for row in rows[1:]:
            here = filled[row]
            result.values[number, here] = block.values[row, here]
            result.present[number, here] = block.present[row, here]
            if result.histograms is not None and block.histograms is not None:
                result.histograms[number, here] = block.histograms[row, here]
            joint[number] |= unnamed[row]
    return replace(result, unnamed=joint)


def named_now(block: Block) -> Block:
    """With names gone that were to go. Raises ExecutionError if that makes two series equal."""
    if block.unnamed is not None and block.unnamed.any():
        labels = LabelSets(
            nameless(each) if gone else each for each, gone in zip(block.labels, block.unnamed, strict=True)
        )
        block = replace(block, labels=labels, unnamed=None)
    return joined(block)
