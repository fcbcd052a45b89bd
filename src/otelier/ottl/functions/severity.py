"""ParseSeverity: the level of a log out of whatever its application writes."""

from typing import Any, cast

from ..any_value import type_name
from ..values import OttlError, Value
from .registry import converter

_RANGES = {f"{digit}xx": (digit * 100, digit * 100 + 99) for digit in (2, 3, 4, 5)}


@converter("ParseSeverity")
def parse_severity(target: Value, severityMapping: dict[str, Value]) -> str:  # noqa: N803
    """The level one of whose criteria fits: `{"equals": [texts]}`, or `{"range": {"min": …, "max": …}}` or `"2xx"`."""
    if isinstance(target, bool) or not isinstance(target, str | int):
        raise OttlError(f"ParseSeverity takes a string or an int, not {type_name(target)}")
    for level, criteria in severityMapping.items():
        if not isinstance(criteria, list):
            raise OttlError(f"the criteria of the level {level} must be a list")
        if any(_fits(target, criterion, level) for criterion in cast("list[Value]", criteria)):
            return level
    raise OttlError(f"no level has a criterion that fits {target!r}")


def _fits(target: str | int, criterion: Value, level: str) -> bool:
    if not isinstance(criterion, dict):
        raise OttlError(f'a criterion of the level {level} must be a map with "equals" or "range"')
    entries = cast("dict[str, Any]", criterion)
    if "equals" in entries:
        texts = entries["equals"]
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in cast("list[Value]", texts)):
            raise OttlError(f'"equals" of the level {level} must be a list of strings')
        if target in texts:
            return True
    if "range" in entries:
        low, high = _bounds(entries["range"], level)
        return isinstance(target, int) and low <= target <= high
    return False


def _bounds(bounds: Any, level: str) -> tuple[int, int]:
    if isinstance(bounds, str) and bounds in _RANGES:
        return _RANGES[bounds]
    if isinstance(bounds, dict):
        ends = cast("dict[str, Any]", bounds)
        low, high = ends.get("min"), ends.get("max")
        if isinstance(low, int) and isinstance(high, int):
            return low, high
    raise OttlError(
        f'"range" of the level {level} must be a map with the ints "min" and "max", or {", ".join(_RANGES)}'
    )
