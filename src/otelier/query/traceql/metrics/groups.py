"""Groups of spans by the values of their labels, numbered as they come."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import TooLarge
from ..answer import AnyValue
from ..evaluate.distinct import distinct
from ..evaluate.present import any_value
from ..evaluate.values import NIL, Values
from .numbering import numbered

_CODES_MAX = 1 << 40


def limited(series: int, most: int) -> None:
    """Raises TooLarge."""
    if series > most:
        raise TooLarge(f"the query has more than {most:,} series; group by fewer fields or filter more")


class Groups:
    """Each distinct combination of values, types included, has one number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._numbers: dict[tuple[tuple[int, str], ...], int] = {}
        self.labels: list[tuple[AnyValue, ...]] = []
        """By number."""

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, columns: Sequence[Values], rows: int) -> NDArray[np.int64]:
        """The number of each row. Raises TooLarge."""
        if not columns:
            return np.full(rows, self._number((), ()), np.int64) if rows else np.zeros(0, np.int64)
        first, own = _distinct(columns)
        known = np.zeros(len(first), np.int64)
        for place, row in enumerate(first.tolist()):
            values = tuple(any_value(each, row) for each in columns)
            key = tuple((int(each.tags[row]), repr(value)) for each, value in zip(columns, values, strict=True))
            known[place] = self._number(key, values)
        return known[own]

    def _number(self, key: tuple[tuple[int, str], ...], values: tuple[AnyValue, ...]) -> int:
        number = self._numbers.setdefault(key, len(self.labels))
        if number == len(self.labels):
            limited(number + 1, self._most)
            self.labels.append(values)
        return number


def _distinct(columns: Sequence[Values]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Of each distinct row a place where it is; and for each row the number of its own."""
    rows = len(columns[0])
    codes, size = np.zeros(rows, np.int64), 1
    for column in columns:
        own = _codes(column)
        if own is None or size * own[1] > _CODES_MAX:
            keys = [part for each in columns for part in (each.tags, np.where(each.tags == NIL, 0, each.data))]
            return distinct(*keys)
        codes, size = codes * own[1] + own[0], size * own[1]
    present, numbers = numbered(codes, size)
    places = np.zeros(len(present), np.intp)
    places[numbers] = np.arange(rows)
    return places, numbers


def _codes(column: Values) -> tuple[NDArray[np.int64], int] | None:
    """Small numbers for the values of a column, 0 for nil, and how many there may be; None if they aren't small."""
    there = column.tags != NIL
    tags, data = column.tags[there], column.data[there]
    if not len(tags):
        return np.zeros(len(column), np.int64), 1
    if tags.min() != tags.max() or data.min() < 0 or data.max() >= _CODES_MAX:
        return None
    return np.where(there, column.data + 1, 0), int(data.max()) + 2
