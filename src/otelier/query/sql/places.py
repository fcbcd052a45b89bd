"""What DuckDB says of a statement, with the place where it lies, quoted as DuckDB's own parser does it."""

import re
from collections.abc import Mapping
from typing import Final

_NAMED: Final = re.compile(
    r"""Referenced\ (?:column|table)\ "([^"]+)"|[Ff]unction\ with\ name\ "?(\w+)"?\ does\ not\ exist
    |No\ function\ matches\ the\ given\ name\ and\ argument\ types\ '(\w+)\(
    """,
    re.VERBOSE,
)

_SET: Final = re.compile(r""" Use "SET max_expression_depth [^.]*\.""")


def quoted(text: str, at: int) -> str:
    """The line that has the byte `at`, and a caret below it."""
    before = text.encode()[:at].decode(errors="replace")
    line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
    head = f"LINE {line + 1}: "
    return f"{head}{text.splitlines()[line]}\n{' ' * (len(head) + column)}^"


def told(message: str, text: str, names: Mapping[str, int]) -> str:
    """DuckDB's message, about a name with its place; `names`: where each stands first, in lower case.

    What it advises and is refused here is left out.
    """
    message = _SET.sub(" Write it with less nesting and shorter chains of operators.", message)
    found = _NAMED.search(message)
    name = next(filter(None, found.groups()), "").lower() if found else ""
    return f"{message}\n\n{quoted(text, names[name])}" if name in names and "LINE " not in message else message
