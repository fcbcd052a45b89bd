"""An answer as CSV and JSON."""

import csv
import io
from typing import Any

import msgspec

from .engine import Result


def as_csv(result: Result) -> str:
    """As RFC 4180 but for lines that end in LF; names first. NULL is empty; booleans, lists and objects are JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows([_cell(value) for value in row] for row in result.rows)
    return text.getvalue()


def as_json(result: Result) -> bytes:
    """`{"columns":[{"name":…,"type":…}],"rows":[[…]]}`; numbers that JSON has not (NaN, infinite) are null."""
    columns = [{"name": name, "type": type_} for name, type_ in zip(result.columns, result.types, strict=True)]
    return msgspec.json.encode({"columns": columns, "rows": result.rows})


def _cell(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, bool | list | dict) else value
