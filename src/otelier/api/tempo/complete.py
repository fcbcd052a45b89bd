"""`/api/v2/search/complete`: what may come next in a half-typed query. Tempo leaves that to its clients."""

import msgspec

from ...query.traceql.engine import TraceQL
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from . import parse
from .answer import as_errors, write_error

_LIMIT = 100
_MOST = 1000
_LONGEST = 128 * 1024


class Complete:
    """The route over an engine."""

    def __init__(self, engine: TraceQL) -> None:
        self._engine = engine

    def group(self) -> Group:
        """Its one route."""
        return Group([Route("GET", "/api/v2/search/complete", self.complete)], write_error)

    def complete(self, request: Request) -> Response:
        """What may replace the text from `start` to the cursor, by default the end of `q`; in characters."""
        query = request.query
        text = query.first("q")
        if len(text) > _LONGEST:
            raise HttpError(400, f"invalid q: more than {_LONGEST} characters")
        cursor = parse.number(query, "cursor", _LONGEST, len(text))
        limit = parse.number(query, "limit", _MOST, _LIMIT)
        start_ns, end_ns = parse.window(query)
        with as_errors():
            found = self._engine.suggest(tenant(request), text, cursor, start_ns=start_ns, end_ns=end_ns, limit=limit)
        listed = [{"text": each.text, "kind": each.kind} for each in found.suggestions]
        return Response(
            200,
            (("content-type", "application/json"),),
            msgspec.json.encode({"start": found.start, "suggestions": listed}),
        )
