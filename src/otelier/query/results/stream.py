"""An answer that is an Arrow stream: SQL's."""

import io
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from .result import Result, library


class Stream(Result):
    """Holds the bytes of the stream."""

    def __init__(self, ipc: bytes, warnings: Sequence[str] = (), looked: int = 0) -> None:
        self.ipc = ipc
        """In Arrow's IPC streaming format."""
        self.warnings = warnings
        self.looked = looked

    @property
    def columns(self) -> Sequence[str]:
        """Of equal names the later have a number."""
        return self._read[0]

    @property
    def types(self) -> Sequence[str]:
        """DuckDB's names of the columns' types."""
        return self._read[1]

    def rows(self) -> list[list[Any]]:
        """As in JSON."""
        return self._read[2]

    def arrow(self) -> Any:
        """A `pyarrow.Table`."""
        return library("pyarrow.ipc", "arrow").open_stream(self.ipc).read_all()

    def polars(self) -> Any:
        """A `polars.DataFrame`; maps are lists of structs."""
        return library("polars").read_ipc_stream(io.BytesIO(self.ipc))

    def pandas(self) -> Any:
        """A `pandas.DataFrame`."""
        library("pandas")
        return library("pyarrow.ipc", "pandas").open_stream(self.ipc).read_all().to_pandas()

    def __len__(self) -> int:
        return len(self.rows())

    @cached_property
    def _read(self) -> tuple[list[str], list[str], list[list[Any]]]:
        from ..sql.rows import of_stream

        return of_stream(self.ipc)
