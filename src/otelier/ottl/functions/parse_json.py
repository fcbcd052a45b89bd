"""ParseJSON."""

import json
from typing import Any, NoReturn, cast

from ..values import OttlError, Value
from .registry import converter


@converter("ParseJSON")
def parse_json(target: str) -> dict[str, Value] | list[Value]:
    """The object or array that a string holds. Every number becomes a double."""
    try:
        value: Any = json.loads(target, parse_int=float, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise OttlError(f"this is no JSON: {error or 'it is nested too deep'}") from None
    if not isinstance(value, dict | list):
        raise OttlError("ParseJSON takes an object or an array, and this is JSON of something else")
    return cast("dict[str, Value] | list[Value]", value)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
