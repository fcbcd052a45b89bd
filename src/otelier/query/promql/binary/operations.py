"""What operators make of two samples: of floats in arrays, of histograms one by one."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..annotations import collision, reconciled
from ..arrays import Bools, Floats, Objects, cells, holds, no_objects
from ..ast import Binary
from ..histograms import Histogram
from ..histograms.arithmetic import IncompatibleSchemas, Met, add, divided, scaled, subtract
from ..histograms.trim import trimmed
from ..query import Scope

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"==": np.equal, "!=": np.not_equal, ">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal}
)
ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.divide,
        "%": np.fmod,
        "^": np.power,
        "atan2": np.arctan2,
    }
)
TRIMS = frozenset({"</", ">/"})


class Operands(NamedTuple):
    """One side of an operation: floats (n, steps), where they are, and histograms if there are any."""

    values: Floats
    present: Bools
    histograms: Objects | None


class Outcome(NamedTuple):
    """Values, where a float came out (`kept`), and histograms."""

    values: Floats
    kept: Bools
    histograms: Objects | None


def scalars(operator: str, left: Floats, right: Floats) -> Floats:
    """Between two scalars; a comparison is 0 or 1."""
    with np.errstate(all="ignore"):
        if operator in COMPARISONS:
            return COMPARISONS[operator](left, right).astype(np.float64)
        return ARITHMETIC[operator](left, right)


def operate(scope: Scope, node: Binary, left: Operands, right: Operands, *, keep_right: bool = False) -> Outcome:
    """Element by element. A comparison keeps the left value where it holds, or the right one if `keep_right`."""
    operator = node.operator
    both = left.present & right.present
    with np.errstate(all="ignore"):
        if operator in COMPARISONS:
            holds = COMPARISONS[operator](left.values, right.values)
            values = np.broadcast_to(right.values if keep_right else left.values, both.shape)
            if node.returns_bool:
                values, kept = holds.astype(np.float64), both
            else:
                kept = both & holds
        elif operator in TRIMS:
            values, kept = np.zeros(both.shape), np.zeros(both.shape, np.bool_)
            if both.any():
                _incompatible(scope, operator, "float", "float")
        else:
            values, kept = ARITHMETIC[operator](left.values, right.values), both
    if left.histograms is None and right.histograms is None:
        return Outcome(values, kept, None)
    values, kept = np.array(values, dtype=np.float64), kept.copy()
    return _with_histograms(scope, node, left, right, Outcome(values, kept, no_objects(both.shape)))


def _with_histograms(scope: Scope, node: Binary, left: Operands, right: Operands, out: Outcome) -> Outcome:
    assert out.histograms is not None
    for row, step in cells(_somewhere(left, right, out.kept.shape)):
        one, other = _sample(left, row, step), _sample(right, row, step)
        if one is None or other is None:
            continue
        found = _pair(scope, node, one, other)
        if found is None:
            continue
        if node.returns_bool:
            out.values[row, step], out.kept[row, step] = float(found[1]), True
        elif found[1]:
            out.histograms[row, step] = found[0]
    return out


def _somewhere(left: Operands, right: Operands, shape: tuple[int, ...]) -> Bools:
    found = np.zeros(shape, np.bool_)
    for side in (left, right):
        if side.histograms is not None:
            found |= np.broadcast_to(holds(side.histograms), shape)
    return found


def _sample(side: Operands, row: int, step: int) -> float | Histogram | None:
    if side.histograms is not None and side.histograms[row, step] is not None:
        return side.histograms[row, step]
    if not side.present[min(row, len(side.present) - 1), step]:
        return None
    return float(side.values[min(row, len(side.values) - 1), step])


def _pair(
    scope: Scope, node: Binary, left: float | Histogram, right: float | Histogram
) -> tuple[Histogram, bool] | None:
    """What came out and whether a comparison holds; None if the two can't be combined, with an annotation."""
    operator = node.operator
    try:
        match left, right:
            case Histogram(), Histogram() if operator in ("==", "!="):
                return left, left.same(right) == (operator == "==")
            case Histogram(), Histogram() if operator == "+":
                return _noted(scope, add(left, right), "addition"), True
            case Histogram(), Histogram() if operator == "-":
                return _noted(scope, subtract(left, right), "subtraction").hinted("gauge"), True
            case Histogram(), float() if operator == "*":
                return scaled(left, right), True
            case Histogram(), float() if operator == "/":
                return divided(left, right), True
            case Histogram(), float() if operator in TRIMS:
                return trimmed(left, right, keep_below=operator == "</"), True
            case float(), Histogram() if operator == "*":
                return scaled(right, left), True
            case _:
                kinds = ["histogram" if isinstance(each, Histogram) else "float" for each in (left, right)]
                _incompatible(scope, operator, *kinds)
    except IncompatibleSchemas:
        scope.warn(f"incompatible bucket layout encountered for binary operator {operator}")
    return None


def _noted(scope: Scope, met: Met, operation: str) -> Histogram:
    if met.collision:
        scope.warn(collision(operation))
    if met.reconciled:
        scope.inform(reconciled(operation))
    return met.histogram


def _incompatible(scope: Scope, operator: str, left: str, right: str) -> None:
    scope.inform(f'incompatible sample types encountered for binary operator "{operator}": {left} {operator} {right}')
