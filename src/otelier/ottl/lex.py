"""The words of an OTTL text, and errors that point into it."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..component.go_text import BadEscape, unescaped
from ..component.position import line_and_column
from .values import OttlError

Kind: TypeAlias = Literal["float", "int", "bytes", "string", "name", "capital", "sign", "end"]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<bytes>0x[0-9a-fA-F]+)
  | (?P<float>[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?)
  | (?P<int>[0-9]+)
  | (?P<string>"(?:\\.|[^\\"])*")
  | (?P<capital>[A-Z][A-Za-z0-9_]*)
  | (?P<name>[a-z][a-zA-Z0-9_]*)
  | (?P<sign>==|!=|<=|>=|[-+*/<>=()\[\]{},.:])
    """,
    re.VERBOSE | re.DOTALL,
)
_INSTEAD = {
    "'": "write strings in double quotes",
    "&": "did you mean `and`?",
    "|": "did you mean `or`?",
    "!": "did you mean `not` or `!=`?",
    "`": "write strings in double quotes",
    "$": "write `$$` in the configuration where the statement needs `$`, inside of a string",
    '"': "this string has no closing quote",
}


class ParseError(OttlError):
    """A text isn't OTTL. `at`: characters from its beginning to where it went wrong."""

    def __init__(self, text: str, at: int, message: str) -> None:
        super().__init__(f"{place(text, at)}: {message}")
        self.at = at
        self.message = message


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `text` as it was written, or of a string, what it means."""

    kind: Kind
    text: str
    at: int

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end"
        return "a string" if self.kind == "string" else f"`{self.text}`"


def place(text: str, at: int) -> str:
    """`column 17`, or `line 2, column 5` of a text with several lines."""
    line, column = line_and_column(text, at)
    return f"line {line}, column {column}" if "\n" in text.strip() else f"column {column}"


def tokens(text: str) -> list[Token]:
    """All words and an "end". Raises ParseError."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ParseError(text, at, _INSTEAD.get(text[at], f"`{text[at]}` means nothing in OTTL"))
        kind = match.lastgroup
        if kind == "string":
            found.append(Token("string", _unescaped(text, match[0], at), at))
        elif kind != "space":
            found.append(Token(kind, match[0], at))  # pyright: ignore[reportArgumentType] - a group's name
        at = match.end()
    found.append(Token("end", "", at))
    return found


def _unescaped(text: str, literal: str, start: int) -> str:
    """What a string literal means."""
    try:
        return unescaped(literal[1:-1])
    except BadEscape as error:
        escape, other = error.escape, error.escape[1:]
        if error.wrong == "utf8":
            raise ParseError(text, start, "this string is not UTF-8; write bytes as 0x…") from None
        problem = {
            "byte": f"`{escape}` is more than a byte",
            "character": f"`{escape}` is no character",
        }.get(error.wrong, f"`{escape}` is no escape; write `\\\\{other}` for a backslash and `{other}`")
        raise ParseError(text, start + 1 + error.at, problem) from None
