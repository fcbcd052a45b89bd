"""Functions that every Go template has."""

import html
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import quote_plus

from ...ottl.functions.go_format import format_text
from .errors import CallError
from .functions import Function
from .values import NO_VALUE, Int, Samples, StringMap, Value, go_type, printed, truth

_JS = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
}  # fmt: skip
_HTML = {"&#x27;": "&#39;", "&quot;": "&#34;"}
_NO_ORDER = "invalid type for comparison"
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip


def _kind(value: Value) -> str:
    """Values of one kind can be compared."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "string"
        case _:
            return ""


def _equal(first: Value, *others: Value) -> bool:
    if not others:
        raise CallError("missing argument for comparison")
    return any(_same(first, each) for each in others)


def _same(left: Value, right: Value) -> bool:
    if left is NO_VALUE or right is NO_VALUE:
        return left is right
    if _kind(left) != _kind(right):
        raise CallError(f"incompatible types for comparison: {go_type(left)} and {go_type(right)}")
    if not _kind(left):
        if isinstance(left, list | dict):
            raise CallError(f"non-comparable type {printed([left])}: {go_type(left)}")
        return left is right
    return bool(left == right)


def _unequal(left: Value, right: Value) -> bool:
    return not _same(left, right)


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    def ordered(left: Value, right: Value) -> bool:
        if not _kind(left) or not _kind(right):
            raise CallError(_NO_ORDER)
        if _kind(left) != _kind(right):
            raise CallError(f"incompatible types for comparison: {go_type(left)} and {go_type(right)}")
        if _kind(left) == "bool":
            raise CallError(_NO_ORDER)
        return compare(left, right)

    return ordered


def _index(item: Value, *indexes: Value) -> Value:
    for index in indexes:
        item = _one(item, index)
    return item


def _one(item: Value, index: Value) -> Value:
    match item:
        case dict():
            if not isinstance(index, str):
                raise CallError(f"value has type {go_type(index)}; should be string")
            entries = cast("dict[str, Any]", item)
            return entries.get(index, "" if isinstance(item, StringMap) else NO_VALUE)
        case str() | list():
            if not isinstance(index, int) or isinstance(index, bool):
                raise CallError(f"cannot index slice/array with type {go_type(index)}")
            data = item.encode(errors="surrogateescape") if isinstance(item, str) else cast("list[Any]", item)
            if not 0 <= index < len(data):
                raise CallError(f"index out of range: {index}")
            found = data[index]
            return Int(found) if isinstance(found, int) else found
        case _:
            if item is NO_VALUE:
                raise CallError("index of untyped nil")
            raise CallError(f"can't index item of type {go_type(item)}")


def _slice(item: Value, *indexes: Value) -> Value:
    if not isinstance(item, str | Samples):
        raise CallError(f"can't slice item of type {go_type(item)}" if item is not NO_VALUE else "slice of untyped nil")
    if len(indexes) > (2 if isinstance(item, str) else 3):
        raise CallError(
            "cannot 3-index slice a string" if isinstance(item, str) else f"too many slice indexes: {len(indexes)}"
        )
    data = item.encode(errors="surrogateescape") if isinstance(item, str) else item
    bounds = [0, len(data)]
    for number, index in enumerate(indexes[:2]):
        if not isinstance(index, int) or isinstance(index, bool):
            raise CallError(f"cannot index slice/array with type {go_type(index)}")
        if not 0 <= index <= len(data):
            raise CallError(f"index out of range: {index}")
        bounds[number] = index
    if bounds[0] > bounds[1]:
        raise CallError(f"invalid slice index: {bounds[0]} > {bounds[1]}")
    part = data[bounds[0] : bounds[1]]
    return part.decode(errors="surrogateescape") if isinstance(part, bytes) else Samples(part)


def _not(value: Value) -> bool:
    return not truth(value)


def _length(item: Value) -> Int:
    match item:
        case str():
            return Int(len(item.encode(errors="surrogateescape")))
        case list() | dict():
            return Int(len(cast("list[Any]", item)))
        case _:
            raise CallError(f"len of type {go_type(item)}" if item is not NO_VALUE else "len of nil pointer")


def _html(*values: Value) -> str:
    escaped = html.escape(printed(list(values)).replace("\0", "\ufffd"))
    for python, go in _HTML.items():
        escaped = escaped.replace(python, go)
    return escaped


def _js(*values: Value) -> str:
    return "".join(_JS.get(c, c if c.isprintable() else f"\\u{ord(c):04X}") for c in printed(list(values)))


def url_escaped(text: str) -> str:
    """For the query of a URL."""
    return quote_plus(text, safe="~", errors="surrogateescape")


def formatted_text(template: str, *values: Value) -> str:
    """`printf`."""
    return format_text(template, [None if each is NO_VALUE else each for each in values])


def _print_line(*values: Value) -> str:
    return " ".join(printed([each]) for each in values) + "\n"


BUILTINS: Mapping[str, Function] = MappingProxyType(
    {
        "and": Function(lambda *values: values[-1], ("any",), "any"),
        "or": Function(lambda *values: values[-1], ("any",), "any"),
        "not": Function(_not, ("any",)),
        "eq": Function(_equal, ("any",), "any"),
        "ne": Function(_unequal, ("any", "any")),
        **{name: Function(_order(compare), ("any", "any")) for name, compare in _ORDERED.items()},
        "index": Function(_index, ("any",), "any"),
        "slice": Function(_slice, ("any",), "any"),
        "len": Function(_length, ("any",)),
        "print": Function(lambda *values: printed(list(values)), (), "any"),
        "printf": Function(formatted_text, ("string",), "any"),
        "println": Function(_print_line, (), "any"),
        "html": Function(_html, (), "any"),
        "js": Function(_js, (), "any"),
        "urlquery": Function(lambda *values: url_escaped(printed(list(values))), (), "any"),
    }
)
"""`and` and `or` look at no argument behind the one that decides, which `execute` sees to."""
