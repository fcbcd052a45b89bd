"""`POST /api/sql`: one SELECT over the store, answered as JSON, or as CSV where `Accept` asks for it."""

import msgspec

from ..query.sql.engine import Sql
from ..query.sql.formats import as_csv, as_json
from ..server.endpoint import Response
from ..server.request import HttpError, Request
from ..server.router import Group, Route
from ..storage.request_tenant import tenant
from .errors import as_http_errors
from .literals import moment
from .trace_logs import write_error

_JSON = (("content-type", "application/json"),)
_CSV = (("content-type", "text/csv; charset=utf-8"),)


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    query: str
    start: int | str = 0
    """Nanoseconds since 1970, or RFC 3339."""
    end: int | str = 0
    """The same; 0: no end."""


class SqlQueries:
    """The route over the engine."""

    def __init__(self, engine: Sql) -> None:
        self._engine = engine

    def group(self) -> Group:
        """Its one route."""
        return Group([Route("POST", "/api/sql", self.query)], write_error)

    def query(self, request: Request) -> Response:
        """Rows of the statement in the body."""
        try:
            asked = msgspec.json.decode(request.body, type=_Asked)
            start_ns, end_ns = _ns(asked.start), _ns(asked.end)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            raise HttpError(400, f'the body must be {{"query": …, "start": …, "end": …}}: {error}') from error
        with as_http_errors():
            result = self._engine.query(tenant(request), asked.query, start_ns=start_ns, end_ns=end_ns)
        if "text/csv" in request.headers.get("accept", ""):
            return Response(200, _CSV, as_csv(result).encode())
        return Response(200, _JSON, as_json(result))


def _ns(given: int | str) -> int:
    return moment(given) if isinstance(given, str) else given
