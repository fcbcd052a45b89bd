"""Traces as the classic API gives them: the JSON that Jaeger's UI and its clients read."""

import msgspec

from .tagged import Tag, Tags


class Reference(msgspec.Struct, gc=False):
    """CHILD_OF or FOLLOWS_FROM another span."""

    refType: str  # noqa: N815 - Jaeger's names, here and below
    traceID: str  # noqa: N815
    spanID: str  # noqa: N815


class Log(msgspec.Struct, gc=False):
    """An event."""

    timestamp: int
    """µs since 1970."""
    fields: Tags


class Span(msgspec.Struct, gc=False, omit_defaults=True):
    """A span; times in µs."""

    traceID: str  # noqa: N815
    spanID: str  # noqa: N815
    operationName: str  # noqa: N815
    references: list[Reference]
    startTime: int  # noqa: N815
    duration: int
    tags: Tags
    logs: list[Log]
    processID: str  # noqa: N815
    warnings: list[str] | None
    flags: int = 0


class Process(msgspec.Struct, gc=False):
    """A resource."""

    serviceName: str  # noqa: N815
    tags: list[Tag]


class Trace(msgspec.Struct, gc=False):
    """Spans and the processes that their ids name."""

    traceID: str  # noqa: N815
    spans: list[Span]
    processes: dict[str, Process]
    warnings: list[str] | None
