"""Columns of values whose type is known only at run time: a tag and eight bytes per row.

A column of one row stands for the same value in every row (numpy's broadcasting), which is what constants are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ..ast import Constant

Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]
Tags: TypeAlias = NDArray[np.uint8]
Element: TypeAlias = str | bool | int | float
"""A value as Python has it, without nil, kinds and statuses."""

NIL, STRING, BOOL, INT, DOUBLE, ARRAY, OTHER = range(7)
"""As the core tags its columns; OTHER is bytes, maps and empty values, of which TraceQL knows nothing."""
DURATION, STATUS, KIND = 7, 8, 9
"""What is an integer to the core: nanoseconds, and OTLP's numbers."""

_TAGS = {
    "int": INT,
    "float": DOUBLE,
    "duration": DURATION,
    "string": STRING,
    "bool": BOOL,
    "status": STATUS,
    "kind": KIND,
}


@dataclass(frozen=True, slots=True)
class Values:
    """`data` by tag: index into `texts` (string, JSON of an array, other), 0 or 1, an integer, bits of a double."""

    tags: Tags
    data: Ints
    texts: Sequence[str] = ()
    """Each once."""

    def __len__(self) -> int:
        return len(self.tags)

    def take(self, rows: NDArray[np.intp]) -> "Values":
        """Those rows."""
        return Values(self.tags[rows], self.data[rows], self.texts)

    def spread(self, rows: int) -> "Values":
        """A constant as so many rows."""
        if len(self) == rows:
            return self
        return Values(np.broadcast_to(self.tags, rows), np.broadcast_to(self.data, rows), self.texts)

    def where(self, mask: Bools) -> "Values":
        """Nil where the mask is false."""
        return Values(np.where(mask, self.tags, np.uint8(NIL)), np.broadcast_to(self.data, mask.shape), self.texts)

    @property
    def numeric(self) -> Bools:
        """Where there are numbers."""
        return (self.tags == INT) | (self.tags == DOUBLE) | (self.tags == DURATION)

    def floats(self) -> NDArray[np.float64]:
        """The numbers; anything elsewhere."""
        doubles = self.tags == DOUBLE
        if doubles.all():
            return self.data.view(np.float64)
        whole = self.data.astype(np.float64)
        return np.where(doubles, self.data.view(np.float64), whole) if doubles.any() else whole

    def true(self) -> Bools:
        """Where the value is the boolean true."""
        return (self.tags == BOOL) & (self.data == 1)

    def elements(self, row: int) -> list[Element]:
        """What comparisons look at: the value, or the array's elements; none of what compares with nothing."""
        tag, datum = int(self.tags[row]), int(self.data[row])
        if tag == STRING:
            return [self.texts[datum]]
        if tag == ARRAY:
            return array_elements(self.texts[datum])
        if tag == BOOL:
            return [datum == 1]
        if tag == DOUBLE:
            return [float(self.data[row : row + 1].view(np.float64)[0])]
        return [datum] if tag in (INT, DURATION) else []


def array_elements(text: str) -> list[Element]:
    """Strings, numbers and booleans of a JSON array."""
    items = cast("list[object]", json.loads(text))
    return [item for item in items if isinstance(item, str | bool | int | float)]


def constant(node: Constant) -> Values:
    """One row."""
    value = node.value
    if value is None:
        return nothing()
    if isinstance(value, str):
        return Values(np.full(1, STRING, np.uint8), np.zeros(1, np.int64), (value,))
    tags = np.full(1, _TAGS[node.type], np.uint8)
    if node.type == "float":
        return Values(tags, np.array([float(value)]).view(np.int64))
    return Values(tags, np.array([int(value)], np.int64))


def nothing() -> Values:
    """Nil, one row."""
    return Values(np.zeros(1, np.uint8), np.zeros(1, np.int64))


def booleans(mask: Bools) -> Values:
    """True and false, never nil."""
    return Values(np.full(len(mask), BOOL, np.uint8), mask.astype(np.int64))


def integers(data: Ints, tag: int = INT) -> Values:
    """Never nil."""
    return Values(np.full(len(data), tag, np.uint8), data)


def strings(texts: Sequence[str], codes: Ints) -> Values:
    """Never nil; texts each once."""
    return Values(np.full(len(codes), STRING, np.uint8), codes, texts)
