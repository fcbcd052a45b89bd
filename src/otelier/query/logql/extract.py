"""`| json` and `| unpack`: members of a line as labels. Numbers and whole objects are taken as they are written.

Lines are cut off now and then: of what is no whole JSON the members in front of the break are taken.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from .line import Line
from .sanitize import label_of

_ERROR = "JSONParserErr"
_PACKED = "_entry"
_MAX_DEPTH = 100
_BLANK = re.compile(r"[ \t\r\n]*")

_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items_of = msgspec.json.Decoder(list[msgspec.Raw])
_text_of = msgspec.json.Decoder(str)
_scan = json.JSONDecoder(strict=False)


def by_json(line: Line) -> bool:
    """Members by their names, nested ones joined by `_`; lists and null are left out."""
    try:
        _members(line.text.encode(errors="surrogateescape"), "", line.extract, 0)
    except (ValueError, RecursionError) as error:
        line.fail(_ERROR, str(error))
    return True


def by_paths(line: Line, paths: Sequence[tuple[str, tuple[str | int, ...]]]) -> bool:
    """What stands at each path; an empty text where nothing does."""
    if not line.text:
        return True
    if line.text[0] not in '"{[':
        line.fail(_ERROR, "the line is no JSON")
        return True
    whole = line.text.encode(errors="surrogateescape")
    for label, path in paths:
        if (found := _at(whole, path)) is not None:
            line.take(label, _meant(found))
        elif line.find(label) is None:
            line.put(label, "")
    return True


def by_unpacking(line: Line) -> bool:
    """Texts by their names, if the object has the line that they belong to."""
    if not line.text:
        return True
    try:
        members = _members_of.decode(line.text)
        texts = {key: _text_of.decode(raw) for key, raw in members.items() if bytes(raw).startswith(b'"')}
    except ValueError as error:
        line.fail(_ERROR, str(error))
        return True
    if (entry := texts.pop(_PACKED, None)) is not None:
        for key, value in texts.items():
            line.extract(label_of(key), value)
        line.text = entry
    return True


def _members(text: bytes, before: str, extract: Callable[[str, str], None], depth: int) -> None:
    """Raises ValueError where an object ends too early, after what was in front."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"more than {_MAX_DEPTH} objects within each other")
    for key, written in _each(text):
        name = label_of(key, inside=bool(before))
        name = f"{before}_{name}" if before and name else before or name
        if written.startswith(b"{"):
            _members(written, name, extract, depth + 1)
        elif name and not written.startswith((b"[", b"n")):
            extract(name, _meant(written))


def _each(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Members of an object as they are written. Raises ValueError behind the last one that can be read."""
    try:
        for key, raw in _members_of.decode(text).items():
            yield key, bytes(raw)
    except msgspec.ValidationError:
        raise ValueError("this is no JSON object") from None
    except ValueError:
        yield from _whole_ones(text.decode(errors="replace"))


def _whole_ones(text: str) -> Iterator[tuple[str, bytes]]:
    """Of an object that is cut off; one that ends with it is given as far as it goes."""
    at = _behind(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError("the line is no JSON object")
    at = _behind(text, at + 1)
    while text[at : at + 1] != "}":
        key, at = _scan.raw_decode(text, at)
        at = _behind(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise ValueError(f"character {at} is no `:` behind a member's name")
        start = _behind(text, at + 1)
        try:
            _, at = _scan.raw_decode(text, start)
        except ValueError:
            if text[start : start + 1] == "{":
                yield key, text[start:].encode()
            raise
        if at == len(text) and text[start] in "-0123456789":
            raise ValueError(f"character {at} cuts a number off")
        yield key, text[start:at].encode()
        at = _behind(text, at)
        if text[at : at + 1] == ",":
            at = _behind(text, at + 1)
        elif text[at : at + 1] != "}":
            raise ValueError(f"character {at} is no `,` between two members")
    if (end := _behind(text, at + 1)) < len(text):
        raise ValueError(f"character {end} stands behind the object's end")


def _behind(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _at(value: bytes, path: Sequence[str | int]) -> bytes | None:
    """None: nothing."""
    for part in path:
        try:
            if isinstance(part, int):
                value = bytes(_items_of.decode(value)[part])
            else:
                value = next(written for key, written in _each(value) if key == part)
        except (ValueError, LookupError, StopIteration, RecursionError):
            return None
    return value.strip()


def _meant(written: bytes) -> str:
    if written.startswith(b'"'):
        return _text_of.decode(written)
    return "" if written == b"null" else written.decode(errors="surrogateescape")
