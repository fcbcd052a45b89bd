"""`python -m otelier.query.sql.child`: checks and runs one statement, and ends.

It gets the text and the limits, answers which columns it needs or why it refuses, gets the columns, answers the rows.
It can write no file: DuckDB is locked, and the operating system allows it none either.
"""

import math
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from .advice import advised
from .answer import as_arrow, as_rows
from .arrays import made
from .check import Refused, check
from .columns import VIEWS, summary
from .messages import TooLong, receive, send
from .places import told

_SPARE_S = 5
_SPARE_BYTES = 6 << 30
"""Of address space besides what DuckDB may use: arrays, the answer, libraries."""

_NOW = ("now", "get_current_timestamp")
"""Made of the type that times here can be compared with: UTC without a zone. `current_timestamp` is the latter."""


def main() -> None:
    """Serve the one who has started it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    go_first()
    forbid_files()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    asked = receive(source)
    # Whoever has started it kills it in time, unless that one has been killed itself.
    signal.alarm(math.ceil(2 * asked["time_s"]) + _SPARE_S)
    space = (asked["memory_mb"] << 20) + _SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    connection = locked(asked["memory_mb"], asked["threads"])
    names: Mapping[str, int] = {}
    views: Mapping[str, Sequence[str]] = {}
    try:
        checked = check(connection, asked["text"])
        names, views = checked.names, checked.views
        send(sink, {"views": checked.views, "where": checked.where})
        for name, table in receive(source).items():
            register(connection, name, table)
        answer = as_arrow if asked["form"] == "arrow" else as_rows
        send(sink, answer(connection, checked.text, asked["rows"]), asked["answer_bytes"])
    except TooLong:
        send(sink, {"reached": "answer_bytes"})
    except Refused as error:
        send(sink, {"refused": str(error)})
    except (duckdb.OutOfMemoryException, MemoryError):
        send(sink, {"reached": "memory"})
    except duckdb.BinderException as error:
        problem = told(advised(str(error), asked["text"], views), asked["text"], names)
        send(sink, {"refused": f"{problem}\n\n{summary(views or VIEWS)}"})
    except duckdb.Error as error:
        send(sink, {"refused": told(advised(str(error), asked["text"], views), asked["text"], names)})


def go_first() -> None:
    """Where memory runs out, the system ends this process, and none that takes telemetry in.

    DuckDB's limit doesn't count everything: one text alone may have 4 GiB.
    """
    with suppress(OSError):  # of Linux only
        Path("/proc/self/oom_score_adj").write_text("1000")


def forbid_files() -> None:
    """Whatever this process does from now on, no byte of a file is written."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def locked(memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """A database in memory that opens nothing and whose settings can't be changed."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
            "temp_directory": "",
            "max_temp_directory_size": "0B",
            "memory_limit": f"{memory_mb}MB",
            "threads": str(threads),
            "lock_configuration": "true",
        },
    )
    for name in _NOW:
        connection.execute(f"CREATE MACRO {name}() AS CAST(transaction_timestamp() AS TIMESTAMP)").fetchall()
    return connection


def register(connection: duckdb.DuckDBPyConnection, view: str, table: Mapping[str, Any]) -> None:
    """Under names that `check` lets no statement say, and the view upon it."""
    selected = _arrays(connection, f"otelier_{view}", table["rows"], table["columns"])
    source = f"otelier_{view}"
    if table["series"]:
        pointer = selected.pop('"series"')
        of_series = _arrays(connection, f"otelier_series_{view}", table["series_rows"], table["series"])
        named = ", ".join(f"{sql} AS {name}" for name, sql in of_series.items())
        joined = f"(SELECT {named}, row AS otelier_row FROM otelier_series_{view})"  # noqa: S608 - quoted
        source += f" AS s JOIN {joined} ON {pointer} = otelier_row"
        selected |= {name: name for name in of_series}
    columns = ", ".join(f"{sql} AS {name}" for name, sql in selected.items())
    connection.execute(f"CREATE VIEW {view} AS SELECT {columns} FROM {source}").fetchall()  # noqa: S608 - quoted


def _arrays(
    connection: duckdb.DuckDBPyConnection, table: str, rows: int, columns: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Registers them as a table; the SQL of each column by its quoted name."""
    # The table has its rows also where all that is asked for is an attribute that none of them has.
    arrays: dict[str, Any] = {"row": np.arange(rows, dtype="u4")}
    selected: dict[str, str] = {}
    for at, sent in enumerate(columns):
        column = made(sent["form"], sent["type"], sent)
        names = [f"c{at}_{number}" for number in range(len(column.arrays))]
        arrays |= zip(names, column.arrays, strict=True)
        selected[_quoted(sent["name"])] = column.sql.format(*names)
    connection.register(table, arrays)
    return selected


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    main()
