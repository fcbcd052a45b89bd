"""Pushes at the port of Loki's API: the native server passes them on to the receiver `loki`, as they came."""

from ...server.endpoint import Response
from ...server.hosts import HostCheck
from ...server.passed_on import Accepts, PassedOn
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from . import answers

_PATHS = ("/loki/api/v1/push", "/api/prom/push")
_TIMEOUT_S = 30.0
_AT_ONCE = 16
"""Pushes under way there."""


def passed_on(receiver: str, hosts: HostCheck) -> PassedOn:
    """`receiver`: `host:port`."""
    return PassedOn(
        paths=dict.fromkeys(_PATHS, Accepts()),
        endpoint=receiver,
        name="the receiver loki",
        headers={},
        timeout_s=_TIMEOUT_S,
        max_connections=_AT_ONCE,
        hosts=hosts,
    )


def group(receiver: str) -> Group:
    """What is not passed on: a browser's pushes, and all where there is no receiver."""

    def push(_request: Request) -> Response:
        if receiver:
            raise HttpError(403, "pages in browsers may not push logs here")
        raise HttpError(
            404,
            "logs are not taken at this port: push to the receiver `loki`, "
            "or name its host:port in otelier_query::loki::pushes_to",
        )

    return Group([Route("POST", path, push) for path in _PATHS], answers.write_error)
