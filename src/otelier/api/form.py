"""Parameters from the query of a URL, and of a POST also from the form in its body."""

from collections.abc import Iterable

from ..server.request import HttpError, Query, Request
from ..server.router import Route, RouteHandler


def by_get_and_post(handlers: Iterable[tuple[str, RouteHandler]]) -> list[Route]:
    """Routes that take parameters either way, from path patterns and their handlers."""
    return [Route(method, pattern, handler) for pattern, handler in handlers for method in ("GET", "POST")]


def parameters(request: Request) -> Query:
    """All of them; those of the form come first. Raises HttpError."""
    if request.method != "POST":
        return request.query
    try:
        return Query("&".join(part for part in (request.body.decode(), request.raw_query) if part))
    except UnicodeDecodeError as error:
        raise HttpError(400, "the form is not UTF-8") from error
