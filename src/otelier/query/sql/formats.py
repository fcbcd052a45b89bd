"""An answer as CSV, JSON and Parquet."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

Rows = Sequence[Sequence[Any]]


def as_csv(columns: Sequence[str], rows: Rows) -> str:
    """As RFC 4180 but for lines that end in LF; names first. NULL is empty; booleans, lists and objects are JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


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


def _cell(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, bool | list | dict) else value
