"""Editors of any value: set, clear, append, delete_index, and all values of a map made strings or shorter."""

from typing import cast

from ..as_text import as_text
from ..values import OttlError, Value
from .registry import Target, editor
from .targets import list_at, map_at


@editor("set")
def set_value(target: Target, value: Value) -> None:
    """Put a value there; nil changes nothing."""
    if value is not None:
        target.set(value)


@editor("clear")
def clear(target: Target) -> None:
    """Empty a map, a list, a string or bytes; other values become nil."""
    value = target.get()
    empty: tuple[Value, ...] = ({}, [], "", b"")
    target.set(next((each for each in empty if isinstance(value, type(each))), None))


_ABSENT: Value = object()


@editor("append")
def append(target: Target, value: Value = _ABSENT, values: list[Value] | None = None) -> None:
    """Add one value, or several, behind a list's; a single value there becomes a list, and nothing an empty one."""
    if value is _ABSENT and values is None:
        raise OttlError("append needs a `value`, or `values` with a list")
    present = target.get()
    items = cast("list[Value]", present) if isinstance(present, list) else [] if present is None else [present]
    added = [] if value is _ABSENT else [value]
    target.set([*items, *added, *(values or ())])


@editor("delete_index")
def delete_index(target: Target, startIndex: int, endIndex: int | None = None) -> None:  # noqa: N803
    """Delete the element at an index, or all from one up to, but without, another."""
    items = list_at(target)
    end = startIndex + 1 if endIndex is None else endIndex
    if not 0 <= startIndex < len(items):
        raise OttlError(f"there is no index {startIndex} in a list of {len(items)}")
    if not startIndex <= end <= len(items):
        raise OttlError(f"{startIndex} to {end} is no range of a list of {len(items)}")
    target.set(items[:startIndex] + items[end:])


@editor("stringify_all")
def stringify_all(target: Target) -> None:
    """Make every value of a map a string: bytes are base64, maps and lists JSON, nothing is empty."""
    target.set({key: as_text(value) for key, value in map_at(target).items()})


@editor("truncate_all")
def truncate_all(target: Target, limit: int, utf8_safe: bool = True, truncation_marker: str = "") -> None:
    """Cut the strings of a map to a number of bytes, the marker included; never through a character, unless unsafe."""
    if limit < 0:
        raise OttlError(f"truncate_all takes a number of bytes, not {limit}")
    marker = truncation_marker.encode()
    if len(marker) > limit:
        raise OttlError(f"the truncation_marker has {len(marker)} bytes, more than the limit {limit}")
    entries = map_at(target)
    cut = {
        key: _cut(value, limit - len(marker), utf8_safe) + truncation_marker
        for key, value in entries.items()
        if isinstance(value, str) and len(value) * 4 > limit and len(value.encode("utf-8", "surrogateescape")) > limit
    }
    if cut:
        target.set({**entries, **cut})


def _cut(text: str, limit: int, utf8_safe: bool) -> str:
    """Strings hold no halves of characters: in an unsafe cut they stay as surrogates, which encode to the bytes."""
    head = text.encode("utf-8", "surrogateescape")[:limit]
    return head.decode("utf-8", "ignore" if utf8_safe else "surrogateescape")
