"""Filters about one log record, in the JSON that the core's `View.search_logs` takes; see docs/spec/filter.md.

Trees are built with `every`, `some` and `negated` of `filter`.
"""

from typing import Literal, TypeAlias

from .filter import Filter

TextOp: TypeAlias = Literal["=", "!=", "=~", "!~", "exists"]
AttributeScope: TypeAlias = Literal["log", "resource", "scope"]
LineOp: TypeAlias = Literal["contains", "=~", "words"]


def label(name: str, op: TextOp, value: str) -> Filter:
    """A comparison of a label's text as `log_labels` has it; empty where there is none. Patterns are not anchored."""
    return {"field": {"scope": "label", "key": name}, "op": op, "value": value}


def attribute(scope: AttributeScope, key: str, value: str | None) -> Filter:
    """An attribute with just this key has this text; None: it is there."""
    op = "exists" if value is None else "="
    return {"field": {"scope": scope, "key": key}, "op": op, "value": value}


def line(op: LineOp, value: str) -> Filter:
    """About the body as a text: it contains this one, a pattern is found in it, or all these words are."""
    return {"field": {"scope": "intrinsic", "key": "line"}, "op": op, "value": value}


def severity(op: Literal["=", ">=", "<="], number: int) -> Filter:
    """A comparison of OTLP's severity number."""
    return {"field": {"scope": "intrinsic", "key": "severity"}, "op": op, "value": {"int": str(number)}}
