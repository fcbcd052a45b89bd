"""Converters of lists and maps: searched, sorted, taken apart, put together."""

from typing import Any, Literal, cast

from ..any_value import type_name
from ..values import OttlError, Value
from .registry import converter
from .string_like import string_like

_ABSENT = object()


@converter("Coalesce")
def coalesce(values: list[Value]) -> Value:
    """The first value that isn't nil; nil if all are."""
    if not values:
        raise OttlError("Coalesce needs at least one value")
    return next((value for value in values if value is not None), None)


@converter("ContainsValue")
def contains_value(target: list[Value], item: Value) -> bool:
    """Is a value in a list? An int and a double of the same number are equal."""
    return index_in(target, item) >= 0


@converter("Index")
def index(target: Value, value: Value) -> int:
    """Where a value is in a list, or a string in another (in bytes), for the first time; -1 if nowhere."""
    if isinstance(target, list):
        return index_in(cast("list[Value]", target), value)
    if not isinstance(target, str):
        raise OttlError(f"Index takes a list or a string, not {type_name(target)}")
    if not isinstance(value, str):
        raise OttlError(f"Index searches a string for a string, not for {type_name(value)}")
    return target.encode("utf-8", "surrogateescape").find(value.encode("utf-8", "surrogateescape"))


def index_in(items: list[Value], wanted: Value) -> int:
    """By OTTL's equality, for which true isn't 1."""
    sort = isinstance(wanted, bool)
    return next((n for n, item in enumerate(items) if item == wanted and isinstance(item, bool) == sort), -1)


@converter("Keys")
def keys(target: dict[str, Value]) -> list[Value]:
    """A map's keys."""
    return list(target)


@converter("Values")
def values(target: dict[str, Value]) -> list[Value]:
    """A map's values."""
    return list(target.values())


@converter("Sort")
def sort(target: list[Value], order: Literal["asc", "desc"] = "asc") -> list[Value]:
    """Numbers by value, anything with a string or bool in it as text; "asc" or "desc"."""
    if any(isinstance(value, dict | list | bytes) for value in target) and len(target) > 1:
        raise OttlError("Sort takes numbers, strings and bools, no maps, lists or bytes")
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in target)
    return sorted(target, key=_number if numbers else _text, reverse=order == "desc")


def _number(value: Any) -> float:
    return value


def _text(value: Value) -> str:
    return string_like(value) or ""


@converter("SliceToMap")
def slice_to_map(
    target: list[Value],
    keyPath: list[str] | None = None,  # noqa: N803
    valuePath: list[str] | None = None,  # noqa: N803
) -> dict[str, Value]:
    """A map of a list's elements, by the string found along `keyPath` in each or by number; or of parts of them."""
    entries: dict[str, Value] = {}
    for number, item in enumerate(target):
        key = _along(item, keyPath, number) if keyPath else str(number)
        if not isinstance(key, str):
            raise OttlError(f"element {number} has {type_name(key)} at {keyPath}, and only a string can be a key")
        entries[key] = _along(item, valuePath, number) if valuePath else item
    return entries


def _along(item: Value, path: list[str], number: int) -> Value:
    for step in path:
        if not isinstance(item, dict):
            raise OttlError(f"element {number} has no map where {step!r} of {path} is looked for")
        item = cast("dict[str, Value]", item).get(step, _ABSENT)
        if item is _ABSENT:
            raise OttlError(f"element {number} has nothing at {path}")
    return item
