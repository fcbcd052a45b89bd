"""Alertmanager's routes for silences, so that its clients (`amtool`, Grafana) can make and end them here."""

import json
from typing import Any

import msgspec

from ..query.errors import BadQuery
from ..rules.notify.silences import Silences
from ..server.endpoint import Response
from ..server.request import HttpError, Request
from ..server.router import Group, Route
from .origin import check_origin

_JSON = (("content-type", "application/json"),)


class SilenceRoutes:
    """The routes over all silences."""

    def __init__(self, silences: Silences) -> None:
        self._silences = silences

    def group(self) -> Group:
        """As API v2 has them."""
        routes = [
            Route("GET", "/api/v2/silences", self.all),
            Route("POST", "/api/v2/silences", self.put),
            Route("GET", "/api/v2/silence/{id}", self.one),
            Route("DELETE", "/api/v2/silence/{id}", self.end),
        ]
        return Group(routes, _write_error)

    def all(self, _request: Request) -> Response:
        """Those that count first."""
        return _answer(self._silences.shown())

    def one(self, request: Request) -> Response:
        """Of that id."""
        for each in self._silences.shown():
            if each["id"] == request.parameters["id"]:
                return _answer(each)
        raise HttpError(404, "there is no such silence")

    def put(self, request: Request) -> Response:
        """Make or change one."""
        check_origin(request)
        try:
            return _answer({"silenceID": self._silences.put(msgspec.json.decode(request.body))})
        except (BadQuery, ValueError, RecursionError) as error:
            raise HttpError(400, str(error)) from error

    def end(self, request: Request) -> Response:
        """End one now."""
        check_origin(request)
        if not self._silences.expire(request.parameters["id"]):
            raise HttpError(404, "there is no such silence")
        return Response(200, _JSON, b"")


def _answer(value: Any) -> Response:
    return Response(200, _JSON, json.dumps(value, ensure_ascii=False).encode())


def _write_error(error: HttpError, _request: Request) -> Response:
    """A JSON text, as Alertmanager answers."""
    return Response(error.status, (*_JSON, *error.headers), json.dumps(error.message, ensure_ascii=False).encode())
