"""ParseCSV: one row of comma-separated values (RFC 4180, with a delimiter of choice)."""

from typing import Literal

from ..values import OttlError, Value
from .registry import converter


@converter("ParseCSV")
def parse_csv(
    target: str,
    headers: str,
    delimiter: str = ",",
    headerDelimiter: str = "",  # noqa: N803
    mode: Literal["strict", "lazyQuotes", "ignoreQuotes"] = "strict",
) -> dict[str, Value]:
    """A row's fields by the names in `headers`; modes: "strict", "lazyQuotes", "ignoreQuotes"."""
    header_delimiter = headerDelimiter or delimiter
    if len(delimiter) != 1 or len(header_delimiter) != 1:
        raise OttlError(f"ParseCSV takes delimiters of one character, not {delimiter!r} and {header_delimiter!r}")
    if not headers:
        raise OttlError("ParseCSV needs headers")
    row = target.strip("\r\n")
    if not row:
        raise OttlError("there is no CSV row in an empty string")
    names = headers.split(header_delimiter)
    fields = row.split(delimiter) if mode == "ignoreQuotes" else _fields(row, delimiter, mode == "lazyQuotes")
    if len(names) != len(fields):
        raise OttlError(f"{len(names)} headers, but {len(fields)} fields")
    return dict(zip(names, fields, strict=True))


def _fields(row: str, delimiter: str, lazy: bool) -> list[str]:
    fields: list[str] = []
    start = 0
    while True:
        if row.startswith('"', start):
            field, end = _quoted(row, start, delimiter, lazy)
        else:
            end = row.find(delimiter, start)
            end = len(row) if end < 0 else end
            field = row[start:end]
            if '"' in field and not lazy:
                raise OttlError(f'a " in an unquoted field, at character {start + field.index(chr(34))} of the row')
        fields.append(field)
        if end >= len(row):
            return fields
        start = end + 1


def _quoted(row: str, start: int, delimiter: str, lazy: bool) -> tuple[str, int]:
    """A field that begins with a quote, and where it ends. A quote inside is doubled; a lazy row forgives."""
    out: list[str] = []
    position = start + 1
    while (quote := row.find('"', position)) >= 0:
        out.append(row[position:quote])
        after = row[quote + 1 : quote + 2]
        if after == '"':
            out.append('"')
            position = quote + 2
        elif after in ("", delimiter):
            return "".join(out), quote + 1
        elif lazy:
            out.append('"')
            position = quote + 1
        else:
            raise OttlError(f'a " that neither ends the field nor is doubled, at character {quote} of the row')
    if not lazy:
        raise OttlError(f'the " at character {start} of the row is never closed')
    return "".join(out) + row[position:], len(row)
