"""What there is: series, names and values of labels, metadata."""

import re
from typing import TypeVar
from urllib.parse import unquote

from ...query.metrics_reader import MetricsReader
from ...query.promql.strings import is_utf8, quoted
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from ..form import by_get_and_post, parameters
from . import parse as given_as
from .answer import ApiError, as_api_errors, bad_parameter, success, warnings_of, write_error

_T = TypeVar("_T")
_ESCAPED = re.compile(r"__|_([0-9a-fA-F]{1,5})_|_")
_SURROGATES = range(0xD800, 0xE000)


class Names:
    """The routes over a reader of metrics."""

    def __init__(self, reader: MetricsReader) -> None:
        self._reader = reader

    def group(self) -> Group:
        """Those of Prometheus take a form where Prometheus takes one."""
        routes = by_get_and_post([("/api/v1/series", self.series), ("/api/v1/labels", self.labels)])
        routes += [
            Route("GET", "/api/v1/label/{name}/values", self.values),
            Route("GET", "/api/v1/metadata", self.metadata),
        ]
        return Group(routes, write_error)

    def series(self, request: Request) -> Response:
        """Label sets that one of the selectors `match[]` fits."""
        given = parameters(request)
        if not given.all("match[]"):
            raise ApiError("bad_data", "no match[] parameter provided")
        limit = given_as.limit(given)
        start_ms, end_ms = given_as.ever(given)
        try:
            selectors = given_as.matches(given)
        except HttpError as error:
            raise bad_parameter("match[]", error.message) from error
        with as_api_errors():
            found = self._reader.series(tenant(request), selectors, start_ms, end_ms, limit)
        return success([dict(each) for each in found.items], warnings_of(found))

    def labels(self, request: Request) -> Response:
        """Names, sorted."""
        given = parameters(request)
        limit = given_as.limit(given)
        start_ms, end_ms = given_as.ever(given)
        selectors = given_as.matches(given)
        with as_api_errors():
            found = self._reader.label_names(tenant(request), selectors, start_ms, end_ms, limit)
        return success(found.items, warnings_of(found))

    def values(self, request: Request) -> Response:
        """Of one label, sorted."""
        given = request.query
        # Decoded here: what is no UTF-8 is a wrong name, and no other one.
        name = unescaped(unquote(request.raw_path.split("/")[-2], errors="surrogateescape"))
        if not name or not is_utf8(name):
            raise ApiError("bad_data", f"invalid label name: {quoted(name)}")
        limit = given_as.limit(given)
        start_ms, end_ms = given_as.ever(given)
        selectors = given_as.matches(given)
        with as_api_errors():
            found = self._reader.label_values(tenant(request), name, selectors, start_ms, end_ms, limit)
        return success(found.items, warnings_of(found))

    def metadata(self, request: Request) -> Response:
        """Type, help and unit of metrics."""
        given = request.query
        limit = given_as.count(given, "limit")
        each_limit = given_as.count(given, "limit_per_metric")
        families: dict[str, list[dict[str, str]]] = {}
        if limit:
            with as_api_errors():
                found = self._reader.metadata(tenant(request), given.first("metric"), max(limit, 0))
            for each in found.items:
                known = families.setdefault(each.metric, [])
                if each_limit <= 0 or len(known) < each_limit:
                    known.append({"type": each.type, "unit": each.unit, "help": each.help})
        return success(families)


def unescaped(name: str) -> str:
    """Of a label's name that was written for systems that know only letters: `U__a_2e_b` is `a.b`."""
    if not name.startswith("U__"):
        return name
    parts: list[str] = []
    at = 0
    text = name[3:]
    for match in _ESCAPED.finditer(text):
        code = int(match[1], 16) if match[1] else None
        if (match[0] == "_") or (code is not None and code in _SURROGATES):
            return name
        parts += [text[at : match.start()], "_" if code is None else chr(code)]
        at = match.end()
    return "".join([*parts, text[at:]])
