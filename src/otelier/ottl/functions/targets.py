"""What editors ask of their target: that it holds a map or a list."""

from typing import cast

from ..any_value import type_name
from ..values import OttlError, Value
from .registry import Target


def map_at(target: Target) -> dict[str, Value]:
    """The map. Raises OttlError for anything else, nil too."""
    value = target.get()
    if not isinstance(value, dict):
        raise OttlError(f"expected a map, got {type_name(value)}; guard the statement with `where IsMap(…)`")
    return cast("dict[str, Value]", value)


def list_at(target: Target) -> list[Value]:
    """The list. Raises OttlError for anything else, nil too."""
    value = target.get()
    if not isinstance(value, list):
        raise OttlError(f"expected a list, got {type_name(value)}; guard the statement with `where IsList(…)`")
    return cast("list[Value]", value)
