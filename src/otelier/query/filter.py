"""Filters about one span, in the JSON that the core's `View.search` takes (fields, operators, typed values).

A filter is a tree of plain dicts: `{"all": […]}`, `{"any": […]}`, `{"not": f}` or one comparison
`{"field": …, "op": …, "value": …}`. Integers travel as `{"int": "123"}`, because JSON numbers are doubles to some.
"""

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import msgspec

Filter: TypeAlias = dict[str, Any]
Intrinsic: TypeAlias = Literal[
    "service",
    "name",
    "kind",
    "status",
    "status_message",
    "start_ns",
    "duration_ns",
    "trace_id",
    "span_id",
    "parent_span_id",
    "scope_name",
    "scope_version",
    "trace_state",
    "trace_duration_ns",
    "root_name",
    "root_service",
    "nested_left",
    "nested_right",
    "nested_parent",
    "child_count",
]
Scope: TypeAlias = Literal["span", "resource", "scope", "event", "link", "any", "nearest"]
Relation: TypeAlias = Literal["parent", "child", "ancestor", "descendant", "sibling", "trace"]
Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "=~", "!~", "exists", "text="]
Value: TypeAlias = str | bool | int | float

ALL: Filter = {"all": []}
"""Every span."""


def every(filters: Iterable[Filter]) -> Filter:
    """All of them at once; of none: every span."""
    parts = list(filters)
    return parts[0] if len(parts) == 1 else {"all": parts}


def some(*filters: Filter) -> Filter:
    """At least one of them."""
    return {"any": list(filters)}


def negated(filter_: Filter) -> Filter:
    """What it does not match."""
    return {"not": filter_}


def has(relation: Relation, filter_: Filter) -> Filter:
    """Whether such a relative of the span, wherever it lies, is matched."""
    return {"has": relation, "filter": filter_}


def intrinsic(key: Intrinsic, op: Operator, value: Value) -> Filter:
    """A comparison of what every span has. Kind and status are their OTLP numbers, times are in ns."""
    return {"field": {"scope": "intrinsic", "key": key}, "op": op, "value": _value(value)}


def attribute(scope: Scope, key: str, op: Operator, value: Value) -> Filter:
    """A comparison of an attribute; `any`: of the span, resource, scope, or one of its events and links."""
    return {"field": {"scope": scope, "key": key}, "op": op, "value": _value(value)}


def exists(scope: Scope | Literal["intrinsic"], key: str) -> Filter:
    """Whether there is such an attribute."""
    return {"field": {"scope": scope, "key": key}, "op": "exists", "value": True}


def event_name(op: Operator, value: str) -> Filter:
    """A comparison of the names of the span's events."""
    return {"field": {"scope": "event", "key": "name", "intrinsic": True}, "op": op, "value": value}


def encoded(filter_: Filter) -> bytes:
    """As the core takes it."""
    return msgspec.json.encode(filter_)


def _value(value: Value) -> object:
    if isinstance(value, bool | str):
        return value
    return {"int": str(value)} if isinstance(value, int) else {"double": value}
