"""Groups of spans by the values of their labels, numbered as they come."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import TooLarge
from ..answer import AnyValue
from ..evaluate.distinct import distinct
from ..evaluate.present import any_value
from ..evaluate.values import NIL, Values


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
        keys = [part for each in columns for part in (each.tags, np.where(each.tags == NIL, 0, each.data))]
        first, own = distinct(*keys)
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
