"""An answer that is made of columns: TraceQL's and PromQL's."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..sql.values import moment
from .result import Result, library


class Frame(Result):
    """Columns of equal length: lists, or arrays of numbers or moments (datetime64[ns])."""

    def __init__(
        self, columns: Mapping[str, "Sequence[Any] | np.ndarray"], warnings: Sequence[str] = (), looked: int = 0
    ) -> None:
        self._columns = columns
        self.warnings = warnings
        self.looked = looked

    @property
    def columns(self) -> Sequence[str]:
        """Their names, in order."""
        return list(self._columns)

    def rows(self) -> list[list[Any]]:
        """Numbers, texts, booleans, None and lists; times are ISO 8601 texts in UTC."""
        return [list(row) for row in zip(*map(_plain, self._columns.values()), strict=True)]

    def arrow(self) -> Any:
        """A `pyarrow.Table`."""
        pyarrow = library("pyarrow", "arrow")
        return pyarrow.table({name: pyarrow.array(_alike(values)) for name, values in self._columns.items()})

    def polars(self) -> Any:
        """A `polars.DataFrame`."""
        polars = library("polars")
        return polars.DataFrame({name: _alike(values) for name, values in self._columns.items()}, strict=False)

    def pandas(self) -> Any:
        """A `pandas.DataFrame`."""
        return library("pandas").DataFrame(dict(self._columns))

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))


def _plain(values: "Sequence[Any] | np.ndarray") -> Sequence[Any]:
    if not isinstance(values, np.ndarray):
        return values
    if values.dtype.kind == "M":
        return [moment(each) for each in values.view(np.int64).tolist()]
    return values.tolist()


def _alike(values: "Sequence[Any] | np.ndarray") -> "Sequence[Any] | np.ndarray":
    """Values of several types as texts: a column of Arrow has one."""
    if isinstance(values, np.ndarray):
        return values
    types: set[type] = {float if type(each) is int else type(each) for each in values if each is not None}
    if len(types) < 2:
        whole = all(type(each) is not float for each in values)
        return values if whole or types != {float} else [None if each is None else float(each) for each in values]
    return [each if each is None or isinstance(each, str) else _text(each) for each in values]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
