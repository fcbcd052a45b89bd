"""`/api/search`: traces that a TraceQL query finds, or the older search by tags and durations."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...query.traceql.answer import SearchAnswer, TraceResult
from ...query.traceql.engine import TraceQL
from ...query.traceql.told import ToldTraces
from ...server.endpoint import Response
from ...server.request import HttpError, Query, Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from . import as_json, as_protobuf, legacy, parse
from .answer import as_errors, encoded, told, write_error
from .message import Message

_LIMIT = 20
_MOST = 10_000
_SPANS = 3
_MOST_SPANS = 100
_MS = 10**6
_MAX_32 = 2**32 - 1
_EVERY = "{ }"


class SearchQuery(NamedTuple):
    """What is asked. Times are ns; 0: no bound."""

    text: str
    start_ns: int
    end_ns: int
    limit: int
    spans: int
    """Of one spanset; 0: none are wanted."""
    cursor: str = ""
    """Where an earlier answer ended."""


class Search:
    """The route over an engine."""

    def __init__(self, engine: TraceQL) -> None:
        self._engine = engine

    def group(self) -> Group:
        """Its one route."""
        return Group([Route("GET", "/api/search", self.search)], write_error)

    def search(self, request: Request) -> Response:
        """Newest first. Why an answer is partial and how to go on is told in headers."""
        found = self._find(request, _of_parameters(request.query))
        headers = (*told("otelier-partial", found.partial), *told("otelier-cursor", found.cursor))
        return encoded(request, lambda: as_json.search(found), lambda: as_protobuf.search(found), headers)

    def stream(self, message: bytes, request: Request) -> Iterator[bytes]:
        """`StreamingQuerier.Search`."""
        return as_protobuf.search(self._find(request, _of_message(message)))

    def _find(self, request: Request, query: SearchQuery) -> SearchAnswer:
        if not 0 < query.limit <= _MOST:
            raise HttpError(400, f"invalid limit: must be from 1 to {_MOST}")
        if query.spans > _MOST_SPANS:
            raise HttpError(400, f"invalid spss: at most {_MOST_SPANS} spans per span set")
        with as_errors():
            found = self._engine.search(
                tenant(request),
                query.text,
                start_ns=query.start_ns,
                end_ns=query.end_ns,
                limit=query.limit,
                spans_per_spanset=query.spans,
                cursor=query.cursor,
            )
        return found if query.spans else found._replace(traces=_without_spansets(found.traces))


def _without_spansets(traces: Sequence[TraceResult]) -> Sequence[TraceResult]:
    if isinstance(traces, ToldTraces):
        return traces.without_spansets()
    return [each._replace(spansets=()) for each in traces]


def _of_parameters(query: Query) -> SearchQuery:
    text, tags = query.first("q"), query.first("tags")
    shortest, longest = parse.duration(query, "minDuration"), parse.duration(query, "maxDuration")
    start_ns, end_ns = parse.window(query)
    limit = parse.number(query, "limit", _MAX_32, _LIMIT)
    if text and tags:
        raise HttpError(400, "can't specify tags and q in the same query")
    if tags or shortest or longest:
        if longest and longest < shortest:
            raise HttpError(400, "invalid maxDuration: must be greater than minDuration")
        found = legacy.query(legacy.tags(tags), shortest, longest)
        return SearchQuery(found, start_ns, end_ns, limit, 0, query.first("cursor"))
    spans = parse.number(query, "spss", _MAX_32, _SPANS) or _MOST_SPANS
    return SearchQuery(text or _EVERY, start_ns, end_ns, limit, spans, query.first("cursor"))


def _of_message(encoded_request: bytes) -> SearchQuery:
    """A `SearchRequest`."""
    message = Message(encoded_request)
    tags, shortest, longest = message.pairs(1), message.number(2) * _MS, message.number(3) * _MS
    window = parse.seconds_window(message.number(5), message.number(6))
    limit = message.number(4) or _LIMIT
    if not message.text(8) and (tags or shortest or longest):
        return SearchQuery(legacy.query(tags, shortest, longest), *window, limit, 0)
    return SearchQuery(message.text(8) or _EVERY, *window, limit, message.number(9) or _SPANS)
