"""Pipelines as filters of the core about one span: which spans the leading stages find, whatever the others do."""

from collections.abc import Mapping

from . import ast
from .bracket import ALL_SPANS, Bracket, at_most, both, either, has, neither
from .conditions import condition
from .evaluate.stages import asks_for_none, is_statement

_RELATIVES: Mapping[str, tuple[str, str]] = {
    ">": ("parent", "child"),
    "<": ("child", "parent"),
    ">>": ("ancestor", "descendant"),
    "<<": ("descendant", "ancestor"),
    "~": ("sibling", "sibling"),
}
"""Which relative of a span at the right stands at the left, and the other way round."""


def found_by(stages: tuple[ast.Stage, ...], within: Bracket = ALL_SPANS) -> Bracket:
    """What is left of the spans of a trace that `within` means."""
    left, split = within, False
    for stage in stages:
        match stage:
            case ast.ScalarFilter():
                left = both(within, neither(has("trace", left))) if asks_for_none(stage) else at_most(left.may)
            case ast.GroupBy() | ast.Coalesce():
                split = isinstance(stage, ast.GroupBy)
            case ast.Select() | ast.Sort():
                pass
            case ast.Filter():
                left = _selected(stage, left)
            case _:  # what looks at other spans looks at those of its spanset only
                left = at_most(left.may) if split else _selected(stage, left)
    return left


def _selected(node: ast.Spanset, within: Bracket) -> Bracket:
    match node:
        case ast.Filter(condition=expression):
            return both(within, condition(expression))
        case ast.Without(operand=operand):
            return both(within, neither(has("trace", _selected(operand, within))))
        case ast.Combination():
            return _combined(node, within)
        case ast.Structural():
            return _related(node, within)
        case ast.Pipeline(stages=stages):
            return found_by(stages, within)


def _combined(node: ast.Combination, within: Bracket) -> Bracket:
    left, right = _selected(node.left, within), _selected(node.right, within)
    if node.operator == "||":
        return either(left, right)
    if is_statement(node.left) or is_statement(node.right):
        return both(left, right)
    return both(either(left, right), has("trace", left), has("trace", right))


def _related(node: ast.Structural, within: Bracket) -> Bracket:
    left, right = _selected(node.left, within), _selected(node.right, within)
    forth, back = _RELATIVES[node.operator.lstrip("!&")]
    of_right = both(right, has(forth, left))
    match node.operator[0]:
        case "!":
            return both(right, neither(has(forth, left)))
        case "&":
            return either(of_right, both(left, has(back, right)))
        case _:
            return of_right
