"""PromQL from its tree: what `parse` reads as an equal tree."""

import math
import re

from ...component import PrometheusDuration
from .ast import (
    NAME,
    Aggregate,
    AtModifier,
    Binary,
    Call,
    Expression,
    Matching,
    Number,
    Paren,
    Range,
    Selector,
    String,
    Subquery,
    Unary,
)
from .numbers import shortest
from .signatures import AGGREGATIONS
from .strings import quoted

_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_S = 2**53 / 1000
_KEYWORDS = frozenset(AGGREGATIONS) | {
    "and", "or", "unless", "atan2", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset",
    "inf", "nan",
}  # fmt: skip


def text_of(node: Expression) -> str:
    """On one line, the matchers of each selector in order."""
    match node:
        case Number():
            return _number(node)
        case String():
            return quoted(node.value)
        case Selector() | Range() | Subquery():
            return _selection(node)
        case Paren():
            return f"({text_of(node.expression)})"
        case Unary():
            return f"{node.operator}{text_of(node.expression)}"
        case Binary():
            return _binary(node)
        case Aggregate():
            return _aggregate(node)
        case Call():
            return f"{node.function}({', '.join(map(text_of, node.arguments))})"


def _number(node: Number) -> str:
    if node.duration and (text := _length(node.value)):
        return text
    return "Inf" if node.value == math.inf else shortest(node.value)


def _duration(node: Expression) -> str:
    """In brackets and after `offset` plain numbers are durations, too."""
    match node:
        case Number():
            return _length(node.value) or _number(node)
        case Unary(expression=Number()):
            return node.operator.replace("+", "") + _duration(node.expression)
        case _:
            return text_of(node)


def _length(seconds: float) -> str:
    """`1h30m`; empty if it is not a positive number of whole milliseconds."""
    if not 0.001 <= seconds < _LONGEST_S or not (seconds * 1000).is_integer():
        return ""
    return str(PrometheusDuration(seconds))


def _selection(node: Selector | Range | Subquery) -> str:
    if isinstance(node, Subquery):
        return text_of(node.expression) + subquery_suffix(node)
    inner = node.selector if isinstance(node, Range) else node
    brackets = f"[{_duration(node.duration)}]" if isinstance(node, Range) else ""
    return _selected(inner) + brackets + _modifiers(inner.offset, inner.pinned, inner.extent)


def subquery_suffix(node: Subquery) -> str:
    """What stands behind its expression."""
    step = "" if node.step is None else _duration(node.step)
    return f"[{_duration(node.duration)}:{step}]" + _modifiers(node.offset, node.pinned, "")


def label_text(name: str) -> str:
    """A label's name, in quotes if it needs them."""
    return name if _LABEL.fullmatch(name) else quoted(name)


def _selected(node: Selector) -> str:
    name = ""
    rest = node.matchers
    if rest and rest[0].label == NAME and rest[0].operator == "=" and _is_metric(rest[0].value):
        name, rest = rest[0].value, rest[1:]
        if any(each.label == NAME for each in rest):
            name, rest = "", node.matchers
    matchers = ",".join(sorted(f"{label_text(each.label)}{each.operator}{quoted(each.value)}" for each in rest))
    return f"{name}{{{matchers}}}" if matchers or not name else name


def _is_metric(name: str) -> bool:
    return _METRIC.fullmatch(name) is not None and name.lower() not in _KEYWORDS


def _modifiers(offset: Expression | None, pinned: AtModifier, extent: str) -> str:
    written = ""
    if pinned is not None:
        written += f" @ {pinned}()" if isinstance(pinned, str) else f" @ {pinned / 1000:.3f}"
    if offset is not None:
        written += f" offset {_duration(offset)}"
    return f"{written} {extent}" if extent else written


def _binary(node: Binary) -> str:
    return f"{text_of(node.left)} {operator_text(node)} {text_of(node.right)}"


def operator_text(node: Binary) -> str:
    """The operator with `bool` and how the sides find each other."""
    return " ".join([node.operator, *(["bool"] if node.returns_bool else []), *_matching(node.matching)])


def _matching(matching: Matching) -> list[str]:
    words: list[str] = []
    if matching.on or matching.labels or matching.side in ("many-to-one", "one-to-many"):
        words.append(f"{'on' if matching.on else 'ignoring'} ({_labels(matching.labels)})")
    if matching.side in ("many-to-one", "one-to-many"):
        word = "group_left" if matching.side == "many-to-one" else "group_right"
        words.append(f"{word} ({_labels(matching.include)})")
    if matching.fill_left is not None and matching.fill_left == matching.fill_right:
        return [*words, f"fill ({text_of(matching.fill_left)})"]
    if matching.fill_left is not None:
        words.append(f"fill_left ({text_of(matching.fill_left)})")
    if matching.fill_right is not None:
        words.append(f"fill_right ({text_of(matching.fill_right)})")
    return words


def _aggregate(node: Aggregate) -> str:
    parameter = "" if node.parameter is None else text_of(node.parameter) + ", "
    return f"{aggregation_text(node)}({parameter}{text_of(node.expression)})"


def aggregation_text(node: Aggregate) -> str:
    """What stands before its parentheses."""
    if not (node.without or node.labels):
        return node.operator
    return f"{node.operator} {'without' if node.without else 'by'} ({_labels(node.labels)}) "


def _labels(names: tuple[str, ...]) -> str:
    return ", ".join(map(label_text, names))
