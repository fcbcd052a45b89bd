"""Arithmetic and comparisons between two vectors: who meets whom, and what the results are called.

Every series of the "many" side is paired with every series of the "one" side that has the same signature; a pair counts
at the steps at which both are there. That no two of the "one" side are there at once is checked first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from ..arrays import Bools, kept
from ..ast import NAME, Binary, Matching
from ..block import Block, empty, joined, stacked
from ..errors import ExecutionError
from ..labels import Labels, LabelSets, label_set_text, nameless, only, value_of, with_value, without
from ..query import Query, Scope
from .operations import ARITHMETIC, Operands, Outcome, operate


def signature(matching: Matching) -> Callable[[Labels], Labels]:
    """What two series must have in common to meet."""
    if matching.on:
        return lambda labels: only(labels, matching.labels)
    ignored = {NAME, *matching.labels}
    return lambda labels: without(labels, ignored)


def combined(query: Query, node: Binary, left: Block, right: Block) -> Block:
    """The results. Raises ExecutionError if it isn't clear who meets whom."""
    matching = node.matching
    swapped = matching.side == "one-to-many"
    many, one = (right, left) if swapped else (left, right)
    meeting = _Meeting(query, node, many, one, swapped)
    meeting.check_one_side()
    parts = [meeting.pairs(), meeting.filled_one(), meeting.filled_many()]
    meeting.check_many_side(parts)
    return joined(stacked([block for block, _, _ in parts], left.steps)).populated()


_Part = tuple[Block, Sequence[Labels], Bools]
"""Results, and by row the signature and the steps at which a pair met, whatever came of it."""


class _Meeting:
    def __init__(self, query: Query, node: Binary, many: Block, one: Block, swapped: bool) -> None:
        self._scope = Scope(query, node)
        self._node = node
        self._many, self._one, self._swapped = many, one, swapped
        of = signature(node.matching)
        self._many_signatures = [of(labels) for labels in many.labels]
        self._one_signatures = [of(labels) for labels in one.labels]
        self._ones: dict[Labels, list[int]] = {}
        for row, each in enumerate(self._one_signatures):
            self._ones.setdefault(each, []).append(row)
        self._many_filled, self._one_filled = many.filled, one.filled

    def check_one_side(self) -> None:
        """At no step two series of the same signature."""
        fills = self._node.matching.fill_left is not None or self._node.matching.fill_right is not None
        asked = self._many_filled.any(axis=0) | fills
        for common, rows in self._ones.items():
            if len(rows) < 2:
                continue
            here = self._one_filled[rows] & asked
            if (crowded := np.flatnonzero(here.sum(axis=0) > 1)).size:
                two = [self._one.labels[row] for row, there in zip(rows, here[:, crowded[0]], strict=True) if there]
                first, second = (label_set_text(labels) for labels in sorted(two)[:2])
                side = "left" if self._swapped else "right"
                raise ExecutionError(
                    f"found duplicate series for the match group {label_set_text(common)} on the {side} hand-side of "
                    f"the operation: [{first}, {second}];many-to-many matching not allowed: matching labels must be "
                    "unique on one side"
                )

    def pairs(self) -> _Part:
        """Series that are there on both sides."""
        pairs = [(row, other) for row, each in enumerate(self._many_signatures) for other in self._ones.get(each, ())]
        if not pairs:
            return self._nothing()
        many = self._many.rows([row for row, _ in pairs])
        one = self._one.rows([other for _, other in pairs])
        met = many.filled & one.filled
        signatures = [self._many_signatures[row] for row, _ in pairs]
        block = self._results(many, one, many.labels, one.labels, met)
        return block, signatures, met

    def filled_one(self) -> _Part:
        """Series of the "many" side alone, with a number for the other: `fill_right`, also with group_right."""
        fill = self._node.matching.fill_right
        if fill is None or not self._many.labels:
            return self._nothing()
        there = self._there(self._one_signatures, self._one_filled)
        met = self._many_filled & ~np.array(
            [there.get(each, np.zeros(self._many.steps, np.bool_)) for each in self._many_signatures]
        )
        other = _constant(fill.value, self._many)
        block = self._results(self._many, other, self._many.labels, self._many_signatures, met)
        return block, self._many_signatures, met

    def filled_many(self) -> _Part:
        """Series of the "one" side alone, with a number for the other: `fill_left`, also with group_right."""
        fill = self._node.matching.fill_left
        if fill is None or not self._one.labels:
            return self._nothing()
        there = self._there(self._many_signatures, self._many_filled)
        met = self._one_filled & ~np.array(
            [there.get(each, np.zeros(self._one.steps, np.bool_)) for each in self._one_signatures]
        )
        other = _constant(fill.value, self._one)
        block = self._results(other, self._one, self._one_signatures, self._one.labels, met)
        return replace(block, unnamed=self._one.unnamed), self._one_signatures, met

    def check_many_side(self, parts: Sequence[_Part]) -> None:
        """One to one, at no step two matches of one signature; many to one, no two of the same labels."""
        explicit = self._node.matching.side != "one-to-one"
        seen: dict[tuple[Labels, Labels], Bools] = {}
        for block, signatures, met in parts:
            for labels, common, here in zip(block.labels, signatures, met, strict=True):
                key = (common, labels if explicit else ())
                if (before := seen.get(key)) is not None and (before & here).any():
                    reason = "grouping labels must ensure unique matches"
                    if not explicit:
                        reason = "many-to-one matching must be explicit (group_left/group_right)"
                    raise ExecutionError(f"multiple matches for labels: {reason}")
                seen[key] = here if before is None else before | here

    def _there(self, signatures: Sequence[Labels], filled: Bools) -> dict[Labels, Bools]:
        found: dict[Labels, Bools] = {}
        for row, each in enumerate(signatures):
            found[each] = found[each] | filled[row] if each in found else filled[row]
        return found

    def _nothing(self) -> _Part:
        return empty(self._many.steps), (), np.empty((0, self._many.steps), np.bool_)

    def _results(
        self, many: Block, one: Block, many_labels: Iterable[Labels], one_labels: Iterable[Labels], met: Bools
    ) -> Block:
        sides = [Operands(each.values, each.present & met, each.histograms) for each in (many, one)]
        if self._swapped:
            sides.reverse()
        out: Outcome = operate(self._scope, self._node, *sides)
        histograms = kept(out.histograms, met)
        labels = LabelSets(self._label(*pair) for pair in zip(many_labels, one_labels, strict=True))
        unnamed = many.unnamed_series()
        if self._node.returns_bool:
            unnamed = np.ones(len(labels), np.bool_)
        return Block(labels, out.values, out.kept & met, histograms, unnamed)

    def _label(self, many: Labels, one: Labels) -> Labels:
        matching = self._node.matching
        delayed = self._scope.query.options.delayed_names
        if self._node.operator in ARITHMETIC or (self._node.returns_bool and not delayed):
            many = nameless(many)
        if matching.side == "one-to-one":
            many = only(many, matching.labels) if matching.on else without(many, matching.labels)
        for name in matching.include:
            many = with_value(many, name, value_of(one, name))
        return many


def _constant(value: float, like: Block) -> Block:
    """A number for each series and step of another block."""
    shape = like.values.shape
    return Block(like.labels, np.broadcast_to(np.float64(value), shape), np.ones(shape, np.bool_))
