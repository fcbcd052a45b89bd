"""Requests of Loki's push API as OTLP: JSON, or protobuf (`logproto.PushRequest`), compressed by snappy.

A stream becomes a resource, so that its labels are a stream's again where the store is asked: `service_name` is
`service.name`, which is also told from what else names a service. Structured metadata become attributes of records;
a trace's and a span's id, and a level, become those of the record.
Format: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ..._core import unsnappy
from ...component.go_text import BadEscape, unescaped
from ...wire.protobuf import fields, fixed64, integer, length_delimited, text

_MOST_BYTES = 64 * 2**20
_MOST_ENTRIES = 200_000
_SERVICE_LABELS = (
    "service", "app", "application", "app_name", "name", "app_kubernetes_io_name", "container", "container_name",
    "k8s_container_name", "component", "workload", "job", "k8s_job_name",
)  # fmt: skip
"""What is taken for a service's name where no label is called so; the first that is there."""
_LEVEL_LABELS = ("level", "LEVEL", "Level", "severity", "SEVERITY", "Severity", "lvl", "detected_level")
_SEVERITIES = {
    "trace": 1, "debug": 5, "info": 9, "information": 9, "notice": 10, "warn": 13, "warning": 13, "error": 17,
    "err": 17, "critical": 21, "fatal": 21,
}  # fmt: skip
_LABEL = re.compile(r'\s*([A-Za-z_:][\w:.]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|\}|$)', re.DOTALL)
_TRACE, _SPAN = re.compile("[0-9a-fA-F]{32}"), re.compile("[0-9a-fA-F]{16}")


class PushError(ValueError):
    """A request can't be read; the text says why."""


class Entry(NamedTuple):
    """A line."""

    time_ns: int
    line: str
    metadata: Mapping[str, str]


class Stream(NamedTuple):
    """Lines of one origin."""

    labels: Mapping[str, str]
    entries: Sequence[Entry]


class _JsonStream(msgspec.Struct, frozen=True):
    stream: dict[str, str]
    values: list[list[str | dict[str, str]]] = []


class _JsonPush(msgspec.Struct, frozen=True):
    streams: list[_JsonStream]


_json = msgspec.json.Decoder(_JsonPush)


def read_json(body: bytes) -> list[Stream]:
    """Raises PushError."""
    try:
        return [Stream(each.stream, [_entry(value) for value in each.values]) for each in _json.decode(body).streams]
    except (ValueError, TypeError) as error:
        raise PushError(f"this is no push request: {error}") from error


def _entry(value: Sequence[str | Mapping[str, str]]) -> Entry:
    match value:
        case [str(time), str(line)] if time.isascii() and time.isdecimal():
            return Entry(int(time), line, {})
        case [str(time), str(line), dict(metadata)] if time.isascii() and time.isdecimal():
            return Entry(int(time), line, metadata)
        case _:
            raise PushError('an entry is ["time in ns", "line"], with an object of texts behind it if there is more')


def read_protobuf(body: bytes) -> list[Stream]:
    """Raises PushError."""
    try:
        return [_stream(each) for number, each in fields(unsnappy(body, _MOST_BYTES)) if number == 1]
    except PushError:
        raise
    except (ValueError, TypeError) as error:
        raise PushError(f"this is no push request compressed by snappy: {error}") from error


def _stream(message: int | bytes) -> Stream:
    labels: Mapping[str, str] = {}
    entries: list[Entry] = []
    for number, value in fields(_bytes(message)):
        if number == 1:
            labels = _labels(_bytes(value).decode())
        elif number == 2:
            entries.append(_entry_message(_bytes(value)))
    return Stream(labels, entries)


def _entry_message(message: bytes) -> Entry:
    seconds = nanos = 0
    line, metadata = "", dict[str, str]()
    for number, value in fields(message):
        if number == 1:
            at = dict(fields(_bytes(value)))
            seconds, nanos = at.get(1, 0), at.get(2, 0)
        elif number == 2:
            line = _bytes(value).decode()
        elif number == 3:
            pair = dict(fields(_bytes(value)))
            metadata[_bytes(pair.get(1, b"")).decode()] = _bytes(pair.get(2, b"")).decode()
    if not isinstance(seconds, int) or not isinstance(nanos, int):
        raise PushError("a time has the fields seconds and nanos")
    return Entry(seconds * 10**9 + nanos, line, metadata)


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise PushError("a message or a text is expected where a number stands")
    return value


def _labels(written: str) -> dict[str, str]:
    """`{a="x", b="y"}`, values quoted as Go does it."""
    inside = written.strip()
    if not (inside.startswith("{") and inside.endswith("}")):
        raise PushError(f"{written[:100]!r} is no set of labels")
    labels, at = dict[str, str](), 1
    while inside[at:].strip(" ,}"):
        found = _LABEL.match(inside, at)
        if found is None:
            raise PushError(f"{written[:100]!r} is no set of labels")
        try:
            labels[found[1]] = unescaped(found[2])
        except BadEscape as error:
            raise PushError(f"{written[:100]!r} is no set of labels: {error}") from error
        at = found.end()
    return labels


def as_otlp(streams: Iterable[Stream], now_ns: int, *, keep_times: bool) -> bytes:
    """An encoded ExportLogsServiceRequest. `keep_times`: entries have their own times, else that of their arrival.

    Raises PushError for more entries than one request may have.
    """
    count, out = 0, list[bytes]()
    for stream in streams:
        count += len(stream.entries)
        if count > _MOST_ENTRIES:
            raise PushError(f"more than {_MOST_ENTRIES} entries: send smaller requests")
        records = b"".join(length_delimited(2, _record(stream, each, now_ns, keep_times)) for each in stream.entries)
        resource = b"".join(_attribute(name, value) for name, value in _resource(stream.labels).items())
        out.append(length_delimited(1, length_delimited(1, resource) + length_delimited(2, records)))
    return b"".join(out)


def _resource(labels: Mapping[str, str]) -> dict[str, str]:
    attributes = {name: value for name, value in labels.items() if name != "service_name"}
    named = labels.get("service_name") or next((labels[name] for name in _SERVICE_LABELS if labels.get(name)), "")
    if named and "service.name" not in attributes:
        attributes["service.name"] = named
    return attributes


def _record(stream: Stream, entry: Entry, now_ns: int, keep_times: bool) -> bytes:
    metadata = dict(entry.metadata)
    trace = metadata.pop("trace_id", "") if _TRACE.fullmatch(metadata.get("trace_id", "")) else ""
    span = metadata.pop("span_id", "") if _SPAN.fullmatch(metadata.get("span_id", "")) else ""
    level = next((each[name] for each in (metadata, stream.labels) for name in _LEVEL_LABELS if name in each), "")
    time_ns = entry.time_ns if keep_times and entry.time_ns else now_ns
    parts = [fixed64(1, time_ns), fixed64(11, now_ns), length_delimited(5, text(1, entry.line))]
    if number := _SEVERITIES.get(level.lower(), 0):
        parts.append(integer(2, number))
    if level:
        parts.append(text(3, level))
    parts += [_attribute(name, value, 6) for name, value in metadata.items()]
    if trace:
        parts.append(length_delimited(9, bytes.fromhex(trace)))
    if span:
        parts.append(length_delimited(10, bytes.fromhex(span)))
    return b"".join(parts)


def _attribute(name: str, value: str, number: int = 1) -> bytes:
    return length_delimited(number, text(1, name) + length_delimited(2, text(1, value)))
