"""The series of a whole query."""

from collections.abc import Sequence
from typing import assert_never

from .. import ast
from ..answer import Series
from ..found import Found
from .calculate import calculated, scaled
from .comparison import compared
from .exemplars import Shown
from .lines import Lines
from .measure import measure
from .refine import refined
from .steps import Steps

_EXEMPLARS_MAX = 100
"""Of one function, and the number for the hint `exemplars=true`."""


def series(
    root: ast.Metrics | ast.Refined | ast.MetricsMath,
    found: Found,
    steps: Steps,
    exemplars: int = 0,
    hints: Sequence[ast.Hint] = (),
) -> tuple[Series, ...]:
    """Sorted by labels. `found` reads in `steps.first_ns` … `steps.last_ns`. Raises TooLarge.

    Of the hints, sampling has no effect: numbers are always of all spans.
    """
    named = {hint.name: hint.value.value for hint in hints}
    wanted = named.get("exemplars", exemplars)
    if isinstance(wanted, bool):
        wanted = (exemplars or _EXEMPLARS_MAX) if wanted else 0
    shown = Shown(min(int(wanted or 0), _EXEMPLARS_MAX), named.get("extrapolate") is True)
    return _lines(root, found, steps, shown).named()


def _lines(node: ast.Metrics | ast.Refined | ast.MetricsMath, found: Found, steps: Steps, shown: Shown) -> Lines:
    match node:
        case ast.Metrics():
            if isinstance(node.measure, ast.Compare):
                return compared(node.pipeline, node.measure, found, steps)
            return measure(node, found, steps, shown)
        case ast.Refined(ast.Metrics(measure=ast.Measure()) as inner, (ast.Ranked() as first, *_) as stages):
            return refined(measure(inner, found, steps, shown, first), stages)
        case ast.Refined(inner, stages):
            return refined(_lines(inner, found, steps, shown), stages)
        case ast.MetricsMath(operator, left, right):
            if isinstance(left, ast.Constant):
                assert not isinstance(right, ast.Constant)
                return scaled(operator, _lines(right, found, steps, shown), _number(left), swapped=True)
            if isinstance(right, ast.Constant):
                return scaled(operator, _lines(left, found, steps, shown), _number(right), swapped=False)
            return calculated(operator, _lines(left, found, steps, shown), _lines(right, found, steps, shown))
        case _:
            assert_never(node)


def _number(constant: ast.Constant) -> float:
    return float(constant.value or 0)
