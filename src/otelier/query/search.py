"""What a search for traces asks, as the Jaeger API and the UI's form have it, and the filter that it means.

A trace is found if one of its spans fulfils everything at once. A tag is compared in string form with the attributes
of the span, its resource, scope, events and links; some keys mean what stands elsewhere in a span, under the names
with which Jaeger shows it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from . import filter as f
from .errors import BadQuery
from .kinds import ERROR, KINDS, STATUSES

NO_SERVICE = "OTLPResourceNoServiceName"
"""The service of spans whose resource names none."""

MAX_TRACES = 10_000
"""The most that one search may ask for."""

_RESOURCE = "resource."


@dataclass(frozen=True, slots=True)
class TraceSearch:
    """Which traces, newest first. Empty texts, 0 and None ask nothing."""

    start_ns: int
    """The matching span starts at or after this time."""
    end_ns: int
    """… and at or before this one."""
    service: str = ""
    operation: str = ""
    tags: Sequence[tuple[str, str]] = ()
    min_duration_ns: int = 0
    max_duration_ns: int = 0
    limit: int = 100

    def check(self) -> None:
        """Raises BadQuery."""
        if not 0 < self.limit <= MAX_TRACES:
            raise BadQuery(f"limit must be between 1 and {MAX_TRACES}")

    def filter(self) -> f.Filter:
        """All conditions but the time."""
        parts: list[f.Filter] = []
        if self.service:
            parts.append(service(self.service))
        if self.operation:
            parts.append(f.intrinsic("name", "=", self.operation))
        if self.min_duration_ns:
            parts.append(f.intrinsic("duration_ns", ">=", self.min_duration_ns))
        if self.max_duration_ns:
            parts.append(f.intrinsic("duration_ns", "<=", self.max_duration_ns))
        parts += [tag(key, value) for key, value in self.tags]
        return f.every(parts)


def service(name: str) -> f.Filter:
    """Spans of this service."""
    if name == NO_SERVICE:
        return f.some(f.negated(f.exists("intrinsic", "service")), f.intrinsic("service", "=", name))
    return f.intrinsic("service", "=", name)


def tag(key: str, value: str) -> f.Filter:
    """What `key=value` means."""
    if special := _SPECIAL.get(key):
        return special(key, value)
    if key.startswith(_RESOURCE) and len(key) > len(_RESOURCE):
        own = f.attribute("any", key, "text=", value)
        return f.some(f.attribute("resource", key.removeprefix(_RESOURCE), "text=", value), own)
    return f.attribute("any", key, "text=", value)


def _error(key: str, value: str) -> f.Filter:
    if value == "true":
        return f.intrinsic("status", "=", ERROR)
    if value == "false":
        return f.intrinsic("status", "!=", ERROR)
    return f.attribute("any", key, "text=", value)


def _kind(key: str, value: str) -> f.Filter:
    number = KINDS.get("" if value.lower() == "unspecified" else value.lower())
    own = f.attribute("any", key, "text=", value)
    return own if number is None else f.some(f.intrinsic("kind", "=", number), own)


def _status(key: str, value: str) -> f.Filter:
    number = STATUSES.get(value.lower())
    own = f.attribute("any", key, "text=", value)
    return own if number is None else f.some(f.intrinsic("status", "=", number), own)


def _shown_as(what: f.Intrinsic) -> Callable[[str, str], f.Filter]:
    def build(key: str, value: str) -> f.Filter:
        return f.some(f.intrinsic(what, "=", value), f.attribute("any", key, "text=", value))

    return build


def _event(key: str, value: str) -> f.Filter:
    return f.some(f.event_name("=", value), f.attribute("any", key, "text=", value))


_SPECIAL: Mapping[str, Callable[[str, str], f.Filter]] = {
    "error": _error,
    "span.kind": _kind,
    "span.status": _status,
    "otel.status_code": _status,
    "otel.status_description": _shown_as("status_message"),
    "scope.name": _shown_as("scope_name"),
    "scope.version": _shown_as("scope_version"),
    "otel.scope.name": _shown_as("scope_name"),
    "otel.scope.version": _shown_as("scope_version"),
    "w3c.tracestate": _shown_as("trace_state"),
    "event": _event,
}
