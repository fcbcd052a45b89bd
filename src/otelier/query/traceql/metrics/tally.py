"""How many spans have each value of an attribute, on two sides. Only the values that are told become objects."""

import json
from heapq import nsmallest
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from .. import ast
from ..answer import AnyValue, Attribute, Series
from ..evaluate.distinct import distinct
from ..evaluate.present import any_values
from ..evaluate.values import ARRAY, DOUBLE, NIL, OTHER, STRING, Tags, Values, array_elements
from ..text import written
from .cells import Floats, Ints, summed
from .numbering import numbered

Side: TypeAlias = Literal["baseline", "selection"]

SIDES: tuple[Side, ...] = ("baseline", "selection")
_VALUES_MAX = 100_000
"""Values of one attribute that are told apart."""


class _Part(NamedTuple):
    """Entries: their value, step and spans."""

    tags: Tags
    data: Ints
    steps: Ints
    counts: Floats


_NONE = _Part(np.zeros(0, np.uint8), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


class Tally:
    """Of one attribute."""

    def __init__(self, field: ast.Field, steps: int) -> None:
        self.field = field
        self._steps = steps
        self._texts: dict[str, int] = {}
        self._parts: dict[Side, list[_Part]] = {side: [_NONE] for side in SIDES}

    def add(self, side: Side, values: Values, steps: Ints, counts: Floats) -> None:
        """So many spans with this value, in this step; one entry each."""
        there = np.flatnonzero(values.tags != NIL)
        tags, data = values.tags[there], values.data[there]
        if len(values.texts):
            data = data.copy()
            for tag, shown in ((STRING, str), (OTHER, str), (ARRAY, _shown)):
                own = np.flatnonzero(tags == tag)
                if len(own):
                    used, places = numbered(data[own], len(values.texts))
                    wanted: list[int] = used.tolist()
                    texts = (shown(values.texts[code]) for code in wanted)
                    codes = [self._texts.setdefault(each, len(self._texts)) for each in texts]
                    data[own] = np.array(codes, np.int64)[places]
        self._parts[side].append(_Part(tags, data, steps[there], counts[there]))

    def series(self, top: int) -> list[Series]:
        """The values that most spans have, of each side, and the totals."""
        sides = [_Part(*map(np.concatenate, zip(*self._parts[side], strict=True))) for side in SIDES]
        values, numbers = self._distinct(
            np.concatenate([each.tags for each in sides]), np.concatenate([each.data for each in sides])
        )
        name = written(self.field)
        found: list[Series] = []
        too_many = cut = len(values) > _VALUES_MAX
        for side, part, own in zip(SIDES, sides, np.split(numbers, [len(sides[0].tags)]), strict=True):
            totals = summed(part.steps, part.counts, self._steps)
            if not totals.any():
                continue
            found.append(series_of(f"{side}_total", Attribute(name, None), totals))
            if too_many:
                continue
            spans = summed(own, part.counts, len(values))
            cut = cut or int((spans > 0).sum()) > top
            for number, value in _most(spans, values, top):
                here = own == number
                found.append(
                    series_of(side, Attribute(name, value), summed(part.steps[here], part.counts[here], self._steps))
                )
        if cut:
            found.append(marked(name, self._steps))
        return found

    def _distinct(self, tags: Tags, data: Ints) -> tuple[Values, Ints]:
        """Each value once, and the number of each entry's."""
        texts = list(self._texts)
        if len(tags) and (tags == STRING).all():
            present, numbers = numbered(data, len(texts))
            return Values(np.full(len(present), STRING, np.uint8), present, texts), numbers
        first, numbers = distinct(tags, data)
        return Values(tags[first], data[first], texts), numbers


def _shown(array: str) -> str:
    """As answers show it: without what is neither text nor number nor boolean."""
    return json.dumps(array_elements(array))


def _most(spans: Floats, values: Values, top: int) -> list[tuple[int, AnyValue]]:
    """Those that most spans have; of equally many numbers by size, then texts, as the core takes them."""
    there = np.flatnonzero(spans > 0)
    if len(there) > top:
        least = -np.partition(-spans[there], top - 1)[top - 1] if top else np.inf
        there = there[spans[there] >= least]
        sure = there[spans[there] > least]
        ties = there[spans[there] == least]
        first = nsmallest(top - len(sure), ties.tolist(), key=lambda row: _place(values, row))
        there = np.concatenate([sure, first]).astype(np.intp)
    return list(zip(there.tolist(), any_values(values, there), strict=True))


def _place(values: Values, row: int) -> tuple[int, int, int, int, str]:
    tag, data = int(values.tags[row]), int(values.data[row])
    if tag in (STRING, ARRAY, OTHER):
        return tag, 0, 0, 0, values.texts[data]
    bits = data if tag == DOUBLE else int(np.float64(data).view(np.int64))
    # Bits of floats are ordered as they are where they are positive, else the other way round.
    return 0, bits if bits >= 0 else bits ^ (2**63 - 1), tag, data, ""


def series_of(kind: str, label: Attribute, points: Floats) -> Series:
    """Of a value, or of what has any."""
    return Series((Attribute("__meta_type", kind), label), points)


def marked(name: str, steps: int) -> Series:
    """Says that an attribute has more values than are told."""
    mark = Attribute("__meta_error", "__too_many_values__")
    return Series((mark, Attribute(name, None)), np.full(steps, np.nan))
