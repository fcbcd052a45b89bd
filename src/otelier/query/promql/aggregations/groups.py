"""Which series are aggregated into one."""

from typing import Any

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..ast import NAME, Aggregate
from ..block import Block
from ..labels import LabelSets

_MANY = 16
"""Members of a group on average."""


class Groups:
    """Series in groups: `labels` of each, `order` of the rows by group, `starts` of groups in that order."""

    def __init__(self, node: Aggregate, block: Block) -> None:
        names = (*node.labels, NAME) if node.without else node.labels
        self.labels: LabelSets
        self.labels, codes = block.labels.grouped(names, node.without)
        index = np.frombuffer(codes, np.int64)
        self.order: Ints = np.argsort(index, kind="stable")
        self.sizes: Ints = np.bincount(index, minlength=len(self.labels))
        self.starts: Ints = np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)
        self._index = index
        self._sorted = bool((self.order[1:] > self.order[:-1]).all())

    def rows(self, number: int) -> Ints:
        """The rows of one group."""
        start = self.starts[number]
        return self.order[start : start + self.sizes[number]]

    def reduced(self, function: Any, values: Any) -> Any:
        """A ufunc's reduction over each group: (groups, steps) of (series, steps), in whichever layout is at hand."""
        if values.T.flags.c_contiguous and not values.flags.c_contiguous:
            turned = values.T if self._sorted else values.T[:, self.order]
            if len(self.labels) == 1:
                return function.reduce(turned, axis=1)[np.newaxis]
            return function.reduceat(turned, self.starts, axis=1).T
        ordered = values if self._sorted else values[self.order]
        return function.reduceat(ordered, self.starts, axis=0)

    def sums(self, values: Floats) -> Floats:
        """Plain sums. Of many series in few groups step by step, without putting series into order."""
        number = len(self.labels)
        if number == 1 or len(values) < _MANY * number:
            return self.reduced(np.add, values)
        turned = np.ascontiguousarray(values.T)
        found: list[Floats] = [np.bincount(self._index, row, number).astype(np.float64, copy=False) for row in turned]
        return np.array(found).T

    def counts(self, present: Bools) -> Ints:
        """Members that are there, (groups, steps)."""
        if present.all():
            return np.repeat(self.sizes[:, np.newaxis], present.shape[1], axis=1)
        return self.reduced(np.add, present.astype(np.int64))

    def unnamed(self, block: Block) -> Bools | None:
        """Groups in which a name is to go."""
        if block.unnamed is None:
            return None
        return np.logical_or.reduceat(block.unnamed[self.order], self.starts)


def where(values: Floats, present: Bools, otherwise: float) -> Floats:
    """With something harmless where nothing is."""
    return values if present.all() else np.where(present, values, otherwise)
