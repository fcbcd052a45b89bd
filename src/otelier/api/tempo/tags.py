"""Names of tags and their values, in both versions: as Tempo named them first, and by TraceQL's scopes and types."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

from ...query.tags import MAX_VALUES, Tags, TagValue
from ...server.endpoint import Response
from ...server.request import HttpError, Query, Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from . import as_json, as_protobuf, parse
from .answer import as_errors, encoded, write_error
from .message import Message
from .names import LISTED, field, words

_MAX_32 = 2**32 - 1
_INTRINSIC = "intrinsic"
_SCOPES = ("resource", "span", "event", "link", "instrumentation", _INTRINSIC)
_ALL = ("", "none")


class NamesQuery(NamedTuple):
    """Which names; times are ns, 0: no bound. `limit`: of each scope, 0: none."""

    scope: str
    start_ns: int
    end_ns: int
    limit: int


class ValuesQuery(NamedTuple):
    """Which values of a tag, of spans that `text` means as far as it can be read; the rest as above."""

    tag: str
    text: str
    start_ns: int
    end_ns: int
    limit: int


class TagRoutes:
    """The routes over the store's tags."""

    def __init__(self, tags: Tags) -> None:
        self._tags = tags

    def group(self) -> Group:
        """Both versions."""
        return Group(
            [
                Route("GET", "/api/search/tags", self.names),
                Route("GET", "/api/v2/search/tags", self.scopes),
                Route("GET", "/api/search/tag/{tag}/values", self.texts),
                Route("GET", "/api/v2/search/tag/{tag}/values", self.values),
            ],
            write_error,
        )

    def names(self, request: Request) -> Response:
        """Of attributes of resources and spans, or of the scope that is asked for, in one list."""
        found = _flat(self._scopes(request, _names_of(request.query)), request.query.first("scope"))
        return encoded(request, lambda: as_json.tag_names(found), lambda: as_protobuf.tag_names(found))

    def scopes(self, request: Request) -> Response:
        """By scope, with what every span has."""
        found = self._scopes(request, _names_of(request.query))
        return encoded(request, lambda: as_json.tag_scopes(found), lambda: as_protobuf.tag_scopes(found))

    def texts(self, request: Request) -> Response:
        """Values as texts; the tag has no scope."""
        found = self._values(request, _unscoped(_values_of(request)))
        return encoded(request, lambda: as_json.tag_texts(found), lambda: as_protobuf.tag_texts(found))

    def values(self, request: Request) -> Response:
        """Values with their types; the tag is a TraceQL name."""
        found = self._values(request, _values_of(request))
        return encoded(request, lambda: as_json.tag_values(found), lambda: as_protobuf.tag_values(found))

    def stream_names(self, message: bytes, request: Request) -> Iterator[bytes]:
        """`StreamingQuerier.SearchTags`."""
        query = _names_of_message(message)
        return as_protobuf.tag_names(_flat(self._scopes(request, query), query.scope))

    def stream_scopes(self, message: bytes, request: Request) -> Iterator[bytes]:
        """`StreamingQuerier.SearchTagsV2`."""
        return as_protobuf.tag_scopes(self._scopes(request, _names_of_message(message)))

    def stream_texts(self, message: bytes, request: Request) -> Iterator[bytes]:
        """`StreamingQuerier.SearchTagValues`."""
        return as_protobuf.tag_texts(self._values(request, _unscoped(_values_of_message(message))))

    def stream_values(self, message: bytes, request: Request) -> Iterator[bytes]:
        """`StreamingQuerier.SearchTagValuesV2`."""
        return as_protobuf.tag_values(self._values(request, _values_of_message(message)))

    def _scopes(self, request: Request, query: NamesQuery) -> dict[str, Sequence[str]]:
        if query.scope not in (*_SCOPES, *_ALL):
            raise HttpError(400, f"invalid scope: {query.scope[:100]}; there are {', '.join(_SCOPES)}")
        found: dict[str, Sequence[str]] = {}
        if query.scope != _INTRINSIC:
            with as_errors():
                found |= self._tags.names(tenant(request), query.start_ns, query.end_ns)
        found[_INTRINSIC] = LISTED
        asked = found if query.scope in _ALL else [query.scope]
        return {scope: list(islice(found.get(scope, ()), query.limit or None)) for scope in asked}

    def _values(self, request: Request, query: ValuesQuery) -> list[TagValue]:
        asked = field(query.tag)
        fixed = words(asked)
        if fixed is not None:
            return [TagValue("keyword", each) for each in fixed]
        limit = min(query.limit or MAX_VALUES, MAX_VALUES)
        with as_errors():
            return self._tags.values(tenant(request), asked, query.text, query.start_ns, query.end_ns, limit)


def _flat(scopes: Mapping[str, Sequence[str]], asked: str) -> list[str]:
    """In one list; without a scope, of resources and spans only."""
    wanted = ("resource", "span") if asked in _ALL else (asked,)
    return sorted({name for scope in wanted for name in scopes.get(scope, ())})


def _names_of(query: Query) -> NamesQuery:
    return NamesQuery(query.first("scope"), *parse.window(query), parse.number(query, "limit", _MAX_32))


def _names_of_message(encoded_request: bytes) -> NamesQuery:
    """A `SearchTagsRequest`."""
    message = Message(encoded_request)
    window = parse.seconds_window(message.number(3), message.number(4))
    return NamesQuery(message.text(1), *window, message.number(5))


def _values_of(request: Request) -> ValuesQuery:
    query = request.query
    tag = unquote(request.parameters["tag"])  # Grafana encodes it twice
    return ValuesQuery(tag, query.first("q"), *parse.window(query), parse.number(query, "limit", _MAX_32))


def _values_of_message(encoded_request: bytes) -> ValuesQuery:
    """A `SearchTagValuesRequest`."""
    message = Message(encoded_request)
    window = parse.seconds_window(message.number(4), message.number(5))
    return ValuesQuery(message.text(1), message.text(2), *window, message.number(6))


def _unscoped(query: ValuesQuery) -> ValuesQuery:
    return query if query.tag in LISTED else query._replace(tag=f".{query.tag}")
