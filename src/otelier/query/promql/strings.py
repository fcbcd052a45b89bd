"""String literals of PromQL, read and written.

Strings are bytes in PromQL. Here they are text in which a byte that is no UTF-8 is a lone surrogate (Python's
`surrogateescape`).
"""

import re

from .errors import ParseError

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_SHORT = {value: f"\\{name}" for name, value in _ESCAPED.items()} | {'"': '\\"'}


def unquoted(text: str, literal: str, start: int) -> str:
    """What a literal with its quotes means; it stands at `start` of `text`. Raises ParseError."""
    if literal[0] == "`" or "\\" not in literal:
        return literal[1:-1]
    meant = bytearray()
    at = 1
    for match in _ESCAPE.finditer(literal):
        if match.start() < at:
            continue
        meant += literal[at : match.start()].encode(errors="surrogateescape")
        meant += _escaped(text, match, start, literal[0])
        at = match.end()
    meant += literal[at:-1].encode(errors="surrogateescape")
    return meant.decode(errors="surrogateescape")


def quoted(value: str) -> str:
    """The text as a string literal in double quotes."""
    return '"' + "".join(map(_written, value)) + '"'


def is_utf8(value: str) -> bool:
    """No byte of it had to be escaped."""
    return not any(0xDC80 <= ord(char) <= 0xDCFF for char in value)


def _written(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return char


def _escaped(text: str, match: "re.Match[str]", start: int, quote: str) -> bytes:
    byte, short, long, octal, other = match.groups()
    at = start + match.start()
    if byte or octal:
        number = int(byte, 16) if byte else int(octal, 8)
        if number > 0xFF:
            raise ParseError(text, at, f'"{match[0]}" is more than a byte')
        return bytes([number])
    if short or long:
        number = int(short or long, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise ParseError(text, at, f'"{match[0]}" is no character')
        return chr(number).encode()
    if other == quote:
        return other.encode()
    if other not in _ESCAPED:
        raise ParseError(text, at, f'unknown escape sequence "{match[0]}"; write "\\\\{other}" for a backslash')
    return _ESCAPED[other].encode()
