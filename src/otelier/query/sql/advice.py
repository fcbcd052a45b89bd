"""What somebody may have meant by a statement that DuckDB refuses.

DuckDB's own advice is of no use for columns of the views: it knows only those that the statement names, since no others
are read for it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, TypeAlias

from .columns import VIEWS, View

_ADVISED: Final = re.compile(r'"([^"]+)"')
_ALIKE: Final = 0.6
_TIME: Final = "a time is written '2026-08-01T12:00:00Z', or now() - INTERVAL 1 HOUR"

_Advice: TypeAlias = Callable[[re.Match[str], str, Sequence[View]], str]
"""From what was found in the message, the statement and the views that it reads."""


def advised(message: str, text: str, views: Iterable[str]) -> str:
    """DuckDB's message about `text` with other advice, where it is about these views."""
    read = [VIEWS[view] for view in views]
    for pattern, advice in _ADVICE.items():
        if found := pattern.search(message):
            return message[: found.start("advice")] + advice(found, text, read) + message[found.end("advice") :]
    return message


def _column(found: re.Match[str], _text: str, views: Sequence[View]) -> str:
    columns = [column for view in views for column in view.columns]
    if not {each.rpartition(".")[2] for each in _ADVISED.findall(found["advice"])} <= set(columns):
        return found["advice"]
    name = found["name"]
    if alike := get_close_matches(name.lower(), columns, 1, _ALIKE):
        return f"Did you mean \"{alike[0]}\", or the text '{name}'?"
    return f"Did you mean {_attributes(name, views)}?" if "." in name else f"Did you mean the text '{name}'?"


def _table(found: re.Match[str], text: str, views: Sequence[View]) -> str:
    """Of an attribute without quotes all but its last part is a table to DuckDB."""
    last = re.search(rf'\b{re.escape(found["name"])}\.(?:"([^"]+)"|(\w+))', text, re.IGNORECASE)
    if not last or not views:
        return found["advice"]
    meant = _attributes(f"{found['name']}.{last[1] or last[2]}", views)
    return f"{found['advice']}; attributes stand in double quotes: {meant}"


def _attributes(name: str, views: Sequence[View]) -> str:
    if any(view.is_attribute(name) for view in views):
        return f'"{name}"'
    return " or ".join(dict.fromkeys(f'"{prefix}{name}"' for view in views for prefix in view.attributes))


def _text_as_number(found: re.Match[str], text: str, _views: Sequence[View]) -> str:
    """DuckDB does not say whether a time was wanted; what stands in the statement is no value of a row."""
    return f"; {_TIME}, a number without quotes" if f"'{found['value']}'" in text else ""


def _number_as_time(_found: re.Match[str], _text: str, _views: Sequence[View]) -> str:
    return f"{_TIME}, or make_timestamp_ns(…) of nanoseconds since 1970"


_ADVICE: Final[Mapping[re.Pattern[str], _Advice]] = {
    re.compile(r'Referenced column "(?P<name>[^"]+)" not found in FROM clause!\n(?P<advice>[^\n]*)'): _column,
    re.compile(r'Referenced table "(?P<name>[^"]+)" not found!\n(?P<advice>[^\n]*)'): _table,
    re.compile(r"Could not convert string '(?P<value>[^']*)' to INT64(?P<advice>)"): _text_as_number,
    re.compile(
        r"Cannot compare values of type TIMESTAMP_NS and type \w+ - (?P<advice>an explicit cast is required)"
    ): _number_as_time,
}
