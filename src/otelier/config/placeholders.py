"""Templates that somebody copied and did not fill in: `{{ .Values.x }}`, `<your-endpoint>`, `...`."""

import re
from collections.abc import Iterator

HINT = "write the value that belongs here"

_BRACES = re.compile(r"\{\{[^{}]*\}\}")
# `(?P<name>` in a regular expression is none; nor is a `<` or `{{` in a statement, with its spaces and quotes.
_ANGLES = re.compile(r"<[A-Za-z][A-Za-z0-9 _.\-]*>")
_AROUND = re.compile(r"[\w:/.@%+\-]*\Z")
_DOTS = ("...", "…")
_VALUES = frozenset(
    {"anonymous", "empty", "hidden", "masked", "missing", "nil", "nil-service-name", "none", "null", "omitted"}
    | {"redacted", "removed", "undefined", "unknown", "unset"}
)
"""What people write in angles on purpose, as in `value: <redacted>`."""


def placeholder(text: str) -> str | None:
    """The unfilled placeholder that a value is or is built around; None if there is none."""
    if text in _DOTS:
        return text
    for pattern in (_BRACES, _ANGLES):
        if (found := pattern.search(text)) and _AROUND.match(pattern.sub("", text).strip()):
            return None if found[0].strip("<>").lower() in _VALUES else found[0]
    return None


def templates(text: str) -> Iterator[tuple[int, int, str]]:
    """(line, column, template) of each `{{…}}` outside comments, of a text that is no YAML because of them."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in _BRACES.finditer(line):
            if "#" not in line[: found.start()]:
                yield number, found.start() + 1, found[0]
