"""The words of a PromQL text."""

import math
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...component import duration_ms
from .errors import ParseError
from .strings import unquoted

Kind: TypeAlias = Literal["number", "duration", "string", "name", "sign", "end"]

_COMMON = r"""
    (?P<space>\s+|\#[^\n]*)
  | (?P<duration>(?:[0-9]+(?:ms|[ywdhms]))+(?![0-9A-Za-z_.]))
  | (?P<number>0[xX][0-9a-fA-F_]+
      | (?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?)
  | (?P<string>"(?:\\.|[^\\"\n])*"|'(?:\\.|[^\\'\n])*'|`[^`]*`)
"""
_OUTSIDE = re.compile(
    _COMMON
    + r"""
  | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
  | (?P<sign>==|=~|!=|!~|<=|>=|</|>/|[-+*/%^<>=(){}\[\],@])
    """,
    re.VERBOSE | re.DOTALL,
)
_INSIDE = re.compile(
    _COMMON
    + r"""
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign>==|=~|!=|!~|<=|>=|[-+*/%^<>=(){}\[\],@:])
    """,
    re.VERBOSE | re.DOTALL,
)
"""Between brackets a colon parts the range of a subquery from its step, between braces no name has one."""
_SPECIAL = {"inf": float("inf"), "nan": float("nan")}


@dataclass(frozen=True, slots=True)
class Token:
    """One word. `text` as it was written, or of a string, what it means; `value` of a number or duration (seconds)."""

    kind: Kind
    text: str
    at: int
    end: int
    value: float = 0.0

    def __str__(self) -> str:
        match self.kind:
            case "end":
                return "the end"
            case "string":
                return "a string"
            case _:
                return f'"{self.text}"'

    @property
    def word(self) -> str:
        """In small letters, as keywords are compared; empty for what is no word."""
        return self.text.lower() if self.kind == "name" else ""


def tokens(text: str) -> list[Token]:
    """All words and an "end". Raises ParseError."""
    found: list[Token] = []
    at = 0
    open_signs: list[str] = []
    while at < len(text):
        inside = bool(open_signs) and open_signs[-1] != "("
        match = (_INSIDE if inside else _OUTSIDE).match(text, at)
        if match is None:
            raise ParseError(text, at, _unknown(text, at))
        at = match.end()
        if match.lastgroup == "space":
            continue
        token = _token(text, match)
        if token.kind == "sign":
            _nest(open_signs, token.text)
        found.append(token)
    found.append(Token("end", "", at, at))
    return found


def _nest(open_signs: list[str], sign: str) -> None:
    if sign in "([{":
        # A parenthesis between brackets belongs to a duration expression, which has no names with colons either.
        open_signs.append("[" if open_signs and open_signs[-1] == "[" else sign)
    elif sign in ")]}" and open_signs:
        open_signs.pop()


def _token(text: str, match: "re.Match[str]") -> Token:
    word, at, end = match[0], match.start(), match.end()
    match match.lastgroup:
        case "duration":
            return Token("duration", word, at, end, _seconds(text, word, at))
        case "number":
            if end < len(text) and (text[end].isalnum() or text[end] in "._"):
                raise ParseError(text, at, f'bad number or duration syntax: "{word}{text[end]}"')
            return Token("number", word, at, end, _number(text, word, at))
        case "string":
            return Token("string", unquoted(text, word, at), at, end)
        case "name":
            if word.lower() in _SPECIAL:
                return Token("number", word, at, end, _SPECIAL[word.lower()])
            return Token("name", word, at, end)
        case _:
            return Token("sign", word, at, end)


def _number(text: str, word: str, at: int) -> float:
    if re.search(r"_(?![0-9a-fA-F])|(?<![0-9a-fA-FxX])_", word):
        raise ParseError(text, at, f'bad number or duration syntax: "{word}": an underscore stands between two digits')
    plain = word.replace("_", "")
    if plain[:2] in ("0x", "0X"):
        return float(int(plain, 16))
    if len(plain) > 1 and plain[0] == "0" and plain.isdigit() and set(plain) <= set("01234567"):
        return float(int(plain, 8))
    value = float(plain)
    if value == math.inf:
        raise ParseError(text, at, f'error parsing number: "{word[:20]}…" is too large; write Inf for infinity')
    return value


def _seconds(text: str, word: str, at: int) -> float:
    try:
        ms = duration_ms(word)
    except OverflowError:
        raise ParseError(text, at, f'duration out of range: "{word}"') from None
    if ms is None:
        raise ParseError(text, at, f'not a valid duration string: "{word}": units go from large to small, each once')
    return ms / 1000


def _unknown(text: str, at: int) -> str:
    match text[at]:
        case '"' | "'" | "`":
            return f"unterminated quoted string: it begins with {text[at]} and has no end"
        case "!":
            return 'unexpected character after "!": did you mean "!=" or "unless"?'
        case "~":
            return 'unexpected character "~": write "=~" for a regular expression'
        case "&" | "|":
            return f'unexpected character "{text[at]}": did you mean "and" or "or"?'
        case ":":
            return 'unexpected character ":": a colon belongs into names or into the brackets of a subquery, [5m:1m]'
        case other:
            return f'unexpected character "{other}"'
