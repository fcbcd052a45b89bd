"""String literals as Go writes them, which is how TraceQL, PromQL and LogQL write theirs."""

import re

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.)|$)", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_QUOTED = {character: f"\\{name}" for name, character in _ESCAPED.items()} | {'"': '\\"'}


class BadEscape(ValueError):  # noqa: N818 - says what is wrong
    """`at`: characters from the beginning of the given text."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


def unescaped(inside: str, quote: str = '"') -> str:
    """What stands between quotes, meant: `\\x` and octal escapes are bytes of UTF-8. Raises BadEscape."""
    if "\\" not in inside:
        return inside
    meant = bytearray()
    at = 0
    while (match := _ESCAPE.search(inside, at)) is not None:
        meant += inside[at : match.start()].encode("utf-8", "surrogatepass")
        meant += _escaped(match, quote)
        at = match.end()
    meant += inside[at:].encode("utf-8", "surrogatepass")
    try:
        return meant.decode()
    except UnicodeDecodeError:
        raise BadEscape(0, "this string is not UTF-8") from None


def quoted(text: str) -> str:
    """In double quotes, so that `unescaped` gives it back; what can't be seen is escaped."""
    return '"' + "".join(map(_shown, text)) + '"'


def _shown(character: str) -> str:
    if character in _QUOTED:
        return _QUOTED[character]
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _escaped(match: re.Match[str], quote: str) -> bytes:
    byte, short, long, octal, other = match.groups()
    at = match.start()
    if byte or octal:
        number = int(byte, 16) if byte else int(octal, 8)
        if number > 0xFF:
            raise BadEscape(at, f"{match[0]} is more than a byte")
        return bytes([number])
    if short or long:
        number = int(short or long, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise BadEscape(at, f"{match[0]} is no character")
        return chr(number).encode()
    if other is None:
        raise BadEscape(at, "a backslash needs something behind it; write \\\\ for a backslash")
    if other == quote:
        return quote.encode()
    if other not in _ESCAPED:
        raise BadEscape(at, f"{match[0]} is no escape; write \\\\{other} for a backslash and {other}")
    return _ESCAPED[other].encode()
