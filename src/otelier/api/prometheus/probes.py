"""Whether it works: `/-/ready`, `/-/healthy`."""

from ...server.endpoint import Response
from ...server.request import Request
from ...server.router import Group, Route, plain_error

_TEXT = (("content-type", "text/plain; charset=utf-8"),)


def group() -> Group:
    """Plain text."""
    return Group([Route("GET", "/-/ready", _ready), Route("GET", "/-/healthy", _healthy)], plain_error)


def _ready(_request: Request) -> Response:
    return Response(200, _TEXT, b"Prometheus Server is Ready.\n")


def _healthy(_request: Request) -> Response:
    return Response(200, _TEXT, b"Prometheus Server is Healthy.\n")
