"""What TraceQL's expressions are worth for one span, by the book: the oracle's first half."""

import math
import operator
import re
from collections.abc import Iterable
from typing import Any

from otelier.query.traceql import ast

from .decoded import Span, Trace


class Duration(int):
    """Nanoseconds."""


class Status(int):
    """OTLP's number."""


class Kind(int):
    """OTLP's number."""


class Several(list[Any]):
    """An array, or what the events or links of a span have."""


TYPES = {"duration": Duration, "status": Status, "kind": Kind}
ORDERS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_IDS = {"trace:id": 32, "link:traceID": 32, "span:id": 16, "span:parentID": 16, "link:spanID": 16, "parent": 16}


def value(node: Any, span: Span, trace: Trace) -> Any:
    match node:
        case ast.Constant():
            return TYPES.get(node.type, lambda each: each)(node.value)
        case ast.Array():
            return Several(value(each, span, trace) for each in node.items)
        case ast.Attribute():
            return attribute(node, span)
        case ast.Intrinsic():
            return intrinsic(node.name, span, trace)
        case ast.Negative():
            operand = value(node.operand, span, trace)
            return None if not number(operand) else wrapped(-operand, type(operand))
        case ast.Not():
            operand = value(node.operand, span, trace)
            return not operand if isinstance(operand, bool) else None
        case ast.Arithmetic():
            return calculate(node.operator, value(node.left, span, trace), value(node.right, span, trace))
        case ast.Logical():
            join = all if node.operator == "&&" else any
            return join([value(each, span, trace) is True for each in node.operands])
        case ast.Comparison():
            return comparison(node, span, trace)
    raise AssertionError(node)


def attribute(node: ast.Attribute, span: Span) -> Any:
    if node.parent:
        if span.parent is None:
            return None
        span = span.parent
    match node.scope:
        case "any":
            found = span.attributes.get(node.name, span.resource.get(node.name))
        case "span":
            found = span.attributes.get(node.name)
        case "resource":
            found = service(span) if node.name == "service.name" else span.resource.get(node.name)
        case "instrumentation":
            found = span.scope.get(node.name)
        case "event":
            found = flat(each.attributes[node.name] for each in span.events if node.name in each.attributes)
        case "link":
            found = flat(each.attributes[node.name] for each in span.links if node.name in each.attributes)
    return Several(found) if isinstance(found, list) else found


def intrinsic(name: str, span: Span, trace: Trace) -> Any:
    root = trace.root
    return {
        "name": lambda: span.name,
        "duration": lambda: Duration(span.end_ns - span.start_ns),
        "kind": lambda: Kind(span.kind),
        "status": lambda: Status(span.status),
        "statusMessage": lambda: span.status_message,
        "span:id": lambda: span.span_id.hex(),
        "span:parentID": lambda: span.parent_id.hex(),
        "span:childCount": lambda: len(span.children),
        "traceDuration": lambda: Duration(trace.end_ns - trace.start_ns),
        "rootName": lambda: root.name if root else "",
        "rootServiceName": lambda: service(root) or "" if root else "",
        "trace:id": lambda: span.trace_id.hex(),
        "event:name": lambda: flat(each.name for each in span.events),
        "event:timeSinceStart": lambda: flat(Duration(each.since_start_ns) for each in span.events),
        "link:traceID": lambda: flat(each.trace_id for each in span.links),
        "link:spanID": lambda: flat(each.span_id for each in span.links),
        "instrumentation:name": lambda: span.scope_name,
        "instrumentation:version": lambda: span.scope_version,
        "nestedSetLeft": lambda: span.left,
        "nestedSetRight": lambda: span.right,
        "nestedSetParent": lambda: span.parent.left if span.parent else 0 if span.parent_id else -1,
        "parent": lambda: span.parent.span_id.hex() if span.parent else None,
    }[name]()


def service(span: Span) -> str | None:
    """Only a string is a name."""
    name = span.resource.get("service.name")
    return name if isinstance(name, str) else None


def flat(values: Iterable[Any]) -> Any:
    found: list[Any] = []
    for each in values:
        found += each if isinstance(each, list) else [each]
    return (found[0] if len(found) == 1 else Several(found)) if found else None


def number(item: Any) -> bool:
    return type(item) in (int, float, Duration)


def wrapped(item: Any, kind: type) -> Any:
    return item if kind is float else kind((item + 2**63) % 2**64 - 2**63)


def calculate(op: str, left: Any, right: Any) -> Any:
    if not number(left) or not number(right):
        return None
    if type(left) is int and type(right) is int:
        exact = whole(op, left, right)
        return exact if exact is None else wrapped(exact, int)
    return fraction(op, float(left), float(right))


def whole(op: str, a: int, b: int) -> int | None:
    match op:
        case "/" | "%" if b == 0:
            return None
        case "/":
            return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        case "%":
            return abs(a) % abs(b) * (-1 if a < 0 else 1)
        case "^" if b < 0:
            return None if a == 0 else int(a**b) if abs(a) == 1 else 0
        case "^":
            return pow(a, b, 2**64) if b > 64 else a**b
    return {"+": a + b, "-": a - b, "*": a * b}[op]


def fraction(op: str, a: float, b: float) -> float:
    try:
        match op:
            case "/":
                return a / b
            case "%":
                return math.fmod(a, b)
            case "^":
                result = a**b
                return result if isinstance(result, float) else math.nan
    except ZeroDivisionError:
        return math.nan if a == 0 or math.isnan(a) or op == "^" else math.copysign(math.inf, a) * math.copysign(1, b)
    except (ValueError, OverflowError):
        return math.nan if op == "%" else math.inf
    return {"+": a + b, "-": a - b, "*": a * b}[op]


def comparison(node: ast.Comparison, span: Span, trace: Trace) -> bool:
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(one, ast.Constant) and one.type == "nil":
            there = value(other, span, trace) is not None
            return there if node.operator == "!=" else node.operator == "=" and not there
    left, right = value(node.left, span, trace), value(node.right, span, trace)
    if node.operator not in ("=~", "!~"):
        left, right = padded(left, node.right), padded(right, node.left)
    return holds(node.operator, left, right)


def padded(item: Any, other: Any) -> Any:
    digits = _IDS.get(other.name, 0) if isinstance(other, ast.Intrinsic) else 0
    if isinstance(item, Several):
        return Several(padded(each, other) for each in item)
    return item.lower().rjust(digits, "0") if digits and isinstance(item, str) and item else item


def holds(op: str, left: Any, right: Any) -> bool:
    lefts = left if isinstance(left, Several) else [left]
    rights = right if isinstance(right, Several) else [right]
    pairs = [(a, b) for a in lefts for b in rights if comparable(op, a, b)]
    if op in ("!=", "!~"):
        positive = "=" if op == "!=" else "=~"
        return bool(pairs) and not any(one(positive, a, b) for a, b in pairs)
    return any(one(op, a, b) for a, b in pairs)


def comparable(op: str, a: Any, b: Any) -> bool:
    if op in ("=~", "!~"):
        return isinstance(a, str) and isinstance(b, str)
    if isinstance(a, str) and isinstance(b, str):
        return True
    if number(a) and number(b):
        return True
    return op in ("=", "!=") and type(a) is type(b) and type(a) in (bool, Status, Kind)


def one(op: str, a: Any, b: Any) -> bool:
    if op == "=~":
        return re.fullmatch(b, a, re.DOTALL) is not None
    return ORDERS[op](a, b)
