"""Parameters of the classic API, with Jaeger's error texts."""

from dataclasses import dataclass

import msgspec

from ...query.kinds import KINDS
from ...query.search import MAX_TRACES, TraceSearch
from ...server.request import HttpError, Query, Request
from .. import literals
from .trace_id import BadTraceId, parse

_LOOKBACK_NS = 2 * 24 * 3600 * 10**9
"""Where `start` is not given."""
_DEFAULT_LIMIT = 100
_US = 1000


@dataclass(frozen=True, slots=True)
class TracesQuery:
    """What `/api/traces` asks: traces by id, or a search."""

    trace_ids: tuple[bytes, ...]
    search: TraceSearch
    raw: bool


def traces(query: Query, now_ns: int) -> TracesQuery:
    """Raises HttpError, for the first thing that is wrong."""
    service = query.first("service")
    start = _moment(query, "start", now_ns - _LOOKBACK_NS)
    end = _moment(query, "end", now_ns) + (_US - 1 if query.first("end") else 0)  # all of the microsecond that is named
    tags = _tags(query)
    limit = _limit(query)
    shortest, longest = _duration(query, "minDuration"), _duration(query, "maxDuration")
    raw = raw_wanted(query)
    try:
        ids = tuple(parse(text) for text in query.all("traceID"))
    except BadTraceId as error:
        raise HttpError(400, f"cannot parse traceID param: {error}") from error
    if not ids and not service:
        raise HttpError(400, "parameter 'service' is required")
    if shortest and longest and shortest > longest:
        raise HttpError(400, "'maxDuration' should be greater than 'minDuration'")
    if not ids and not 0 < limit <= MAX_TRACES:
        raise HttpError(500, "search depth must be greater than 0 and less than max traces")
    search = TraceSearch(start, end, service, query.first("operation"), tags, shortest, longest, limit)
    return TracesQuery(ids, search, raw)


def trace_id(request: Request) -> bytes:
    """The `{id}` of the path. Raises HttpError."""
    try:
        return parse(request.parameters["id"])
    except BadTraceId as error:
        raise HttpError(400, str(error)) from error


def raw_wanted(query: Query) -> bool:
    """Whether spans are wanted as they came. Raises HttpError."""
    text = query.first("raw")
    try:
        return bool(text) and literals.boolean(text)
    except ValueError as error:
        raise _unparsable("raw", error) from error


def operations(query: Query) -> tuple[str, int | None]:
    """Service and the number of a kind, if only that is wanted. Raises HttpError."""
    service, kind = query.first("service"), query.first("spanKind")
    if not service:
        raise HttpError(400, "parameter 'service' is required")
    if kind not in KINDS:
        raise HttpError(400, f"unable to parse param 'spanKind': unsupported span kind: '{kind[:100]}'")
    return service, KINDS[kind] if kind else None


def _limit(query: Query) -> int:
    text = query.first("limit")
    try:
        return literals.integer(text, 32) if text else _DEFAULT_LIMIT
    except ValueError as error:
        raise HttpError(400, str(error)) from error


def _moment(query: Query, name: str, default_ns: int) -> int:
    """Given in µs; as ns."""
    text = query.first(name)
    try:
        return literals.integer(text) * _US if text else default_ns
    except ValueError as error:
        raise _unparsable(name, error) from error


def _duration(query: Query, name: str) -> int:
    text = query.first(name)
    try:
        return literals.duration(text) if text else 0
    except ValueError as error:
        raise _unparsable(name, error) from error


def _tags(query: Query) -> tuple[tuple[str, str], ...]:
    """Of both forms; a key given twice has its last value, as in Jaeger."""
    tags: dict[str, str] = {}
    for text in query.all("tag"):
        key, colon, value = text.partition(":")
        if not colon:
            raise HttpError(400, f"malformed 'tag' parameter, expecting key:value, received: {text[:200]}")
        tags[key] = value
    for text in query.all("tags"):
        try:
            tags |= msgspec.json.decode(text.encode(), type=dict[str, str])
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            raise HttpError(400, f"malformed 'tags' parameter, cannot unmarshal JSON: {error}") from error
    return tuple(tags.items())


def _unparsable(name: str, error: ValueError) -> HttpError:
    return HttpError(400, f"unable to parse param '{name}': {error}")
