"""TraceQL by the book: one trace at a time, without plans, columns or anything that is quick.

Shares with the product the parser and its tree, and nothing else.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from otelier.query.traceql import ast, written

from .decoded import Opaque, Span, Trace
from .oracle_values import ORDERS, TYPES, Duration, Kind, Status, calculate, holds, number, value, wrapped

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
    return siblings(a, b)


def siblings(a: Span, b: Span) -> bool:
    """Of one parent, or of one that has not come."""
    missing = not a.parent and not b.parent and bool(a.parent_id) and a.parent_id == b.parent_id
    return a is not b and (missing or (a.parent is not None and a.parent is b.parent))


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
        return ORDERS[stage.operator](*sides)

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
            return TYPES.get(node.type, lambda each: each)(node.value)
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
    end = 1 + max(
        (at for at, each in enumerate(stages) if isinstance(each, ast.ScalarFilter) and only_zero(each)), default=-1
    )
    while end < len(stages) and isinstance(
        stages[end], ast.Filter | ast.Without | ast.Combination | ast.Structural | ast.Pipeline
    ):
        end += 1
    answer: dict[bytes, list[Spanset]] = {}
    for trace in traces:
        leading = run(stages[:end], [Spanset(trace.spans)], trace)
        cut = [
            Spanset([span for span in each.spans if start_ns <= span.start_ns <= end_ns], each.notes)
            for each in leading
        ]
        if left := run(stages[end:], [each for each in cut if each.spans], trace):
            answer[trace.trace_id] = left
    return answer


# -- order ------------------------------------------------------------------------------------


def sorted_ids(sort: ast.Sort, traces: list[Trace], answer: dict[bytes, list[Spanset]]) -> list[bytes]:
    """Traces by their first span; of equal ones the newest found span decides, then the greater id."""
    by_id = {trace.trace_id: trace for trace in traces}

    def place(trace_id: bytes) -> Any:
        trace = by_id[trace_id]
        keys = [
            [key(each, span, spanset, trace) for each in sort.keys]
            for spanset in answer[trace_id]
            for span in spanset.spans
        ]
        newest = max(span.start_ns for spanset in answer[trace_id] for span in spanset.spans)
        return min(keys), -newest, bytes(255 - each for each in trace_id)

    return sorted(answer, key=place)


def key(sort_key: ast.SortKey, span: Span, spanset: Spanset, trace: Trace) -> Any:
    """Nil last; booleans, numbers, texts; all but nil turned round where it descends."""
    if isinstance(sort_key.value, ast.Aggregate):
        item = aggregate(sort_key.value, spanset.spans, trace)
    else:
        item = value(sort_key.value, span, trace)
    sign = -1 if sort_key.descending else 1
    if item is None or isinstance(item, Opaque):
        return (9, 0)
    if isinstance(item, bool):
        return (0, sign * item)
    if number(item) or type(item) in (Status, Kind):
        return (sign, sign * item)
    text = json.dumps(item) if isinstance(item, list) else str(item)
    points = [*map(ord, text), -1]
    return (2 * sign, [sign * each for each in points])
