"""Pages beside the API: a query with its table and graph, targets, alerts, rules, and who has most series.

Traces are shown by the UI, to which `/trace/…` and `/search` lead, so that links between pages need not know where that
is. Pages are files of this folder and nothing else: one document, a style sheet, and scripts that ask the API. They
load nothing from elsewhere and hold no inline script or style, so that the strictest content security policy fits.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from ....server.endpoint import Response
from ....server.request import Request
from ....server.router import Group, Route, nothing_here, plain_error

PAGES = (
    "/graph", "/query", "/targets", "/service-discovery", "/alerts", "/rules", "/cardinality", "/tsdb-status",
    "/status", "/config", "/flags",
)  # fmt: skip
"""Some pages have another address at Prometheus, which works, too."""
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}
_DOCUMENT = "shell.html"


def group(ui: Callable[[Request], str] | None = None) -> Group:
    """The pages and what they load; `ui`: the address of the UI, which shows traces, for whoever asks."""

    def to_traces(request: Request) -> Response:
        assert ui
        return Response(302, (("location", ui(request) + request.target),))

    routes = [
        *([Route("GET", path, to_traces) for path in ("/trace/{id}", "/search")] if ui else []),
        Route("GET", "/", _home),
        *(Route("GET", path, _page) for path in PAGES),
        Route("GET", "/static/prometheus/{file}", _file),
        Route("GET", "/favicon.ico", _no_mark),
    ]
    return Group(routes, plain_error)


@cache
def served() -> Mapping[str, Response]:
    """Each file by its name."""
    found: dict[str, Response] = {}
    for file in files(__name__).iterdir():
        kind = _TYPES.get(file.name[file.name.rfind(".") :])
        if kind:
            found[file.name] = Response(200, (("content-type", kind), ("cache-control", "no-cache")), file.read_bytes())
    return found


def _home(_request: Request) -> Response:
    return Response(302, (("location", "/graph"),))


def _no_mark(_request: Request) -> Response:
    return Response(204)


def _page(_request: Request) -> Response:
    return served()[_DOCUMENT]


def _file(request: Request) -> Response:
    found = served().get(request.parameters["file"])
    answer = nothing_here(request) if found is None else found
    assert isinstance(answer, Response)
    return answer
