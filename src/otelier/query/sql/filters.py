"""Conditions as the core's filters (docs/spec/filter.md). What these can't say lets every row through."""

import re
from functools import partial
from typing import Any, Final

from .. import filter as f
from .. import log_filter as lf
from ..kinds import KIND_NAMES, STATUSES
from ..log_labels import SERVICE
from ..re2 import escaped
from .columns import VIEWS
from .conditions import Condition

_KINDS: Final = {name: at for at, name in enumerate(("unspecified", *KIND_NAMES[1:]))}
_STATUSES: Final = {name: at for at, name in enumerate(STATUSES)}
_NOTHING: Final = f.some()
_ANY_TEXT: Final = ""
"""A pattern that is found in every text."""
_BOUNDS: Final[dict[str, Any]] = {">": ">=", "<": "<="}


def of_spans(view: str, where: Condition | None) -> bytes:
    """About a span; of the views of events and links, about theirs."""
    return f.encoded(_span(view, where) if where else f.ALL)


def of_records(where: Condition | None) -> bytes:
    """About a log record."""
    return f.encoded(_record(where) if where else f.ALL)


def _joined(where: Condition, one: Any) -> f.Filter:
    if "all" in where:
        return f.every(one(each) for each in where["all"])
    if "any" in where:
        return f.some(*(one(each) for each in where["any"]))
    return f.ALL


def _span(view: str, where: Condition) -> f.Filter:
    if "column" not in where:
        return _joined(where, partial(_span, view))
    name, op, value = where["column"], where["op"], where["value"]
    scope, _, key = name.partition(".")
    if key:
        return _attribute(scope, key, op, value) if scope in ("span", "resource", "scope") else f.ALL
    column = VIEWS[view].columns.get(name)
    if column is None or column.of != "span":
        return f.ALL
    intrinsic: Any = column.key or "trace_id"
    match column.form:
        case "kind":
            return f.intrinsic("kind", "=", _KINDS[value]) if value in _KINDS else _NOTHING
        case "status":
            return f.intrinsic("status", "=", _STATUSES[value]) if value in _STATUSES else _NOTHING
        case "text":
            return _text(intrinsic, op, value)
        case "time" if value < 0:
            return f.ALL if op == ">=" else _NOTHING
        case _:
            return f.intrinsic(intrinsic, op, value)


def _text(intrinsic: Any, op: str, value: str) -> f.Filter:
    match op:
        case "=":
            return f.intrinsic(intrinsic, "=", value)
        case "like":
            return f.intrinsic(intrinsic, "=~", f"(?s)^{like(value)}$")
        case "prefix":
            return f.intrinsic(intrinsic, "=~", f"(?s)^{escaped(value)}")
        case "contains":
            return f.intrinsic(intrinsic, "=~", escaped(value))
        case _:
            return f.ALL


def _attribute(scope: Any, key: str, op: Any, value: Any) -> f.Filter:
    if op == "exists":
        return f.exists(scope, key)
    if isinstance(value, str):
        return f.attribute(scope, key, "text=", value)
    # Texts that are numbers make a column of texts, which DuckDB reads as numbers; so it does with booleans.
    others = (f.attribute(scope, key, "=~", _ANY_TEXT), *(f.attribute(scope, key, "=", each) for each in (True, False)))
    return f.some(f.attribute(scope, key, op, value), *others)


def _record(where: Condition) -> f.Filter:
    if "column" not in where:
        return _joined(where, _record)
    name, op, value = where["column"], where["op"], where["value"]
    match name:
        case "service" if op == "=":
            return lf.label(SERVICE, "=", value)
        case "trace_id" if op == "=":
            known = re.fullmatch(r"[0-9a-f]{32}", value)
            return f.intrinsic("trace_id", "=", value) if known else _NOTHING
        case "severity_number":
            return lf.severity(_BOUNDS.get(op, op), value) if isinstance(value, int) else f.ALL
        case "body":
            text = _longest(value) if op == "like" else value
            return lf.line("contains", text) if text else f.ALL
        case _:
            return _record_attribute(name, op, value)


def _record_attribute(name: str, op: str, value: Any) -> f.Filter:
    scope, _, key = name.partition(".")
    if not key or scope not in ("log", "resource", "scope"):
        return f.ALL
    # NULL is not equal to anything, nor less or more. What is no UTF-8 is read as if it had had this character.
    exact = op == "=" and isinstance(value, str) and "\ufffd" not in value
    return lf.attribute(scope, key, value if exact else None)


def _longest(pattern: str) -> str:
    """What must stand in a text that is LIKE this."""
    return max(re.split(r"[%_]", pattern), key=len)


def like(pattern: str) -> str:
    """LIKE as a regular expression that is not anchored; `_` stands for more than it should, which is one character."""
    return "".join(".*" if each in "%_" else escaped(each) for each in re.split(r"([%_])", pattern) if each)
