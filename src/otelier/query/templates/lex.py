"""The words of a template, after the documentation of Go's package text/template."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from .errors import TemplateError

Kind: TypeAlias = Literal[
    "text", "left", "right", "space", "string", "raw", "char", "number", "name", "field", "variable", "sign", "end"
]

_LEFT = "{{"
_RIGHT = "}}"
_SPACE = " \t\r\n"
_WORD = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<string>"(?:\\.|[^\\"\n])*")
  | (?P<raw>`[^`]*`)
  | (?P<char>'(?:\\.|[^\\'\n])+')
  | (?P<number>[-+]?(?:0[xX][0-9a-fA-F_]+(?:\.[0-9a-fA-F_]*)?(?:[pP][-+]?[0-9_]+)?
      |0[oO][0-7_]+|0[bB][01_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?)i?)
  | (?P<field>\.[^\W\d]\w*)
  | (?P<variable>\$\w*)
  | (?P<name>[^\W\d]\w*)
  | (?P<sign>:=|[=|(),.!\#$%&*+/;<>?@\[\\\]^{}~-])
    """,
    re.VERBOSE,
)
_CLOSE = re.compile(r"(?:[ \t\r\n]-)?\}\}")
_ENDS_WORD = frozenset(_SPACE + ".,|:)(=") | {_RIGHT}
"""What may follow a name, a field or a variable."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word, as it was written."""

    kind: Kind
    text: str
    at: int

    def __str__(self) -> str:
        return "EOF" if self.kind == "end" else f'"{self.text}"'


class Lexer:
    """Raises TemplateError, with the template's name and the line."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text

    def fail(self, at: int, message: str) -> TemplateError:
        """What to raise."""
        line = 1 + self._text.count("\n", 0, at)
        return TemplateError(f"template: {self._name}:{line}: {message}")

    def tokens(self) -> Iterator[Token]:
        """All words; comments are left out, and the space that `-` takes away."""
        text, at, trimmed = self._text, 0, False
        while (start := text.find(_LEFT, at)) >= 0:
            inside = start + 2
            trims = text[inside : inside + 1] == "-" and text[inside + 1 : inside + 2] in tuple(_SPACE)
            yield from _plain(text[at:start], at, trimmed, trims)
            inside += 2 if trims else 0
            if text.startswith("/*", inside):
                at, trimmed = self._comment(start, inside)
                continue
            words, at, trimmed = self._action(start, inside)
            yield from words
        yield from _plain(text[at:], at, trimmed, False)
        yield Token("end", "", len(text))

    def _comment(self, start: int, inside: int) -> tuple[int, bool]:
        close = self._text.find("*/", inside)
        if close < 0:
            raise self.fail(start, "unclosed comment")
        end = close + 2
        trims = self._text[end : end + 2] in (" -", "\t-", "\n-", "\r-")
        end += 2 if trims else 0
        if not self._text.startswith(_RIGHT, end):
            raise self.fail(start, "comment ends before closing delimiter")
        return end + 2, trims

    def _action(self, start: int, at: int) -> tuple[list[Token], int, bool]:
        """The words between two delimiters and these; where it ends; whether it takes away space behind it."""
        text, depth = self._text, 0
        words = [Token("left", _LEFT, start)]
        while not (close := _CLOSE.match(text, at)):
            match = _WORD.match(text, at)
            if match is None:
                raise self._unknown(start, at)
            word, end = match[0], match.end()
            if match.lastgroup == "space" and text.startswith("-}}", end):
                # The last blank belongs to the delimiter.
                word, end = word[:-1], end - 1
            self._check_end(match.lastgroup, word, at, end)
            depth += {"(": 1, ")": -1}.get(word, 0)
            if depth < 0:
                raise self.fail(at, "unexpected right paren")
            if word:
                words.append(Token(cast("Kind", match.lastgroup), word, at))
            at = end
        if depth:
            raise self.fail(at, "unclosed left paren")
        words.append(Token("right", _RIGHT, at))
        return words, close.end(), close.end() - at > len(_RIGHT)

    def _check_end(self, kind: str | None, word: str, at: int, end: int) -> None:
        follows = self._text[end : end + 1]
        if kind in ("name", "field", "variable") and follows and follows not in _ENDS_WORD:
            if not self._text.startswith(_RIGHT, end):
                raise self.fail(at, f"bad character U+{ord(follows):04X} '{follows}'")
        elif kind == "number" and (follows.isalnum() or follows == "_"):
            raise self.fail(at, f'bad number syntax: "{word}{follows}"')

    def _unknown(self, start: int, at: int) -> TemplateError:
        if at >= len(self._text):
            return self.fail(start, "unclosed action")
        match self._text[at]:
            case '"':
                return self.fail(at, "unterminated quoted string")
            case "`":
                return self.fail(at, "unterminated raw quoted string")
            case "'":
                return self.fail(at, "unterminated character constant")
            case ":":
                return self.fail(at, "expected :=")
            case other:
                return self.fail(at, f"unrecognized character in action: U+{ord(other):04X} '{other}'")


def _plain(text: str, at: int, trimmed: bool, trims: bool) -> Iterator[Token]:
    if trimmed:
        stripped = text.lstrip(_SPACE)
        at += len(text) - len(stripped)
        text = stripped
    if trims:
        text = text.rstrip(_SPACE)
    if text:
        yield Token("text", text, at)
