"""The columns of the views `spans` and `logs`."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

View: TypeAlias = Literal["spans", "logs"]
Form: TypeAlias = Literal["trace", "id", "time", "number", "kind", "status", "text", "any"]
"""What a column's values are in the store; `any`: an attribute's, whose type only the values tell."""


class SpanColumn(NamedTuple):
    """Where its values come from."""

    key: str
    """Of the core's intrinsic field; empty for trace ids, which every answer has."""
    form: Form
    type: str
    """DuckDB's."""


SPANS: Final[Mapping[str, SpanColumn]] = {
    "trace_id": SpanColumn("", "trace", "VARCHAR"),
    "span_id": SpanColumn("span_id", "id", "VARCHAR"),
    "parent_span_id": SpanColumn("parent_span_id", "id", "VARCHAR"),
    "start_time": SpanColumn("start_ns", "time", "TIMESTAMP_NS"),
    "duration_ns": SpanColumn("duration_ns", "number", "BIGINT"),
    "name": SpanColumn("name", "text", "VARCHAR"),
    "kind": SpanColumn("kind", "kind", "VARCHAR"),
    "status": SpanColumn("status", "status", "VARCHAR"),
    "status_message": SpanColumn("status_message", "text", "VARCHAR"),
    "service": SpanColumn("service", "text", "VARCHAR"),
    "scope_name": SpanColumn("scope_name", "text", "VARCHAR"),
}
LOGS: Final[Mapping[str, str]] = {
    "time": "TIMESTAMP_NS",
    "observed_time": "TIMESTAMP_NS",
    "severity_number": "BIGINT",
    "severity_text": "VARCHAR",
    "event_name": "VARCHAR",
    "body": "VARCHAR",
    "trace_id": "VARCHAR",
    "span_id": "VARCHAR",
    "flags": "BIGINT",
    "service": "VARCHAR",
    "scope_name": "VARCHAR",
    "scope_version": "VARCHAR",
}
"""Types of the fixed columns of `logs`."""
FIXED: Final[Mapping[str, tuple[str, ...]]] = {"spans": tuple(SPANS), "logs": tuple(LOGS)}
"""What `*` means."""
PREFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "spans": ("span.", "resource.", "scope."),
    "logs": ("log.", "resource.", "scope."),
}
"""A column that begins so is an attribute."""
