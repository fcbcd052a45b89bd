"""The words of a TraceQL text. What is no word becomes one of kind "wrong", so that the first error is the one told,
and so that half a text has words, too."""

import re
from typing import Any, Literal, NamedTuple, TypeAlias

from ...component.go_text import BadEscape, quoted, unescaped

Kind: TypeAlias = Literal[
    "attribute", "scoped", "duration", "float", "int", "string", "name", "sign", "wrong", "open", "end"
]

NAME_ENDS = r"\s{}()=~!<>&|^,"
"""What can't be in an attribute's name without quotes (a class of a regular expression)."""

_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<duration>(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h|d|w|y))+(?![\w.µ]))
  | (?P<float>(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)(?![\w.µ]))
  | (?P<int>[0-9]+(?![\w.µ]))
  | (?P<number>\.?[0-9](?:[eE][-+]|[\w.µ])*)
  | (?P<attribute>(?P<parent>parent\.(?=(?P<under>span\.|resource\.)?))?
        (?(under)(?:span|resource)\.|(?(parent)|(?:span|resource|event|link|instrumentation)?\.))
        (?P<named>(?:[^{NAME_ENDS}"]|"(?:[^"\\]|\\.)*")*))
  | (?P<scoped>[A-Za-z_]\w*:[A-Za-z_]\w*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<string>"(?:[^"\\\n]|\\[^\n])*")
  | (?P<raw>`[^`]*`)
  | (?P<sign>&<<|&>>|!<<|!>>|&&|\|\||=~|!=|!~|<=|>=|<<|>>|!<|!>|&<|&>|&~|[-+*/%^=<>~!|(){{}}\[\],:])
  | (?P<open>["`])
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED_PART = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_NAME_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PROMETHEUS = re.compile(r"(?:[0-9]+y)?(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?(?:[0-9]+ms)?")
_PART = re.compile(r"([0-9.]+)([a-zµμ]+)")
_DAY = 86_400_000_000_000
UNITS = {
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
    "h": 3_600_000_000_000, "d": _DAY, "w": 7 * _DAY, "y": 365 * _DAY,
}  # fmt: skip
"""Nanoseconds."""
_INSTEAD = {
    "'": 'write strings in double quotes, or in back-quotes: "text"',
    "“": 'write strings in straight double quotes: "text"',
    "”": 'write strings in straight double quotes: "text"',
    "&": "did you mean &&?",
    "#": "TraceQL has no comments",
    ";": "did you mean && or |?",
    ".": "an attribute's name follows the dot, as in .http.method",
}
_INT_MAX = 2**63 - 1


class Named(NamedTuple):
    """An attribute's word taken apart; the name without quotes. `scope` as in `ast.Attribute`."""

    scope: str
    name: str
    parent: bool


class Token(NamedTuple):
    """`value`: what it is worth (str, int, float, nanoseconds, Named); of "wrong" and "open", what to say about it.
    "open" is a string or quoted name without its end, and all that follows it. `text[at:end]` is how it was written."""

    kind: Kind
    value: Any
    at: int
    end: int


def tokens(text: str) -> list[Token]:
    """All words and an "end"."""
    found: list[Token] = []
    at = 0
    match_at = _TOKEN.match
    while at < len(text):
        match = match_at(text, at)
        if match is None:
            found.append(Token("wrong", _INSTEAD.get(text[at], f"{text[at]!r} means nothing in TraceQL"), at, at + 1))
            at += 1
            continue
        kind = match.lastgroup
        end = match.end()
        if kind in ("sign", "name", "scoped"):
            found.append(Token(kind, match[0], at, end))
        elif kind != "space":
            found.append(_valued(text, match, at, end))
            if found[-1].kind == "open":
                break
        at = end
    found.append(Token("end", "", len(text), len(text)))
    return found


def _valued(text: str, match: re.Match[str], at: int, end: int) -> Token:
    written = match[0]
    match match.lastgroup:
        case "attribute":
            return _attribute(text, match, at, end)
        case "string":
            try:
                return Token("string", unescaped(written[1:-1]), at, end)
            except BadEscape as error:
                return Token("wrong", str(error), at + 1 + error.at, end)
        case "raw":
            return Token("string", written[1:-1].replace("\r", ""), at, end)
        case "int":
            return Token("int", int(written), at, end) if len(written) < 20 else _too_large(written, at, end)
        case "float":
            number = float(written)
            return Token("float", number, at, end) if number != float("inf") else _too_large(written, at, end)
        case "duration":
            return _duration(written, at, end)
        case "number":
            return Token("wrong", _no_number(written), at, end)
        case _:
            return Token("open", "this string has no closing quote", at, len(text))


def _attribute(text: str, match: re.Match[str], at: int, end: int) -> Token:
    named = match["named"]
    if end < len(text) and text[end] == '"':
        return Token("open", "this quoted name has no closing quote", at, len(text))
    scope = match[0][: len(match[0]) - len(named)]
    parent = scope.startswith("parent.")
    if not named:
        return Token("wrong", f"an attribute's name follows {scope}", at, end)
    if '"' in named:
        for part in _QUOTED_PART.finditer(named):
            if any(escaped not in '"\\' for escaped in _NAME_ESCAPE.findall(part[1])):
                return Token("wrong", 'in a quoted name, only \\" and \\\\ are escapes', at, end)
        named = _QUOTED_PART.sub(lambda part: _NAME_ESCAPE.sub(r"\1", part[1]), named)
    return Token("attribute", Named(scope.removeprefix("parent.")[:-1] or "any", named, parent), at, end)


def _duration(written: str, at: int, end: int) -> Token:
    """Prometheus's form (whole numbers, each unit at most once, down from years) or Go's (ns to h)."""
    parts = _PART.findall(written)
    if not _PROMETHEUS.fullmatch(written) and any(unit in "dwy" for _, unit in parts):
        message = f"{written} is no duration: with y, w and d, write whole numbers from years down, as in 1d12h"
        return Token("wrong", message, at, end)
    total = 0
    for number, unit in parts:
        whole, _, fraction = number.partition(".")
        if len(whole) > 20:
            return _too_large(written, at, end)
        total += int(whole or 0) * UNITS[unit]
        if fraction:
            fraction = fraction[:18]
            total += int(fraction) * UNITS[unit] // 10 ** len(fraction)
    return Token("duration", total, at, end) if total <= _INT_MAX else _too_large(written, at, end)


def _no_number(written: str) -> str:
    if written.startswith("."):
        return f"{written} is no number; a name that begins with a digit needs quotes, as in .{quoted(written[1:])}"
    if written.startswith("0x"):
        return f"{written}: numbers are decimal"
    if "_" in written:
        return f"{written}: write numbers without _"
    return f"{written} is neither a number nor a duration; units are ns, us, ms, s, m, h, d, w, y"


def _too_large(written: str, at: int, end: int) -> Token:
    return Token("wrong", f"{written if len(written) < 40 else 'this number'} is too large", at, end)
