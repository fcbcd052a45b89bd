"""The fields of a query in the words of the core (docs/spec/filter.md), and back from its columns."""

from collections.abc import Mapping
from typing import Any, Final

from . import ast
from .evaluate.values import DURATION, KIND, STATUS
from .tree import walk

CoreField = dict[str, Any]
"""JSON."""

_INTRINSICS: Mapping[str, tuple[str, str]] = {
    "name": ("intrinsic", "name"),
    "duration": ("intrinsic", "duration_ns"),
    "kind": ("intrinsic", "kind"),
    "status": ("intrinsic", "status"),
    "statusMessage": ("intrinsic", "status_message"),
    "span:id": ("intrinsic", "span_id"),
    "span:parentID": ("intrinsic", "parent_span_id"),
    "span:childCount": ("intrinsic", "child_count"),
    "traceDuration": ("intrinsic", "trace_duration_ns"),
    "rootName": ("intrinsic", "root_name"),
    "rootServiceName": ("intrinsic", "root_service"),
    "trace:id": ("intrinsic", "trace_id"),
    "event:name": ("event", "name"),
    "event:timeSinceStart": ("event", "time_since_start_ns"),
    "link:traceID": ("link", "trace_id"),
    "link:spanID": ("link", "span_id"),
    "instrumentation:name": ("intrinsic", "scope_name"),
    "instrumentation:version": ("intrinsic", "scope_version"),
    "nestedSetLeft": ("intrinsic", "nested_left"),
    "nestedSetRight": ("intrinsic", "nested_right"),
    "nestedSetParent": ("intrinsic", "nested_parent"),
}
_SCOPES: Mapping[ast.AttributeScope, str] = {"any": "nearest", "instrumentation": "scope"}
_SERVICE_NAME: CoreField = {"scope": "resource", "key": "service.name"}
_SERVICE: CoreField = {"scope": "intrinsic", "key": "service"}
"""The same, if it is a string; the core has a catalogue and roll-ups by it."""
TYPES: Final[Mapping[str, int]] = {
    "duration": DURATION,
    "traceDuration": DURATION,
    "event:timeSinceStart": DURATION,
    "kind": KIND,
    "status": STATUS,
}
"""Tags of intrinsics that are integers to the core."""
ID_DIGITS: Final[Mapping[str, int]] = {
    "trace:id": 32,
    "link:traceID": 32,
    "span:id": 16,
    "span:parentID": 16,
    "link:spanID": 16,
    "parent": 16,
}
"""Hexadecimal digits of intrinsics that are ids."""


def field_of(field: ast.Field) -> CoreField:
    """As the core has it."""
    if isinstance(field, ast.Intrinsic):
        if field.name == "parent":
            return {"scope": "intrinsic", "key": "span_id", "parent": True}
        scope, key = _INTRINSICS[field.name]
        return {"scope": scope, "key": key} | ({} if scope == "intrinsic" else {"intrinsic": True})
    core: CoreField = {"scope": _SCOPES.get(field.scope, field.scope), "key": field.name}
    if core == _SERVICE_NAME:
        core = _SERVICE
    return core | {"parent": True} if field.parent else core


def several(field: ast.Field) -> bool:
    """Whether one span may have several values there without an array: events and links."""
    return field_of(field)["scope"] in ("event", "link")


def padded_id(field: ast.Expression, text: str) -> str:
    """A text that is compared with an id, as ids are written: lower case, with leading zeros."""
    digits = ID_DIGITS.get(field.name, 0) if isinstance(field, ast.Intrinsic) else 0
    return text.lower().rjust(digits, "0") if digits and text else text


def fields_in(*nodes: "ast.Expression | ast.Stage") -> list[ast.Field]:
    """All that occur anywhere in these nodes, each once, in the order of the text."""
    found = [each for node in nodes for each in walk(node) if isinstance(each, ast.Attribute | ast.Intrinsic)]
    return list(dict.fromkeys(sorted(found, key=lambda each: each.at)))
