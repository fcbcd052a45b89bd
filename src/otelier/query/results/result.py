"""What every answer can become."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any


class Result(ABC):
    """A table: named columns, and rows in the order of the answer. Iterating it gives each row as a dict.

    `arrow`, `polars` and `pandas` need the library that they are named after: `pip install 'otelier[polars]'`. Times
    are UTC with nanoseconds.
    """

    warnings: Sequence[str] = ()
    """What makes the answer less than it could be; empty: nothing is missing."""
    looked: int = 0
    """Spans, log records or samples that were looked at for it; 0 where that is not told."""

    @property
    @abstractmethod
    def columns(self) -> Sequence[str]:
        """Their names, in order."""

    @abstractmethod
    def rows(self) -> list[list[Any]]:
        """Numbers, texts, booleans, None, lists and dicts; times are ISO 8601 texts in UTC."""

    @abstractmethod
    def arrow(self) -> Any:
        """A `pyarrow.Table`."""

    @abstractmethod
    def polars(self) -> Any:
        """A `polars.DataFrame`."""

    @abstractmethod
    def pandas(self) -> Any:
        """A `pandas.DataFrame`."""

    @abstractmethod
    def __len__(self) -> int:
        """How many rows."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: take it by .polars(), .pandas(), .arrow() or .rows()>"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Rows by the names of their columns."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows())


def library(name: str, extra: str = "") -> Any:
    """A package that only those need who ask for its tables. Raises ImportError that says how to get it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this needs {name.partition('.')[0]}: pip install 'otelier[{extra or name}]'", name=name
        ) from error
