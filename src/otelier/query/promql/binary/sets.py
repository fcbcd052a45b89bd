"""and, or and unless."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..arrays import Bools, kept
from ..ast import Binary
from ..block import Block, joined, stacked
from ..labels import Labels
from .matching import signature


def combined(node: Binary, left: Block, right: Block) -> Block:
    """Series of the left, or of both, as they are."""
    of = signature(node.matching)
    if node.operator == "or":
        return joined(stacked([left, _limited(right, ~_among(right, left, of))], left.steps))
    there = _among(left, right, of)
    return _limited(left, there if node.operator == "and" else ~there)


def _among(block: Block, other: Block, of: Callable[[Labels], Labels]) -> Bools:
    """By series and step of the first, whether the second has something of the same signature there."""
    there: dict[object, Bools] = {}
    for labels, filled in zip(other.labels, other.filled, strict=True):
        key = of(labels)
        there[key] = there[key] | filled if key in there else filled
    nowhere = np.zeros(block.steps, np.bool_)
    found = [there.get(of(labels), nowhere) for labels in block.labels]
    return np.array(found, dtype=np.bool_).reshape(block.present.shape)


def _limited(block: Block, wanted: Bools) -> Block:
    histograms = kept(block.histograms, wanted)
    return replace(block, present=block.present & wanted, histograms=histograms).populated()
