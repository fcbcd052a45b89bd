"""Groups that the largest or smallest points can belong to, before any of them becomes an object."""

from collections.abc import Sequence
from heapq import nlargest, nsmallest

import numpy as np
from numpy.typing import NDArray

from .. import ast
from ..evaluate.values import BOOL, DOUBLE, INT, NIL, STRING, Values
from .cells import Floats, Ints
from .lines import dense
from .steps import Steps

_KINDS = {NIL: 0, BOOL: 1, INT: 1, DOUBLE: 1, STRING: 2}


def may_rank(
    cells: Ints, counts: Floats, labels: Values, *, steps: Steps, ranked: ast.Ranked
) -> NDArray[np.intp] | None:
    """Groups, by their place in `labels`, of which a point can be left; None: any. Cells without spans count 0.

    Of equal points those whose label comes first are left, of the smallest those whose label comes last (`refine`).
    """
    if len(labels) <= ranked.limit or not np.isin(labels.tags, list(_KINDS)).all():
        return None
    largest = ranked.function == "topk"
    left = np.zeros(len(labels), np.bool_)
    for column in dense(len(labels), steps, cells, counts, 0.0).T:
        keys = -column if largest else column
        last = np.partition(keys, ranked.limit - 1)[ranked.limit - 1]
        better, ties = keys < last, np.flatnonzero(keys == last)
        left |= better
        first = (nsmallest if largest else nlargest)(
            ranked.limit - int(better.sum()), zip(_order(labels.take(ties)), ties.tolist(), strict=True)
        )
        left[[row for _, row in first]] = True
    return np.flatnonzero(left)


def _order(labels: Values) -> Sequence[tuple[int, float, str]] | Sequence[str]:
    """As `lines.place` orders labels."""
    codes: list[int] = labels.data.tolist()
    if (labels.tags == STRING).all():
        return [labels.texts[code] for code in codes]
    tags: list[int] = labels.tags.tolist()
    numbers: list[float] = np.where(labels.numeric, labels.floats(), labels.data).tolist()
    return [
        (_KINDS[tag], 0.0 if tag in (NIL, STRING) else number, labels.texts[code] if tag == STRING else "")
        for tag, number, code in zip(tags, numbers, codes, strict=True)
    ]
