"""The labels of a log record, as Loki shows records that came by OTLP: names with `_`, values as text.

A record's labels are those of its stream (attributes of the resource) and its metadata: level, severity, ids, event,
scope, attributes. Of two with the same name the stream's counts, then what stands in the record itself, then its
scope's attributes, then its own ones; of attributes the one whose key comes first. The core has the same rules
(`rust/segment/src/logs/labels.rs`), so that conditions on labels are decided there.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

SERVICE = "service_name"
NO_SERVICE = "unknown_service"
LEVEL = "detected_level"
LEVEL_ALIAS = "level"
"""Means the detected level where a record has no such label; only if it is asked for."""

_OTHER = re.compile(r"[^A-Za-z0-9_]")
_LEVELS = ("", "trace", "debug", "info", "warn", "error", "fatal")
_LEVEL_WORDS = {
    "trace": "trace", "trc": "trace", "debug": "debug", "dbg": "debug", "info": "info", "inf": "info",
    "information": "info", "notice": "info", "warn": "warn", "wrn": "warn", "warning": "warn", "error": "error",
    "err": "error", "critical": "critical", "fatal": "fatal",
}  # fmt: skip

Attributes = Iterable[tuple[str, str]]


class Scope(NamedTuple):
    """The library that made a record."""

    name: str
    version: str
    attributes: tuple[tuple[str, str], ...]


class Record(NamedTuple):
    """A log record as the core tells it; attribute values as text."""

    time_ns: int
    """Of the event, or when it was observed if that is not known."""
    observed_ns: int
    severity_number: int
    severity_text: str
    event_name: str
    body: str
    """Texts as they are, lists and maps as JSON."""
    trace_id: str
    """Hexadecimal; empty: none."""
    span_id: str
    flags: int
    attributes: list[tuple[str, str]]
    resource: int
    """Which of the answer's resources."""
    scope: int
    """Which of the answer's scopes."""


@lru_cache(maxsize=10_000)
def label_name(key: str) -> str:
    """The label of an attribute."""
    name = _OTHER.sub("_", key)
    return f"key_{name}" if name[:1].isdigit() else name


def level(number: int, text: str) -> str:
    """The level by OTLP's severity number, else by the severity text."""
    if 1 <= number <= 24:
        return _LEVELS[(number + 3) // 4]
    return _LEVEL_WORDS.get(text.lower(), "unknown")


def stream_labels(resource: Attributes) -> dict[str, str]:
    """Of the stream that a resource's records are."""
    labels = {label_name(key): text for key, text in sorted(resource, reverse=True)}
    labels.setdefault(SERVICE, NO_SERVICE)
    return labels


def metadata_labels(record: Record, scope: Scope) -> dict[str, str]:
    """Of the record itself; some may be hidden by the stream's."""
    labels = {label_name(key): text for key, text in sorted(record.attributes, reverse=True)}
    labels |= {label_name(key): text for key, text in sorted(scope.attributes, reverse=True)}
    own = {
        "scope_name": scope.name,
        "scope_version": scope.version,
        "event_name": record.event_name,
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "severity_text": record.severity_text,
    }
    labels |= {name: text for name, text in own.items() if text}
    numbers = {
        "severity_number": record.severity_number,
        "flags": record.flags,
        "observed_timestamp": record.observed_ns,
    }
    labels |= {name: str(number) for name, number in numbers.items() if number}
    labels[LEVEL] = level(record.severity_number, record.severity_text)
    return labels
