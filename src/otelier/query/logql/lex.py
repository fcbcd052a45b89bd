"""The words of a LogQL text."""

import math
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...component.go_text import BadEscape, unescaped
from .errors import LogqlError

Kind: TypeAlias = Literal["string", "duration", "bytes", "number", "name", "flag", "sign", "end"]

LONGEST_NS = 50 * 365 * 86_400 * 10**9
"""Of ranges, offsets and steps; a moment that is moved by two of them still fits into 64 bits."""
_DURATION_UNITS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
    "d": 86_400 * 10**9, "w": 7 * 86_400 * 10**9, "y": 365 * 86_400 * 10**9,
}  # fmt: skip
_BYTE_UNITS = {
    "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
}  # fmt: skip
_MAX_NS = 2**63 - 1
_PIECE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d|w|y)")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?i?b)", re.IGNORECASE)
_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
  | (?P<string>"(?:\\.|[^\\"\n])*"|`[^`]*`)
  | (?P<duration>(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h|d|w|y))+(?![A-Za-z0-9_]))
  | (?P<bytes>[0-9]+(?:\.[0-9]+)?(?:[kKmMgGtT]i?)?[bB](?![A-Za-z0-9_]))
  | (?P<number>(?:0x[0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?![A-Za-z0-9_]))
  | (?P<flag>--[a-z-]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_:]*)
  | (?P<sign>\|=|\|~|\|>|!>|=~|!~|!=|==|>=|<=|[-+*/%^{}()\[\],|=<>])
    """,
    re.VERBOSE | re.DOTALL,
)
_LIKE_A_NUMBER = re.compile(r"[0-9][\w.]*")
_INSTEAD = {
    "'": "write strings in double quotes or backticks",
    '"': "this string has no closing quote",
    "`": "this string has no closing backtick",
    "&": "did you mean `and`?",
    "!": "did you mean `!=` or `!~`?",
    "~": "did you mean `=~` or `|~`?",
    "$": "a dashboard's variable that nothing was put in for",
    ".": "label names have `_` where attributes have dots: `k8s_pod_name`",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `text` as it was written, of a string what it means."""

    kind: Kind
    text: str
    at: int
    end: int

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end"
        return "a string" if self.kind == "string" else f"`{self.text}`"


def tokens(text: str) -> list[Token]:
    """All words and an "end". Raises LogqlError."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise LogqlError(text, at, _unknown(text, at))
        kind = match.lastgroup
        if kind == "string":
            found.append(Token("string", _meaning(text, match[0], at), at, match.end()))
        elif kind != "space":
            found.append(Token(kind, match[0], at, match.end()))  # pyright: ignore[reportArgumentType] - a group's name
        at = match.end()
    found.append(Token("end", "", at, at))
    return found


def _unknown(text: str, at: int) -> str:
    if word := _LIKE_A_NUMBER.match(text, at):
        return f"`{word[0]}` is no number, no duration such as 5m or 1h30m, and no size such as 10KB"
    return _INSTEAD.get(text[at], f"`{text[at]}` means nothing in LogQL")


def number_of(text: str) -> float:
    """Of a word of the kind `number`; one that is too large for a float is infinite."""
    try:
        return float(int(text, 16)) if text.startswith("0x") else float(text)
    except OverflowError:
        return math.inf


def duration_ns(text: str) -> int | None:
    """`1h30m`, `1.5s`, `-5m`, `0` in nanoseconds; None if it is no duration, or one that 64 bits can't hold."""
    body = text.removeprefix("-")
    if body == "0":
        return 0
    pieces = list(_PIECE.finditer(body))
    if not pieces or "".join(piece[0] for piece in pieces) != body:
        return None
    parts = [float(piece[1]) * _DURATION_UNITS[piece[2]] for piece in pieces]
    if sum(parts) > _MAX_NS:
        return None
    total = sum(map(round, parts))
    return -total if text.startswith("-") else total


def size_bytes(text: str) -> float | None:
    """`5KB`, `1.5 MiB` in bytes; None if it is no size."""
    found = _SIZE.fullmatch(text.strip())
    return float(found[1]) * _BYTE_UNITS[found[2].lower()] if found else None


def _meaning(text: str, literal: str, start: int) -> str:
    """What a literal means: Go's escapes between double quotes, nothing special between backticks."""
    if literal[0] == "`":
        return literal[1:-1]
    try:
        return unescaped(literal[1:-1], "\"'")
    except BadEscape as error:
        escape, other = error.escape, error.escape[1:]
        if error.wrong == "utf8":
            raise LogqlError(text, start, "this string is not UTF-8") from None
        problem = {
            "byte": f"`{escape}` is more than a byte",
            "character": f"`{escape}` is no character",
        }.get(
            error.wrong,
            f"`{escape}` is no escape; write `\\\\{other}`, or use backticks: nothing is escaped between them",
        )
        raise LogqlError(text, start + 1 + error.at, problem) from None
