"""An Arrow stream as rows. For programs that ask: the server's answers are made in the process of the query."""

import io
from typing import Any

import duckdb
import nanoarrow  # pyright: ignore[reportMissingTypeStubs]

from .answer import as_rows

_nanoarrow: Any = nanoarrow
_TABLE = "otelier_stream"


def loaded(connection: duckdb.DuckDBPyConnection, ipc: bytes) -> duckdb.DuckDBPyRelation:
    """As a table of a database in memory."""
    connection.register("stream", _nanoarrow.ArrayStream.from_readable(io.BytesIO(ipc)))
    connection.execute(f"CREATE TABLE {_TABLE} AS FROM stream").fetchall()
    return connection.table(_TABLE)


def of_stream(ipc: bytes) -> tuple[list[str], list[str], list[list[Any]]]:
    """Columns, DuckDB's names of their types, and rows."""
    with duckdb.connect() as connection:
        loaded(connection, ipc)
        found = as_rows(connection, f"FROM {_TABLE}", 2**62)
    return found["columns"], found["types"], found["rows"]
