"""Text of key-value pairs, read and written: ParseKeyValue and ToKeyValueString."""

from ..as_text import as_text
from ..values import OttlError, Value
from .registry import converter


@converter("ParseKeyValue")
def parse_key_value(target: str, delimiter: str = "=", pair_delimiter: str = " ") -> dict[str, Value]:
    """The pairs of a string such as `a=1 b="two words"`; what is quoted, in single or double quotes, holds together."""
    _check(delimiter, pair_delimiter)
    if not target:
        raise OttlError("there are no pairs in an empty string")
    entries: dict[str, Value] = {}
    for pair in _pairs(target, pair_delimiter):
        key, found, value = pair.partition(delimiter)
        if not found:
            raise OttlError(f"{pair!r} has no {delimiter!r} between a key and a value")
        entries[_bare(key)] = _bare(value)
    return entries


def _check(delimiter: str, pair_delimiter: str) -> None:
    if not delimiter or not pair_delimiter:
        raise OttlError("an empty string is no delimiter")
    if delimiter == pair_delimiter:
        raise OttlError(f"the delimiter in a pair and the one between pairs are both {delimiter!r}")


def _pairs(text: str, delimiter: str) -> list[str]:
    """Cut outside of quotes, which are dropped. A quote behind a backslash is none."""
    pairs: list[str] = []
    pair: list[str] = []
    quote = ""
    position = 0
    while position < len(text):
        character = text[position]
        escaped = position > 0 and text[position - 1] == "\\"
        if not quote and text.startswith(delimiter, position):
            pairs.append("".join(pair))
            pair = []
            position += len(delimiter)
            continue
        if character in "\"'" and not escaped and quote in ("", character):
            quote = "" if quote else character
        else:
            pair.append(character)
        position += 1
    if quote:
        raise OttlError(f"a {quote} in {text!r} is never closed")
    pairs.append("".join(pair))
    return [each for each in pairs if each]


def _bare(text: str) -> str:
    return text.strip(" ")


@converter("ToKeyValueString")
def to_key_value_string(
    target: dict[str, Value], delimiter: str = "=", pair_delimiter: str = " ", sort_output: bool = False
) -> str:
    """Pairs in a row, as ParseKeyValue reads them; maps and lists inside are JSON."""
    _check(delimiter, pair_delimiter)

    def word(text: str) -> str:
        escaped = text.replace('"', '\\"')
        return f'"{escaped}"' if delimiter in text or pair_delimiter in text else escaped

    names = sorted(target) if sort_output else target
    return pair_delimiter.join(word(name) + delimiter + word(as_text(target[name])) for name in names)
