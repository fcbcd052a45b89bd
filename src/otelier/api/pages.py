"""The web UI's files, from the fixed list that the package `ui` knows."""

from .. import ui
from ..server.endpoint import Response
from ..server.request import Request
from ..server.router import Group, Route, plain_error
from ..server.web import accepts_gzip

_PATTERNS = (
    "/",
    "/search",
    "/search/",
    "/explore",
    "/explore/",
    "/sql",
    "/sql/",
    "/trace/{id}",
    "/static/{file}",
    "/favicon.ico",
)


def group() -> Group:
    """Routes of pages and what they load."""
    return Group([Route("GET", pattern, _file) for pattern in _PATTERNS], plain_error)


def _file(request: Request) -> Response:
    asset = ui.find(request.path)
    if asset is None:
        return Response(404, (("content-type", "text/plain; charset=utf-8"),), b"404 page not found\n")
    headers = tuple((name.lower(), value) for name, value in asset.headers.items())
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(200, (*headers, ("content-encoding", "gzip")), asset.gzip)
    return Response(200, headers, asset.body)
