"""What asks whether there is somebody, and who: `/api/echo` (Grafana's "save & test"), `/ready`, build information."""

import msgspec

from ... import __version__
from ...server.endpoint import Response
from ...server.request import Request
from ...server.router import Group, Route
from .answer import write_error

_TEXT = (("content-type", "text/plain; charset=utf-8"),)
_JSON = (("content-type", "application/json"),)
_BUILD = {
    "version": __version__,
    "revision": "",
    "branch": "",
    "buildUser": "",
    "buildDate": "",
    "goVersion": "",
}
"""Members that Tempo has; this is no Go program."""


def group() -> Group:
    """All of them."""
    return Group(
        [
            Route("GET", "/api/echo", _said(b"echo")),
            Route("GET", "/ready", _said(b"ready")),
            Route("GET", "/status/version", _said(f"Otelier, version {__version__}\n".encode())),
            Route("GET", "/api/status/buildinfo", _build),
            Route("GET", "/status/buildinfo", _build),
        ],
        write_error,
    )


def _said(text: bytes):
    def say(_request: Request) -> Response:
        return Response(200, _TEXT, text)

    return say


def _build(_request: Request) -> Response:
    return Response(200, _JSON, msgspec.json.encode(_BUILD))
