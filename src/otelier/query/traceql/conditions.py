"""Expressions about one span as filters of the core, as far as it can decide them."""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from .. import filter as f
from . import ast
from .bracket import ALL_SPANS, NO_SPANS, Bracket, at_most, both, either, exactly, neither
from .evaluate.compare import anchored, compare
from .evaluate.expression import values
from .evaluate.values import BOOL, DOUBLE, KIND, STATUS, STRING, Values, constant
from .fields import TYPES, field_of, fields_in, padded_id, several

_FLIPPED: Mapping[ast.ComparisonOperator, ast.ComparisonOperator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_POSITIVE: Mapping[ast.ComparisonOperator, ast.ComparisonOperator] = {"!=": "=", "!~": "=~"}
_PARENT_ID: ast.Intrinsic = ast.Intrinsic("span:parentID")
_LARGE = re.compile(r"[\\\[\](){}|^$]")
"""What makes a pattern of unknown size, or one that can't stand as it is among alternatives."""
_ANY_SIZE = 50
"""Of `.`, in characters that take as much when compiled."""
_ALTERNATIVES_SIZE = 8_000
_EMPTY = constant(ast.Constant("", "string"))


class _NoColumns:
    """For constants."""

    rows = 1

    def values(self, field: ast.Field) -> Values:
        raise LookupError(field)


def condition(node: ast.Expression) -> Bracket:
    """Spans of which it is the boolean true."""
    if not fields_in(node):
        return ALL_SPANS if values(node, _NoColumns()).true()[0] else NO_SPANS
    match node:
        case ast.Logical(operator=operator, operands=operands):
            join = both if operator == "&&" else either
            return join(*(condition(each) for each in operands))
        case ast.Comparison():
            return _comparison(node)
        case ast.Attribute() | ast.Intrinsic():
            return _test(node, "=", constant(ast.Constant(True, "bool")), arrays=False)
        case ast.Not(operand=ast.Logical() | ast.Comparison() as operand):
            return neither(condition(operand))
        case ast.Not(operand=ast.Attribute() | ast.Intrinsic() as field):
            return _test(field, "=", constant(ast.Constant(False, "bool")), arrays=False)
        case ast.Not(operand=ast.Not(operand=operand)):
            return condition(operand)
        case _:
            return NO_SPANS  # a number


def _comparison(node: ast.Comparison) -> Bracket:
    operator, left, right = node.operator, node.left, node.right
    if isinstance(right, ast.Constant) and right.type == "nil":
        return _presence(left, operator)
    if isinstance(left, ast.Constant) and left.type == "nil":
        return _presence(right, operator)
    if isinstance(right, ast.Array):
        return _list(node, right)
    if not fields_in(left):
        operator, left, right = _FLIPPED.get(operator, operator), right, left
    if fields_in(right) or (right is node.left and operator in ("=~", "!~")):
        return at_most(_all_there(node))
    value = values(right, _NoColumns())
    if isinstance(left, ast.Attribute | ast.Intrinsic):
        return _test(left, operator, value)
    if isinstance(left, ast.Logical | ast.Comparison) and value.tags[0] == BOOL and operator in ("=", "!="):
        wanted = bool(value.data[0]) == (operator == "=")
        return condition(left) if wanted else neither(condition(left))
    return at_most(_all_there(node))


def _list(node: ast.Comparison, items: ast.Array) -> Bracket:
    positive = _POSITIVE.get(node.operator, node.operator)
    alike = list(_joined(items.items)) if positive == "=~" else items.items
    equal = either(*(_comparison(ast.Comparison(positive, node.left, each)) for each in alike))
    if positive == node.operator:
        return equal
    differs = either(*(_comparison(ast.Comparison(node.operator, node.left, each)) for each in alike))
    return both(differs, neither(equal))


def _joined(patterns: Sequence[ast.Constant]) -> Iterator[ast.Constant]:
    """Patterns as alternatives of fewer ones: every pattern of a filter looks at each text by itself.

    Only those whose size when compiled is known to be small, so that what can be used alone can be used together.
    """
    together, size = list[str](), 0
    for each in patterns:
        text = str(each.value)
        if _LARGE.search(text):
            yield each
            continue
        if size > _ALTERNATIVES_SIZE:
            yield ast.Constant("|".join(together), "string")
            together, size = [], 0
        together.append(text)
        size += 1 + len(text.encode()) + _ANY_SIZE * text.count(".")
    if together:
        yield ast.Constant("|".join(together), "string")


def _presence(node: ast.Expression, operator: ast.ComparisonOperator) -> Bracket:
    """`!= nil` and `= nil`; no other operator is true of nil."""
    if operator not in ("=", "!="):
        return NO_SPANS
    if not isinstance(node, ast.Attribute | ast.Intrinsic):
        return at_most(f.ALL)
    there = _there(node)
    return there if operator == "!=" else neither(there)


def _there(field: ast.Field) -> Bracket:
    if isinstance(field, ast.Intrinsic) and field.name != "parent" and not several(field):
        return ALL_SPANS
    return exactly({"field": field_of(field), "op": "exists", "value": True})


def _all_there(node: ast.Comparison) -> f.Filter:
    """True only if what is compared and calculated with is there; unless something can make a value of nil."""
    if any(isinstance(side, ast.Logical | ast.Comparison | ast.Not) for side in (node.left, node.right)):
        return f.ALL
    return both(*(_there(each) for each in fields_in(node))).may


def _test(field: ast.Field, operator: ast.ComparisonOperator, value: Values, *, arrays: bool = True) -> Bracket:
    """`value` is a single one."""
    name = field.name if isinstance(field, ast.Intrinsic) else ""
    tag = int(value.tags[0])
    if tag in (STATUS, KIND) or TYPES.get(name) in (STATUS, KIND):
        if TYPES.get(name) != tag:
            return NO_SPANS
    elif tag == DOUBLE and not np.isfinite(value.floats()[0]):
        return at_most(f.ALL)
    if name == "nestedSetParent" and _only_of_roots(operator, value):
        return neither(exactly({"field": field_of(_PARENT_ID), "op": "exists", "value": True}))
    one = exactly(_written(field, operator, value, arrays=arrays))
    if name == "span:parentID" and compare(operator, _EMPTY, value)[0]:
        return either(one, neither(exactly({"field": field_of(field), "op": "exists", "value": True})))
    if several(field) and (positive := _POSITIVE.get(operator)):
        return both(one, neither(exactly(_written(field, positive, value, arrays=arrays))))
    return one


def _only_of_roots(operator: ast.ComparisonOperator, value: Values) -> bool:
    """-1 is the only number below 0."""
    number = value.floats()[0] if value.numeric[0] else 0.0
    return (operator == "=" and number == -1) or (operator == "<" and -1 < number <= 0)


def _written(field: ast.Field, operator: ast.ComparisonOperator, value: Values, *, arrays: bool) -> f.Filter:
    (element,) = value.elements(0) or [int(value.data[0])]
    json: object = element
    if value.tags[0] == STRING:
        text = str(element)
        json = anchored(text) if operator in ("=~", "!~") else padded_id(field, text)
    elif value.tags[0] == DOUBLE:
        json = {"double": element}
    elif value.tags[0] != BOOL:
        json = {"int": str(element)}
    test: f.Filter = {"field": field_of(field), "op": operator, "value": json}
    if arrays and test["field"]["scope"] != "intrinsic":
        test["arrays"] = True
    return test
