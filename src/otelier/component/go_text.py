"""String literals as Go writes them, which is how OTTL, TraceQL, PromQL and LogQL write theirs.

Each language words its own errors; what an escape means, and which are wrong, is here.
"""

import re
from typing import Literal, TypeAlias

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.)|$)", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
SHORT = {character: f"\\{name}" for name, character in _ESCAPED.items()} | {'"': '\\"'}
"""Escapes of a letter, by what they mean."""


Wrong: TypeAlias = Literal["byte", "character", "escape", "end", "utf8"]
"""More than a byte; no character; no escape; nothing behind a backslash; bytes that are not UTF-8."""


class BadEscape(ValueError):  # noqa: N818 - says what is wrong
    """`at`: characters from the beginning of the given text; `escape` as it stands there, empty for `utf8`."""

    def __init__(self, at: int, wrong: Wrong, escape: str = "") -> None:
        super().__init__(_WORDS[wrong].format(escape=escape, other=escape[1:]))
        self.at = at
        self.wrong: Wrong = wrong
        self.escape = escape


_WORDS: dict[Wrong, str] = {
    "byte": "{escape} is more than a byte",
    "character": "{escape} is no character",
    "escape": "{escape} is no escape; write \\\\{other} for a backslash and {other}",
    "end": "a backslash needs something behind it; write \\\\ for a backslash",
    "utf8": "this string is not UTF-8",
}


def unescaped(inside: str, quotes: str = '"', *, stray: Literal["refuse", "keep"] = "refuse") -> str:
    """What stands between quotes, meant: `\\x` and octal escapes are bytes of UTF-8. Raises BadEscape.

    `quotes` may be escaped. `stray`: what becomes of bytes that are no UTF-8; kept as lone surrogates (Python's
    `surrogateescape`) where strings are bytes.
    """
    if "\\" not in inside:
        return inside
    reading, meaning = ("surrogatepass", "strict") if stray == "refuse" else ("surrogateescape", "surrogateescape")
    meant = bytearray()
    at = 0
    while (match := _ESCAPE.search(inside, at)) is not None:
        meant += inside[at : match.start()].encode("utf-8", reading)
        meant += _escaped(match, quotes)
        at = match.end()
    meant += inside[at:].encode("utf-8", reading)
    try:
        return meant.decode("utf-8", meaning)
    except UnicodeDecodeError:
        raise BadEscape(0, "utf8") from None


def quoted(text: str) -> str:
    """In double quotes, so that `unescaped` gives it back; what can't be seen is escaped."""
    return '"' + "".join(map(_shown, text)) + '"'


def _shown(character: str) -> str:
    if character in SHORT:
        return SHORT[character]
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _escaped(match: re.Match[str], quotes: str) -> bytes:
    byte, short, long, octal, other = match.groups()
    at, escape = match.start(), match[0]
    if byte or octal:
        number = int(byte, 16) if byte else int(octal, 8)
        if number > 0xFF:
            raise BadEscape(at, "byte", escape)
        return bytes([number])
    if short or long:
        number = int(short or long, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise BadEscape(at, "character", escape)
        return chr(number).encode()
    if other is None:
        raise BadEscape(at, "end", escape)
    if other in quotes:
        return other.encode()
    if other not in _ESCAPED:
        raise BadEscape(at, "escape", escape)
    return _ESCAPED[other].encode()
