"""Parameters of `/api/v3`; each has a name in camelCase and an older one in snake_case."""

import re

import msgspec

from ...query.kinds import KINDS
from ...query.search import MAX_TRACES, TraceSearch
from ...server.request import HttpError, Query, Request
from .. import literals
from .trace_id import BadTraceId, parse

_DEFAULT_DEPTH = 100
_UPPER = re.compile("[A-Z]")


def search(query: Query) -> TraceSearch:
    """What `/traces` and `/trace-summaries` ask. Raises HttpError, for the first thing that is wrong."""
    start, end = _moment(query, "query.startTimeMin"), _moment(query, "query.startTimeMax")
    if start is None or end is None:
        raise HttpError(400, "query.startTimeMin and query.startTimeMax are required")
    if start >= end:
        raise HttpError(400, "query.startTimeMin must be before query.startTimeMax")
    if _first(query, "query.filter"):
        raise HttpError(501, "query.filter is not supported yet; use query.attributes")
    check_raw(query, "query.rawTraces")
    shortest, longest = _duration(query, "query.durationMin"), _duration(query, "query.durationMax")
    if shortest and longest and shortest > longest:
        raise HttpError(400, "query.durationMin must not be longer than query.durationMax")
    return TraceSearch(
        start,
        end,
        _first(query, "query.serviceName"),
        _first(query, "query.operationName"),
        _attributes(query),
        shortest,
        longest,
        _depth(query),
    )


def trace_id(request: Request) -> bytes:
    """The `{id}` of the path. Raises HttpError."""
    try:
        return parse(request.parameters["id"])
    except BadTraceId as error:
        raise HttpError(400, f"malformed parameter trace_id: {error}") from error


def check_raw(query: Query, name: str) -> None:
    """Whether spans are wanted as they came: they always come so, but a text that is no answer is wrong."""
    text = _first(query, name)
    try:
        if text:
            literals.boolean(text)
    except ValueError as error:
        raise _malformed(name, error) from error


def operations(query: Query) -> tuple[str, int | None]:
    """Service and the number of a kind, if only that is wanted. Raises HttpError."""
    service, kind = _first(query, "service"), _first(query, "spanKind").lower()
    if not service:
        raise HttpError(400, "malformed parameter service: it is required")
    if kind not in KINDS:
        raise _malformed("spanKind", ValueError(f"unsupported span kind: '{kind[:100]}'"))
    return service, KINDS[kind] if kind else None


def _attributes(query: Query) -> tuple[tuple[str, str], ...]:
    text = _first(query, "query.attributes")
    if not text:
        return ()
    try:
        return tuple(msgspec.json.decode(text.encode(), type=dict[str, str]).items())
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise _malformed("query.attributes", error) from error


def _depth(query: Query) -> int:
    text = query.first("query.searchDepth", "query.search_depth", "query.numTraces", "query.num_traces")
    try:
        depth = literals.integer(text, 32) if text else _DEFAULT_DEPTH
    except ValueError as error:
        raise _malformed("query.searchDepth", error) from error
    if not 0 < depth <= MAX_TRACES:
        raise HttpError(400, f"query.searchDepth must be between 1 and {MAX_TRACES}")
    return depth


def _moment(query: Query, name: str) -> int | None:
    text = _first(query, name)
    try:
        return literals.moment(text) if text else None
    except ValueError as error:
        raise _malformed(name, error) from error


def _duration(query: Query, name: str) -> int:
    text = _first(query, name)
    try:
        return literals.duration(text) if text else 0
    except ValueError as error:
        raise _malformed(name, error) from error


def _first(query: Query, name: str) -> str:
    return query.first(name, _UPPER.sub(lambda found: f"_{found[0].lower()}", name))


def _malformed(name: str, error: Exception) -> HttpError:
    return HttpError(400, f"malformed parameter {name}: {error}")
