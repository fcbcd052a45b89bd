"""`python -m otelier.query.sql.child`: checks and runs one statement, and ends.

It gets the text and the limits, answers which columns it needs or why it refuses, gets the columns, answers the rows.
It can write no file: DuckDB is locked, and the operating system allows it none either.
"""

import math
import resource
import signal
import sys
from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np

from .arrays import Made, made
from .check import Refused, check
from .columns import FIXED, PREFIXES
from .messages import TooLong, receive, send
from .values import moment, plain

_SPARE_S = 5


def main() -> None:
    """Serve the one who has started it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    forbid_files()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    asked = receive(source)
    # Whoever has started it kills it in time, unless that one has been killed itself.
    signal.alarm(math.ceil(2 * asked["time_s"]) + _SPARE_S)
    connection = locked(asked["memory_mb"], asked["threads"])
    try:
        checked = check(connection, asked["text"])
        send(sink, {"views": checked.views})
        tables = receive(source)
        for name, (rows, columns) in tables.items():
            arrays = {each["name"]: made(each["form"], each["type"], each) for each in columns}
            _register(connection, name, rows, arrays)
        send(sink, _answer(connection, checked.text, asked["rows"]), asked["answer_bytes"])
    except TooLong:
        send(sink, {"reached": "answer_bytes"})
    except Refused as error:
        send(sink, {"refused": str(error)})
    except duckdb.OutOfMemoryException:
        send(sink, {"reached": "memory"})
    except duckdb.BinderException as error:
        send(sink, {"refused": f"{error}\n\n{_columns()}"})
    except duckdb.Error as error:
        send(sink, {"refused": str(error)})


def forbid_files() -> None:
    """Whatever this process does from now on, no byte of a file is written."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def locked(memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """A database in memory that opens nothing and whose settings can't be changed."""
    return duckdb.connect(
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


def _register(connection: duckdb.DuckDBPyConnection, view: str, rows: int, columns: Mapping[str, Made]) -> None:
    """Under a name that `check` lets no statement say, and the view upon it."""
    arrays: dict[str, Any] = {
        f"c{at}": each.values for at, each in enumerate(columns.values()) if each.values is not None
    }
    selected = ", ".join(
        f"{'NULL' if each.values is None else f'CAST(c{at} AS {each.type})'} AS {_quoted(name)}"
        for at, (name, each) in enumerate(columns.items())
    )
    # The table has its rows also where all that is asked for is an attribute that none of them has.
    arrays["rows"] = np.zeros(rows, "u1")
    connection.register(f"otelier_{view}", arrays)
    connection.execute(f"CREATE VIEW {view} AS SELECT {selected} FROM otelier_{view}").fetchall()  # noqa: S608 - quoted


def _answer(connection: duckdb.DuckDBPyConnection, text: str, rows: int) -> dict[str, Any]:
    """Times of nanoseconds leave DuckDB as integers: Python's own would lose the last digits."""
    relation = connection.sql(text)
    names, types = relation.columns, [str(each) for each in relation.types]
    exact = [each == "TIMESTAMP_NS" for each in types]
    picked = ", ".join(f"epoch_ns(#{at})" if ns else f"#{at}" for at, ns in enumerate(exact, 1))
    found = relation.limit(rows + 1).project(picked).fetchall()
    if len(found) > rows:
        return {"reached": "answer"}
    shown = [[moment(value) if ns else plain(value) for value, ns in zip(row, exact, strict=True)] for row in found]
    return {"columns": names, "types": types, "rows": shown}


def _columns() -> str:
    parts = [
        f'{view} has {", ".join(FIXED[view])}; attributes in double quotes: "{PREFIXES[view][0]}http.route", '
        f'"{PREFIXES[view][1]}k8s.pod.name"'
        for view in FIXED
    ]
    return "\n".join(parts)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    main()
