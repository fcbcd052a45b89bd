"""String literals of PromQL, read and written.

Strings are bytes in PromQL. Here they are text in which a byte that is no UTF-8 is a lone surrogate (Python's
`surrogateescape`).
"""

from ...component.go_text import SHORT, BadEscape, unescaped
from .errors import ParseError


def unquoted(text: str, literal: str, start: int) -> str:
    """What a literal with its quotes means; it stands at `start` of `text`. Raises ParseError."""
    if literal[0] == "`":
        return literal[1:-1]
    try:
        return unescaped(literal[1:-1], literal[0], stray="keep")
    except BadEscape as error:
        escape, other = error.escape, error.escape[1:]
        problem = {
            "byte": f'"{escape}" is more than a byte',
            "character": f'"{escape}" is no character',
        }.get(error.wrong, f'unknown escape sequence "{escape}"; write "\\\\{other}" for a backslash')
        raise ParseError(text, start + 1 + error.at, problem) from None


def quoted(value: str) -> str:
    """The text as a string literal in double quotes."""
    return '"' + "".join(map(_written, value)) + '"'


def is_utf8(value: str) -> bool:
    """No byte of it had to be escaped."""
    return not any(0xDC80 <= ord(char) <= 0xDCFF for char in value)


def _written(char: str) -> str:
    if char in SHORT:
        return SHORT[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return char
