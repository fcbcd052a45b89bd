"""Functions that templates of LogQL have besides Go's own, as Loki documents them."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from ..._core import Pattern
from ..templates.builtins import url_escaped
from ..templates.errors import CallError
from ..templates.functions import Function, Kind
from ..templates.values import NO_VALUE, AnyMap, Int, Value, truth
from .format_numbers import NUMBERS
from .format_times import TIMES
from .patterns import found_in

_MAX_LENGTH = 1 << 20
_WORD = re.compile(r"\S+")


def _pattern(text: str) -> Pattern:
    try:
        return found_in(text)
    except ValueError as error:
        raise CallError(str(error)) from None


def _truncated(count: int, text: str) -> str:
    """In bytes, as Go cuts strings; so does `_part`."""
    data = text.encode(errors="surrogateescape")
    if count < 0:
        return _text(data[count:]) if len(data) + count > 0 else text
    return _text(data[:count])


def _part(start: int, end: int, text: str) -> str:
    data = text.encode(errors="surrogateescape")
    if start > len(data):
        raise CallError("runtime error: slice bounds out of range")
    if start < 0:
        return _text(data[: max(end, 0)])
    return _text(data[start:] if end < 0 or end > len(data) else data[start:end])


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _aligned(count: int, text: str, *, left: bool) -> str:
    if count < 0 or count == len(text):
        return text
    _check_length(count)
    if left:
        return text.ljust(count)[:count]
    return text.rjust(count)[len(text) - count if len(text) > count else 0 :]


def _check_length(length: int) -> None:
    if length > _MAX_LENGTH:
        raise CallError(f"a text is longer than {_MAX_LENGTH} characters")


def _repeated(count: int, text: str) -> str:
    if count < 0:
        raise CallError("strings: negative Repeat count")
    _check_length(count * len(text))
    return text * count


def _replaced(text: str, old: str, new: str, count: int) -> str:
    found = text.replace(old, new, count)
    _check_length(len(found))
    return found


def _indented(spaces: int, text: str) -> str:
    if spaces < 0:
        raise CallError("strings: negative Repeat count")
    pad = " " * min(spaces, _MAX_LENGTH)
    _check_length(len(pad) * (text.count("\n") + 1))
    return pad + text.replace("\n", f"\n{pad}")


def _trimmed(cut: Callable[[str, str], str], text: str, characters: str) -> str:
    return cut(text, characters) if characters else text


def _contains(part: str, text: str) -> bool:
    return part in text


def _begins(part: str, text: str) -> bool:
    return text.startswith(part)


def _ends(part: str, text: str) -> bool:
    return text.endswith(part)


def _indented_behind(spaces: int, text: str) -> str:
    return f"\n{_indented(spaces, text)}"


def _all_replaced(old: str, new: str, text: str) -> str:
    return _replaced(text, old, new, -1)


def _without_around(characters: str, text: str) -> str:
    return _trimmed(str.strip, text, characters)


def _without_prefix(part: str, text: str) -> str:
    return text.removeprefix(part)


def _without_suffix(part: str, text: str) -> str:
    return text.removesuffix(part)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode(errors="surrogateescape")).decode()


def _title(text: str) -> str:
    return _WORD.sub(lambda word: word[0][:1].title() + word[0][1:], text)


def _replace_all(pattern: str, text: str, by: str) -> str:
    return _pattern(pattern).replace_all(text, by)


def _replace_all_literal(pattern: str, text: str, by: str) -> str:
    return _pattern(pattern).replace_all(text, by.replace("$", "$$"))


def _count(pattern: str, text: str) -> Int:
    return Int(len(_pattern(pattern).pieces(text, "")) // 2)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text.encode(errors="surrogateescape"), validate=True).decode(errors="surrogateescape")
    except binascii.Error as error:
        return str(error)


def _unescaped_url(text: str) -> str:
    if bad := re.search(r"%(?![0-9a-fA-F]{2}).{0,2}", text, re.DOTALL):
        raise CallError(f'invalid URL escape "{bad[0]}"')
    return unquote_to_bytes(text.replace("+", " ")).decode(errors="surrogateescape")


def _value_of(found: Any) -> Value:
    match found:
        case None:
            return NO_VALUE
        case dict():
            return AnyMap({key: _value_of(each) for key, each in cast("dict[str, Any]", found).items()})
        case list():
            return [_value_of(each) for each in cast("list[Any]", found)]
        case _:
            return found


def _from_json(text: str) -> Value:
    try:
        return _value_of(json.loads(text, parse_int=float))
    except (ValueError, RecursionError):
        return NO_VALUE


def _default(otherwise: Value, *given: Value) -> Value:
    return given[0] if given and truth(given[0]) else otherwise


def _of_texts(call: Callable[..., Value], count: int = 1) -> Function:
    return Function(call, ("string",) * count)


_ANY: Kind = "any"
_LEGACY: Mapping[str, Function] = {
    "ToLower": _of_texts(str.lower),
    "ToUpper": _of_texts(str.upper),
    "Replace": Function(_replaced, ("string", "string", "string", "int")),
    "Trim": _of_texts(partial(_trimmed, str.strip), 2),
    "TrimLeft": _of_texts(partial(_trimmed, str.lstrip), 2),
    "TrimRight": _of_texts(partial(_trimmed, str.rstrip), 2),
    "TrimPrefix": _of_texts(str.removeprefix, 2),
    "TrimSuffix": _of_texts(str.removesuffix, 2),
    "TrimSpace": _of_texts(str.strip),
}
_TEXTS: Mapping[str, Function] = {
    "lower": _of_texts(str.lower),
    "upper": _of_texts(str.upper),
    "title": _of_texts(_title),
    "trunc": Function(_truncated, ("int", "string")),
    "substr": Function(_part, ("int", "int", "string")),
    "contains": _of_texts(_contains, 2),
    "hasPrefix": _of_texts(_begins, 2),
    "hasSuffix": _of_texts(_ends, 2),
    "indent": Function(_indented, ("int", "string")),
    "nindent": Function(_indented_behind, ("int", "string")),
    "replace": _of_texts(_all_replaced, 3),
    "repeat": Function(_repeated, ("int", "string")),
    "trim": _of_texts(str.strip),
    "trimAll": _of_texts(_without_around, 2),
    "trimPrefix": _of_texts(_without_prefix, 2),
    "trimSuffix": _of_texts(_without_suffix, 2),
    "alignLeft": Function(partial(_aligned, left=True), ("int", "string")),
    "alignRight": Function(partial(_aligned, left=False), ("int", "string")),
    "regexReplaceAll": _of_texts(_replace_all, 3),
    "regexReplaceAllLiteral": _of_texts(_replace_all_literal, 3),
    "count": _of_texts(_count, 2),
    "urlencode": _of_texts(url_escaped),
    "urldecode": _of_texts(_unescaped_url),
    "b64enc": _of_texts(_encoded),
    "b64dec": _of_texts(_decoded),
    "fromJson": _of_texts(_from_json),
    "default": Function(_default, (_ANY,), _ANY),
}
FUNCTIONS: Mapping[str, Function] = {**_LEGACY, **_TEXTS, **NUMBERS, **TIMES}
"""None of them looks at the line; `formats` adds those that do."""
