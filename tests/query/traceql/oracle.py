"""TraceQL by the book: one span at a time over decoded traces, without plans, columns or anything that is quick.

Shares with the product the parser and its tree, and nothing else.
"""

import math
import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .decoded import Span, Trace

from otelier.query.traceql import ast, written


class Duration(int):
    """Nanoseconds."""


class Status(int):
    """OTLP's number."""


class Kind(int):
    """OTLP's number."""


class Several(list[Any]):
    """An array, or what the events or links of a span have."""


_TYPES = {"duration": Duration, "status": Status, "kind": Kind}
_ORDERS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_IDS = {"trace:id": 32, "link:traceID": 32, "span:id": 16, "span:parentID": 16, "link:spanID": 16}

# -- values of a span -------------------------------------------------------------------------


def value(node: Any, span: Span, trace: Trace) -> Any:
    match node:
        case ast.Constant():
            return _TYPES.get(node.type, lambda each: each)(node.value)
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
            found = span.resource.get(node.name)
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
        "rootServiceName": lambda: service(root) if root else "",
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


def service(span: Span) -> str:
    name = span.resource.get("service.name")
    return name if isinstance(name, str) else ""


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
    return _ORDERS[op](a, b)


# -- spans of a trace -------------------------------------------------------------------------


@dataclass
class Spanset:
    spans: list[Span]
    notes: dict[str, Any] = field(default_factory=dict)


def select(node: Any, spans: list[Span], trace: Trace) -> list[Span]:
    """Which of these spans of one spanset."""
    match node:
        case ast.Filter():
            return [each for each in spans if value(node.condition, each, trace) is True]
        case ast.Without():
            return [] if select(node.operand, spans, trace) else spans
        case ast.Combination():
            left, right = select(node.left, spans, trace), select(node.right, spans, trace)
            if node.operator == "&&":
                if not left or not right:
                    return []
                if statement(node.left) != statement(node.right):
                    return right if statement(node.left) else left
            return [each for each in spans if each in left or each in right]
        case ast.Structural():
            return structural(node, spans, trace)
        case ast.Pipeline():
            kept = [each for spanset in run(node.stages, [Spanset(spans)], trace) for each in spanset.spans]
            return [each for each in spans if each in kept]
    raise AssertionError(node)


def statement(node: Any) -> bool:
    if isinstance(node, ast.Combination):
        return statement(node.left) and statement(node.right)
    return isinstance(node, ast.Without)


def structural(node: ast.Structural, spans: list[Span], trace: Trace) -> list[Span]:
    left, right = select(node.left, spans, trace), select(node.right, spans, trace)
    relation = node.operator.lstrip("!&")
    matched = [b for b in right if any(related(relation, a, b) for a in left)]
    if node.operator.startswith("!"):
        return [b for b in right if b not in matched]
    if node.operator.startswith("&"):
        matched += [a for a in left if any(related(relation, a, b) for b in right)]
    return [each for each in spans if each in matched]


def related(relation: str, a: Span, b: Span) -> bool:
    match relation:
        case ">":
            return b.parent is a
        case "<":
            return a.parent is b
        case ">>":
            return a in ancestors(b)
        case "<<":
            return b in ancestors(a)
    return a is not b and bool(a.parent_id) and a.parent_id == b.parent_id


def ancestors(span: Span) -> list[Span]:
    found: list[Span] = []
    while span.parent:
        span = span.parent
        found.append(span)
    return found


# -- pipelines --------------------------------------------------------------------------------


def run(stages: Iterable[Any], spansets: list[Spanset], trace: Trace) -> list[Spanset]:
    before = spansets
    for stage in stages:
        match stage:
            case ast.ScalarFilter():
                if only_zero(stage):
                    spansets = [] if spansets else before
                else:
                    spansets = [each for each in spansets if passes(stage, each, trace)]
            case ast.GroupBy():
                spansets = [group for each in spansets for group in grouped(stage, each, trace)]
            case ast.Coalesce():
                together = [span for each in spansets for span in each.spans]
                spansets = [Spanset([each for each in trace.spans if each in together])] if together else []
            case ast.Select() | ast.Sort():
                pass
            case _:
                spansets = [Spanset(select(stage, each.spans, trace), each.notes) for each in spansets]
                spansets = [each for each in spansets if each.spans]
    return spansets


def only_zero(stage: ast.ScalarFilter) -> bool:
    def true_of(count: int) -> bool:
        sides = [count if isinstance(each, ast.Aggregate) else each.value for each in (stage.left, stage.right)]
        return _ORDERS[stage.operator](*sides)

    sides = (stage.left, stage.right)
    if not any(isinstance(each, ast.Aggregate) and each.function == "count" for each in sides):
        return False
    return any(isinstance(each, ast.Constant) for each in sides) and true_of(0) and not any(map(true_of, (1, 2, 10**9)))


def passes(stage: ast.ScalarFilter, spanset: Spanset, trace: Trace) -> bool:
    left, right = scalar(stage.left, spanset, trace), scalar(stage.right, spanset, trace)
    return holds(stage.operator, left, right)


def scalar(node: Any, spanset: Spanset, trace: Trace) -> Any:
    match node:
        case ast.Constant():
            return _TYPES.get(node.type, lambda each: each)(node.value)
        case ast.Aggregate():
            found = aggregate(node, spanset.spans, trace)
            spanset.notes[written(node)] = found
            return found
        case ast.ScalarArithmetic():
            return calculate(node.operator, scalar(node.left, spanset, trace), scalar(node.right, spanset, trace))
        case ast.Measured():
            left = run(node.pipeline.stages, [Spanset(spanset.spans)], trace)
            return scalar(node.scalar, Spanset([span for each in left for span in each.spans]), trace)
    raise AssertionError(node)


def aggregate(node: ast.Aggregate, spans: list[Span], trace: Trace) -> Any:
    if node.operand is None:
        return len(spans)
    values = [value(node.operand, each, trace) for each in spans]
    values = [each for each in values if number(each) and not math.isnan(each)]
    kinds = {type(each) for each in values}
    kind = next(iter(kinds)) if len(kinds) == 1 else float
    match node.function:
        case "count":
            return len(values)
        case _ if not values:
            return None
        case "sum":
            return wrapped(sum(values), kind) if kind is not float else float(sum(map(float, values)))
        case "avg":
            average = sum(map(float, values)) / len(values)
            return Duration(int(average)) if kind is Duration else average
    return kind(min(values) if node.function == "min" else max(values))


def grouped(stage: ast.GroupBy, spanset: Spanset, trace: Trace) -> list[Spanset]:
    groups: dict[Any, Spanset] = {}
    name = f"by({written(stage.expression)})"
    for span in spanset.spans:
        key = value(stage.expression, span, trace)
        known = groups.setdefault((type(key), repr(key)), Spanset([], {**spanset.notes, name: key}))
        known.spans.append(span)
    return list(groups.values())


def search(pipeline: ast.Pipeline, traces: list[Trace], start_ns: int, end_ns: int) -> dict[bytes, list[Spanset]]:
    """What is left of each trace; the leading stages see it whole, then what starts outside of the time goes."""
    stages = pipeline.stages
    end = 1 + max((at for at, each in enumerate(stages) if isinstance(each, ast.ScalarFilter) and only_zero(each)), default=-1)
    while end < len(stages) and isinstance(
        stages[end], ast.Filter | ast.Without | ast.Combination | ast.Structural | ast.Pipeline
    ):
        end += 1
    answer: dict[bytes, list[Spanset]] = {}
    for trace in traces:
        leading = run(stages[:end], [Spanset(trace.spans)], trace)
        cut = [Spanset([span for span in each.spans if start_ns <= span.start_ns <= end_ns], each.notes) for each in leading]
        if left := run(stages[end:], [each for each in cut if each.spans], trace):
            answer[trace.trace_id] = left
    return answer
