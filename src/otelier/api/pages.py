"""The web UI's files, from the fixed list that the package `ui` knows, and the way to the pages of metrics."""

from collections.abc import Callable

from .. import ui
from ..server.endpoint import Response
from ..server.request import HttpError, Request
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


def group(metrics: Callable[[Request], str] | None = None) -> Group:
    """Routes of pages and what they load; `metrics`: the address of Prometheus's API and pages, for whoever asks."""

    def to_metrics(request: Request) -> Response:
        if not metrics:
            raise HttpError(404, "metrics are not served here: give `otelier_query` a section `prometheus`")
        return Response(302, (("location", metrics(request) + request.target),))

    routes = [Route("GET", pattern, _file) for pattern in _PATTERNS]
    return Group([*routes, Route("GET", "/graph", to_metrics)], plain_error)


def _file(request: Request) -> Response:
    asset = ui.find(request.path)
    if asset is None:
        return Response(404, (("content-type", "text/plain; charset=utf-8"),), b"404 page not found\n")
    headers = tuple((name.lower(), value) for name, value in asset.headers.items())
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(200, (*headers, ("content-encoding", "gzip")), asset.gzip)
    return Response(200, headers, asset.body)
