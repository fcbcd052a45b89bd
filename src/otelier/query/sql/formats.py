"""An answer as CSV, JSON and Parquet."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

Rows = Sequence[Sequence[Any]]
_QUOTED: Final = re.compile(r'[",\r\n]|\A\Z')
"""What of a cell's text makes it stand in quotes, of which nothing at all is one: without them it is NULL."""


def as_csv(columns: Sequence[str], rows: Rows) -> str:
    """As RFC 4180 but for lines that end in LF; names first. NULL is nothing, as where DuckDB and PostgreSQL write it.

    An empty text is `""`; booleans, lists and objects are JSON.
    """
    return "".join([_line(columns), *map(_line, rows)])


def as_json(columns: Sequence[str], types: Sequence[str], rows: Rows) -> bytes:
    """`{"columns":[{"name":…,"type":…}],"rows":[[…]]}`; numbers that JSON has not (NaN, infinite) are null."""
    named = [{"name": name, "type": type_} for name, type_ in zip(columns, types, strict=True)]
    return msgspec.json.encode({"columns": named, "rows": rows})


def write_parquet(ipc: bytes, file: Path) -> None:
    """An Arrow stream as a file, by DuckDB in this process. Raises OSError."""
    import duckdb

    from .rows import loaded

    with duckdb.connect() as connection:
        try:
            loaded(connection, ipc).write_parquet(str(file), compression="zstd")
        except duckdb.IOException as error:
            raise OSError(str(error)) from error


def _line(cells: Iterable[Any]) -> str:
    return ",".join(map(_cell, cells)) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = msgspec.json.encode(value).decode() if isinstance(value, bool | list | dict) else str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
