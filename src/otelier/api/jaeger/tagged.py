"""Spans as `Batch.to_tagged_json` writes them: OTLP whose attributes are Jaeger's tags already.

What tags say is not looked at; they are handed on as the bytes that they are, a JSON array.
"""

import msgspec

from ...telemetry import Batch

Tags = msgspec.Raw
NONE = b"[]"
_ZERO = "0"


class _Message(msgspec.Struct, frozen=True, gc=False):
    """Immutable, without cycles; unknown members are skipped."""


class Scope(_Message, frozen=True):
    """Which library made the spans."""

    name: str = ""
    version: str = ""
    attributes: Tags = Tags(NONE)


class Status(_Message, frozen=True):
    """How a span ended."""

    code: int = 0
    message: str = ""


class Event(_Message, frozen=True):
    """Something that happened during a span."""

    timeUnixNano: str = _ZERO  # noqa: N815 - OTLP's names, here and below
    name: str = ""
    attributes: Tags = Tags(NONE)


class Link(_Message, frozen=True):
    """Another span that has to do with this one."""

    traceId: str = ""  # noqa: N815
    spanId: str = ""  # noqa: N815
    attributes: Tags = Tags(NONE)


class Span(_Message, frozen=True):
    """A span; ids in hex, times as decimal texts."""

    traceId: str = ""  # noqa: N815
    spanId: str = ""  # noqa: N815
    parentSpanId: str = ""  # noqa: N815
    traceState: str = ""  # noqa: N815
    flags: int = 0
    name: str = ""
    kind: int = 0
    startTimeUnixNano: str = _ZERO  # noqa: N815
    endTimeUnixNano: str = _ZERO  # noqa: N815
    attributes: Tags = Tags(NONE)
    events: list[Event] = []
    links: list[Link] = []
    status: Status = Status()


class ScopeSpans(_Message, frozen=True):
    """Spans of one library."""

    scope: Scope = Scope()
    spans: list[Span] = []


class ResourceSpans(_Message, frozen=True):
    """Spans of one resource, which is read only where it is a new one."""

    resource: msgspec.Raw = msgspec.Raw(b"{}")
    scopeSpans: list[ScopeSpans] = []  # noqa: N815


class _TracesData(_Message, frozen=True):
    resourceSpans: list[ResourceSpans] = []  # noqa: N815


class Tag(_Message, frozen=True):
    """One tag, where it is looked at."""

    key: str
    type: str
    value: str | bool | int | float


class _Resource(_Message, frozen=True):
    attributes: list[Tag] = []


_traces = msgspec.json.Decoder(_TracesData)
_resource = msgspec.json.Decoder(_Resource)
_tags = msgspec.json.Decoder(list[Tag])


def read_traces(batch: Batch, *, sort: bool) -> list[ResourceSpans]:
    """The spans of a batch; tags sorted by key if wanted."""
    return _traces.decode(batch.to_tagged_json(sort=sort)).resourceSpans


def read_resource(raw: msgspec.Raw) -> list[Tag]:
    """The attributes of a resource."""
    return _resource.decode(raw).attributes


def read_tags(raw: bytes) -> list[Tag]:
    """Tags to be looked at."""
    return _tags.decode(raw)
