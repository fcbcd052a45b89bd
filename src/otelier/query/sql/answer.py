"""What a statement says, as values that everybody can read or as an Arrow stream. Runs in the process of the query."""

import io
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import duckdb
import nanoarrow  # pyright: ignore[reportMissingTypeStubs]
from nanoarrow import ipc  # pyright: ignore[reportMissingTypeStubs]

from .values import moment, plain

_nanoarrow: Any = nanoarrow
_ipc: Any = ipc
_AS_TEXT = ("ENUM(", "UNION(", "BIT", "TIME WITH TIME ZONE", "INTERVAL")
"""Types that Arrow has not, or few readers of it."""
_LINE = re.compile(r"^LINE ([0-9]+): (?!.*^LINE )", re.DOTALL | re.MULTILINE)
"""How DuckDB tells a place: at the end of what it says, behind what it may quote of the data."""
_LARGE = ("HUGEINT", "UHUGEINT")
_SECONDS = (
    "((date_part('year', {0}) * 12 + date_part('month', {0})) * 30 + date_part('day', {0})) * 86400.0"
    " + date_part('hour', {0}) * 3600 + date_part('minute', {0}) * 60 + date_part('microsecond', {0}) / 1e6"
)
"""Of an interval; a month has 30 days, as in rows."""


def as_rows(connection: duckdb.DuckDBPyConnection, text: str, rows: int) -> dict[str, Any]:
    """Times of nanoseconds leave DuckDB as integers: Python's own would lose the last digits."""
    relation = connection.sql(text)
    names, types = relation.columns, [str(each) for each in relation.types]
    exact = [each == "TIMESTAMP_NS" for each in types]
    picked = ", ".join(f"epoch_ns(#{at})" if ns else f"#{at}" for at, ns in enumerate(exact, 1))
    found = _within(connection, f"SELECT {picked} FROM", text, f"LIMIT {rows + 1}")
    if len(found) > rows:
        return {"reached": "answer"}
    shown = [[moment(value) if ns else plain(value) for value, ns in zip(row, exact, strict=True)] for row in found]
    return {"columns": names, "types": types, "rows": shown}


def as_arrow(connection: duckdb.DuckDBPyConnection, text: str, rows: int) -> dict[str, Any]:
    """An IPC stream; sums are integers of 64 bits where they fit, else texts, and intervals seconds."""
    relation = connection.sql(text)
    names, types = relation.columns, [str(each) for each in relation.types]
    numbered = ", ".join(f"#{at} AS c{at}" for at in range(1, len(names) + 1))
    _within(connection, f"CREATE TABLE otelier_answer AS SELECT {numbered} FROM", text, f"LIMIT {rows + 1}")
    answer = connection.table("otelier_answer")
    if answer.count("*").fetchall()[0][0] > rows:
        return {"reached": "arrow"}
    shown = [_shown(answer, at, type_) for at, type_ in enumerate(types, 1)]
    selected = ", ".join(f'{sql} AS "{name}"' for sql, name in zip(shown, _told_apart(names), strict=True))
    stream = _nanoarrow.c_array_stream(answer.project(selected))
    out = io.BytesIO()
    with _ipc.StreamWriter.from_writable(out) as writer:
        writer.write_stream(stream)
    return {"columns": names, "types": types, "arrow": out.getvalue()}


def _within(connection: duckdb.DuckDBPyConnection, before: str, text: str, after: str) -> list[Any]:
    """A statement around that one, whose lines errors tell as those of `text` alone. Raises duckdb.Error."""
    try:
        return connection.execute(f"{before} (\n{text}\n) {after}").fetchall()
    except duckdb.Error as error:
        error.args = (_LINE.sub(lambda found: f"LINE {int(found[1]) - 1}: ", str(error)),)
        raise


def _shown(answer: duckdb.DuckDBPyRelation, at: int, type_: str) -> str:
    if type_ == "INTERVAL":
        return _SECONDS.format(f"c{at}")
    if any(each in type_ for each in _AS_TEXT):
        return f"CAST(c{at} AS VARCHAR)"
    if type_ in _LARGE:
        fits = answer.project(f"bool_and(TRY_CAST(c{at} AS BIGINT) IS NOT NULL OR c{at} IS NULL)").fetchall()
        return f"CAST(c{at} AS BIGINT)" if fits[0][0] is not False else f"CAST(c{at} AS VARCHAR)"
    return f"c{at}"


def _told_apart(names: Sequence[str]) -> list[str]:
    """Quoted within; of equal ones the later get a number."""
    seen, taken = Counter[str](), set(names)
    out: list[str] = []
    for name in names:
        seen[name] += 1
        unique, number = name, seen[name]
        while number > 1 and (unique := f"{name}_{number}") in taken:
            number += 1
        taken.add(unique)
        out.append(unique.replace('"', '""'))
    return out
