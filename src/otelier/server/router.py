"""Which function answers: routes by method and path pattern, in groups that each wrap errors their own way.

A pattern is a path whose segments are words or `{names}`: `/api/traces/{id}`. The request's path is cut at `/` before
it is decoded, so that an encoded slash stays within its segment. HEAD is answered as GET; the server drops the body.
"""

import logging
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote

from .._core import HttpRequest
from .endpoint import Answer, Headers, Response, Stream
from .request import HttpError, Request

_log = logging.getLogger(__name__)

RouteHandler: TypeAlias = Callable[[Request], Answer]
ErrorWriter: TypeAlias = Callable[[HttpError, Request], Response]
Observer: TypeAlias = Callable[[str, int, float], None]
"""Pattern, status, seconds."""


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked for."""

    method: str
    pattern: str
    handler: RouteHandler


@dataclass(frozen=True, slots=True)
class Group:
    """Routes of one face of the product."""

    routes: Sequence[Route]
    write_error: ErrorWriter


def below(prefix: str, group: Group) -> Group:
    """The same routes under another path."""
    routes = [Route(each.method, prefix + each.pattern, each.handler) for each in group.routes]
    return Group(routes, group.write_error)


def plain_error(error: HttpError, _request: Request) -> Response:
    """The text alone."""
    return Response(
        error.status, (("content-type", "text/plain; charset=utf-8"), *error.headers), f"{error.message}\n".encode()
    )


class _Found(NamedTuple):
    route: Route
    write_error: ErrorWriter


_Methods: TypeAlias = dict[str, _Found]


def nothing_here(_request: Request) -> Response:
    """404, as Go's servers say it."""
    return plain_error(HttpError(404, "404 page not found"), _request)


class Router:
    """Finds and calls the handler; never raises for what a request or a handler does."""

    def __init__(
        self, groups: Sequence[Group], observe: Observer | None = None, otherwise: RouteHandler = nothing_here
    ) -> None:
        """Where two patterns match, the one given first answers. `observe` is told about each answer of a route;
        `otherwise` answers where no pattern matches."""
        self._observe = observe
        self._otherwise = otherwise
        self._exact: dict[str, _Methods] = {}
        self._patterns: dict[int, list[tuple[tuple[str, ...], _Methods]]] = {}
        for group in groups:
            for route in group.routes:
                self._methods_at(route.pattern)[route.method] = _Found(route, group.write_error)

    def __call__(self, raw: HttpRequest) -> Answer:
        """Answer a request."""
        methods, parameters = self._find(raw.path)
        if not methods:
            return self._otherwise(Request(raw, {}))
        request = Request(raw, parameters)
        method = "GET" if raw.method == "HEAD" else raw.method
        found = methods.get(method)
        if found is None:
            allowed = ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))
            error = HttpError(405, f"{raw.method} is not possible here; use {allowed}", (("allow", allowed),))
            return plain_error(error, request)
        began = time.perf_counter()
        answer = _answer(found, request)
        if isinstance(answer, Stream):
            return replace(answer, pieces=self._observed(answer, found.route.pattern, began))
        if self._observe:
            self._observe(found.route.pattern, answer.status, time.perf_counter() - began)
        return answer

    def _observed(self, answer: Stream, pattern: str, began: float) -> Generator[bytes, None, Headers]:
        try:
            return (yield from answer.pieces)
        finally:
            if self._observe:
                self._observe(pattern, answer.status, time.perf_counter() - began)

    def _methods_at(self, pattern: str) -> _Methods:
        if "{" not in pattern:
            return self._exact.setdefault(pattern, {})
        segments = tuple(pattern.split("/"))
        known = self._patterns.setdefault(len(segments), [])
        for other, methods in known:
            if other == segments:
                return methods
        known.append((segments, {}))
        return known[-1][1]

    def _find(self, path: str) -> tuple[_Methods, dict[str, str]]:
        if exact := self._exact.get(path):
            return exact, {}
        segments = path.split("/")
        for pattern, methods in self._patterns.get(len(segments), ()):
            parameters = _match(pattern, segments)
            if parameters is not None:
                return methods, parameters
        return {}, {}


def _answer(found: _Found, request: Request) -> Answer:
    try:
        return found.route.handler(request)
    except HttpError as error:
        return found.write_error(error, request)
    except BaseException:  # noqa: BLE001 (neither a bug in one route nor a panic in native code ends the server)
        _log.exception("can't answer %s", found.route.pattern)
        return found.write_error(HttpError(500, "internal error; see Otelier's log"), request)


def _match(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for word, segment in zip(pattern, segments, strict=True):
        if word.startswith("{"):
            if not segment:
                return None
            parameters[word[1:-1]] = unquote(segment)
        elif word != segment:
            return None
    return parameters
