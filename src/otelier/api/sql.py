"""`POST /api/sql`: one SELECT over the store, answered as JSON, CSV or an Arrow stream."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from ..query.sql.columns import described
from ..query.sql.engine import Result, Sql
from ..query.sql.formats import as_csv, as_json
from ..server.endpoint import Headers, Response
from ..server.request import HttpError, Request
from ..server.router import Group, Route
from ..storage.request_tenant import tenant
from .errors import as_http_errors
from .literals import moment
from .trace_logs import write_error

Format: TypeAlias = Literal["json", "csv", "arrow"]

_TYPES: Mapping[Format, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
}
_ANY = ("", "*/*", "application/*", "text/*")


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    query: str
    start: int | str = 0
    """Nanoseconds since 1970, or RFC 3339."""
    end: int | str = 0
    """The same; 0: no end."""
    format: Format | None = None
    """Instead of `Accept`."""


class SqlQueries:
    """The routes over the engine."""

    def __init__(self, engine: Sql) -> None:
        self._engine = engine

    def group(self) -> Group:
        """Questions, and what can be asked for."""
        routes = [Route("POST", "/api/sql", self.query), Route("GET", "/api/otelier/v1/sql/views", self.views)]
        return Group(routes, write_error)

    def query(self, request: Request) -> Response:
        """Rows of the statement in the body."""
        try:
            asked = msgspec.json.decode(request.body, type=_Asked)
            start_ns, end_ns = _ns(asked.start), _ns(asked.end)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            problem = f'the body must be {{"query": …, "start": …, "end": …, "format": …}}: {error}'
            raise HttpError(400, problem) from error
        form = asked.format or _accepted(request)
        with as_http_errors():
            result = self._engine.query(
                tenant(request),
                asked.query,
                start_ns=start_ns,
                end_ns=end_ns,
                form="arrow" if form == "arrow" else "rows",
                abandoned=request.abandoned,
            )
        if form == "csv":
            body = as_csv(result.columns, result.rows).encode()
        else:
            body = result.arrow or as_json(result.columns, result.types, result.rows)
        return Response(200, (("content-type", _TYPES[form]), *_told(result)), body)

    def views(self, _request: Request) -> Response:
        """Names and columns, for those who help to write a statement."""
        body = msgspec.json.encode({"views": described()})
        return Response(200, (("content-type", _TYPES["json"]),), body)


def _told(result: Result) -> Headers:
    """What was read, and whether something may be missing."""
    told = (("otelier-rows-read", str(result.looked)), ("otelier-bytes-read", str(result.bytes)))
    missing = "; ".join(result.warnings).encode("ascii", "backslashreplace").decode()
    return (*told, ("otelier-partial", missing)) if missing else told


def _accepted(request: Request) -> Format:
    """What `format` in the URL or `Accept` asks for; JSON if that is anything. Raises HttpError."""
    if wanted := request.query.first("format"):
        for form in _TYPES:
            if form == wanted:
                return form
        raise HttpError(400, f"format is one of {', '.join(_TYPES)}, not {wanted[:100]}")
    accepted = [each.partition(";")[0].strip().lower() for each in request.headers.get("accept", "").split(",")]
    for each in accepted:
        for form, type_ in _TYPES.items():
            if each == type_.partition(";")[0]:
                return form
    if any(each in _ANY for each in accepted):
        return "json"
    raise HttpError(406, f"what is answered is one of {', '.join(each.partition(';')[0] for each in _TYPES.values())}")


def _ns(given: int | str) -> int:
    return moment(given) if isinstance(given, str) else given
