"""What clients ask first: whether it is ready, and what it is."""

from ... import __version__
from ...server.endpoint import Response
from ...server.request import Request
from ...server.router import Group, Route
from . import answers

_LIKE = "3.4.0"
"""The version of Loki whose forms are answered; Grafana decides by it what to ask for."""


def group() -> Group:
    """`/ready` and `buildinfo`."""
    routes = [Route("GET", "/ready", _ready), Route("GET", "/loki/api/v1/status/buildinfo", _build)]
    return Group(routes, answers.write_error)


def _ready(_request: Request) -> Response:
    return Response(200, (("content-type", "text/plain; charset=utf-8"),), b"ready\n")


def _build(_request: Request) -> Response:
    return answers.plain_json(
        {
            "version": _LIKE,
            "revision": f"otelier-{__version__}",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        }
    )
