"""`DELETE /api/otelier/v1/traces/{id}`: the trace is gone from every answer when this is answered; off unless allowed.

`?logs=true` deletes its log records, too. The process that writes the directory does it, wherever it runs. A browser
asks before it sends a DELETE to another site's server, and is not told that it may.
"""

from pathlib import Path

import msgspec

from ..component import Clock
from ..server.endpoint import Response
from ..server.request import HttpError, Request
from ..server.router import Group, Route
from ..storage.contract import DataDirectoryError
from ..storage.local.requests import delete_traces
from ..storage.request_tenant import tenant
from .jaeger.trace_id import BadTraceId, parse
from .trace_logs import write_error

_JSON = (("content-type", "application/json"),)
_OFF = "deleting is off: set `allow_delete: true` at otelier_query, or use `otelier data delete-trace`"


class Deletions:
    """The route over a directory."""

    def __init__(self, directory: Path, clock: Clock, *, allowed: bool) -> None:
        self._directory = directory
        self._clock = clock
        self._allowed = allowed

    def group(self) -> Group:
        """Its one route."""
        return Group([Route("DELETE", "/api/otelier/v1/traces/{id}", self.delete)], write_error)

    def delete(self, request: Request) -> Response:
        """`{"spans":…,"logRecords":…}`: how many went; none for a trace that is not there."""
        if not self._allowed:
            raise HttpError(403, _OFF)
        logs = request.query.first("logs")
        if logs not in ("", "true", "false"):
            raise HttpError(400, f"logs is true or false, not {logs[:20]!r}")
        try:
            trace_id = parse(request.parameters["id"])
        except BadTraceId as error:
            raise HttpError(400, f"the trace id is not one: {error}") from error
        try:
            gone = delete_traces(self._directory, self._clock, tenant(request), [trace_id], logs=logs == "true")
        except (DataDirectoryError, OSError) as error:
            raise HttpError(503, str(error)) from error
        return Response(200, _JSON, msgspec.json.encode({"spans": gone.spans, "logRecords": gone.records}))
