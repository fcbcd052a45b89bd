"""A parsed query as JSON: types and keys as those of Prometheus' `parse_query`."""

from typing import Any

from ...query.promql.ast import (
    NAME,
    Aggregate,
    AtModifier,
    Binary,
    Call,
    Expression,
    Matcher,
    Number,
    Paren,
    Range,
    Selector,
    String,
    Subquery,
    Unary,
)
from ...query.promql.durations import milliseconds
from ...query.promql.numbers import fixed
from ...query.promql.signatures import FUNCTIONS
from ...query.promql.types import type_of

_TYPES = {"instant vector": "vector", "range vector": "matrix", "scalar": "scalar", "string": "string"}
_ANY_NUMBER = 1000
"""A function that takes this many further arguments takes any number."""


def tree(node: Expression) -> dict[str, Any]:
    """The node with what it is made of."""
    match node:
        case Number() | String():
            return _literal(node)
        case Paren():
            return {"type": "parenExpr", "expr": tree(node.expression)}
        case Unary():
            return _unary(node)
        case Selector():
            return {"type": "vectorSelector", **_selector(node)}
        case Range():
            return {"type": "matrixSelector", **_length("range", node.duration), **_selector(node.selector)}
        case Subquery():
            return _subquery(node)
        case Aggregate():
            return _aggregation(node)
        case Binary():
            return _binary(node)
        case Call():
            return _call(node)


def _literal(node: Number | String) -> dict[str, Any]:
    if isinstance(node, Number):
        return {"type": "numberLiteral", "val": fixed(node.value)}
    return {"type": "stringLiteral", "val": node.value.encode(errors="surrogateescape").decode(errors="replace")}


def _unary(node: Unary) -> dict[str, Any]:
    """A number takes its sign in."""
    if isinstance(node.expression, Number):
        return tree(Number(-node.expression.value if node.operator == "-" else node.expression.value))
    inner = tree(node.expression)
    if inner["type"] == "numberLiteral" and isinstance(node.expression, Unary):
        value = float(inner["val"])
        return tree(Number(-value if node.operator == "-" else value))
    return {"type": "unaryExpr", "op": node.operator, "expr": inner}


def _aggregation(node: Aggregate) -> dict[str, Any]:
    return {
        "type": "aggregation",
        "op": node.operator,
        "expr": tree(node.expression),
        "param": None if node.parameter is None else tree(node.parameter),
        "grouping": node.labels,
        "without": node.without,
    }


def _call(node: Call) -> dict[str, Any]:
    signature = FUNCTIONS[node.function]
    function = {
        "name": node.function,
        "argTypes": [_TYPES[each] for each in signature.arguments],
        "variadic": -1 if signature.repeated >= _ANY_NUMBER else signature.repeated or signature.optional,
        "returnType": _TYPES[signature.returns],
    }
    return {"type": "call", "func": function, "args": [tree(each) for each in node.arguments]}


def _binary(node: Binary) -> dict[str, Any]:
    vectors = type_of(node.left) == type_of(node.right) == "instant vector"
    left, right = node.matching.fill_left, node.matching.fill_right
    matching = {
        "card": node.matching.side,
        "labels": node.matching.labels,
        "on": node.matching.on,
        "include": node.matching.include,
        "fillValues": {"lhs": left and left.value, "rhs": right and right.value},
    }
    return {
        "type": "binaryExpr",
        "op": node.operator,
        "lhs": tree(node.left),
        "rhs": tree(node.right),
        "matching": matching if vectors else None,
        "bool": node.returns_bool,
    }


def _subquery(node: Subquery) -> dict[str, Any]:
    return {
        "type": "subquery",
        "expr": tree(node.expression),
        **_length("range", node.duration),
        **_length("offset", node.offset),
        **_length("step", node.step),
        **_pinned(node.pinned),
    }


def _selector(node: Selector) -> dict[str, Any]:
    first = node.matchers[0] if node.matchers else None
    named = first is not None and first.label == NAME and first.operator == "="
    matchers = (*node.matchers[1:], node.matchers[0]) if named else node.matchers
    return {
        "name": first.value if named and first else "",
        **_length("offset", node.offset),
        "matchers": [_matcher(each) for each in matchers],
        **_pinned(node.pinned),
        "anchored": node.extent == "anchored",
        "smoothed": node.extent == "smoothed",
    }


def _matcher(matcher: Matcher) -> dict[str, str]:
    return {"name": matcher.label, "value": matcher.value, "type": matcher.operator}


def _pinned(pinned: AtModifier) -> dict[str, Any]:
    word = isinstance(pinned, str)
    return {"timestamp": None if word else pinned, "startOrEnd": pinned if word else None}


def _length(name: str, duration: Expression | None) -> dict[str, Any]:
    """Milliseconds, or how they are calculated."""
    if duration is None or _is_plain(duration):
        return {name: milliseconds(duration), f"{name}Expr": None}
    return {name: 0, f"{name}Expr": _duration(duration)}


def _is_plain(duration: Expression) -> bool:
    return isinstance(duration, Number) or (isinstance(duration, Unary) and _is_plain(duration.expression))


def _duration(node: Expression, wrapped: bool = False) -> dict[str, Any]:
    operation: tuple[str, Expression | None, Expression | None]
    match node:
        case Paren():
            return _duration(node.expression, True)
        case Number():
            return {"type": "numberLiteral", "val": fixed(node.value), "duration": node.duration}
        case Unary(expression=Number() as number):
            value = -number.value if node.operator == "-" else number.value
            return _duration(Number(value, number.duration))
        case Unary():
            operation = (node.operator, None, node.expression)
        case Binary():
            operation = (node.operator, node.left, node.right)
        case Call():
            left, right = node.arguments if node.arguments else (None, None)
            operation = (node.function, left, right)
        case _:
            return tree(node)
    operator, left, right = operation
    return {
        "type": "durationExpr",
        "op": operator,
        "lhs": None if left is None else _duration(left),
        "rhs": None if right is None else _duration(right),
        "wrapped": wrapped,
    }
