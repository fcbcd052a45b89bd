"""What somebody may have meant by a column that is not there.

DuckDB's own advice is of no use for columns of the views: it knows only those that the statement names, since no others
are read for it.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from .columns import VIEWS

_UNKNOWN: Final = re.compile(r'Referenced column "(?P<name>[^"]+)" not found in FROM clause!\n(?P<advice>[^\n]*)')
_ADVISED: Final = re.compile(r'"([^"]+)"')
_ALIKE: Final = 0.6


def advised(message: str, views: Iterable[str]) -> str:
    """DuckDB's message with other advice, where it advises columns of these views."""
    found = _UNKNOWN.search(message)
    read = [VIEWS[view] for view in views]
    columns = [column for view in read for column in view.columns]
    if not found or not {each.rpartition(".")[2] for each in _ADVISED.findall(found["advice"])} <= set(columns):
        return message
    name = found["name"]
    alike = get_close_matches(name.lower(), columns, 1, _ALIKE)
    if alike:
        advice = f"Did you mean \"{alike[0]}\", or the text '{name}'?"
    elif "." in name:
        meant = dict.fromkeys(f'"{prefix}{name}"' for view in read for prefix in view.attributes)
        advice = f"Did you mean {' or '.join(meant)}?"
    else:
        advice = f"Did you mean the text '{name}'?"
    return message[: found.start("advice")] + advice + message[found.end("advice") :]
