"""`/api/otelier/v1/traces/{id}/logs`: the log records of a trace, in the order of their times."""

from typing import Any

import msgspec

from ..query.search import NO_SERVICE
from ..query.traces import Traces
from ..server.endpoint import Response
from ..server.request import HttpError, Request
from ..server.router import Group, Route
from ..storage.request_tenant import tenant
from ..telemetry import Batch
from . import log_records as otlp
from .errors import as_http_errors
from .jaeger.trace_id import BadTraceId, parse

_JSON = (("content-type", "application/json"),)


class _Record(msgspec.Struct, omit_defaults=True):
    timeUnixNano: str  # noqa: N815 - as in OTLP, here and below
    service: str
    body: object
    """Text, number, boolean, list or object; null if there is none."""
    severityNumber: int = 0  # noqa: N815
    severityText: str = ""  # noqa: N815
    eventName: str = ""  # noqa: N815
    spanId: str = ""  # noqa: N815
    attributes: dict[str, Any] = {}
    """Values without types; of a key that comes twice, the last one."""
    scope: str = ""


class TraceLogs:
    """The route over a reader of traces."""

    def __init__(self, reader: Traces) -> None:
        self._reader = reader

    def group(self) -> Group:
        """Its one route."""
        return Group([Route("GET", "/api/otelier/v1/traces/{id}/logs", self.logs)], write_error)

    def logs(self, request: Request) -> Response:
        """An empty list for a trace without logs, or one that is not there."""
        try:
            trace_id = parse(request.parameters["id"])
        except BadTraceId as error:
            raise HttpError(400, f"the trace id is not one: {error}") from error
        with as_http_errors(), self._reader.turn():
            batch = self._reader.logs(tenant(request), trace_id)
            return Response(200, _JSON, msgspec.json.encode({"logs": _records(batch)}))


def write_error(error: HttpError, _request: Request) -> Response:
    """`{"error":{"httpCode":…,"message":…}}`, as `/api/v3` has it."""
    body = msgspec.json.encode({"error": {"httpCode": error.status, "message": error.message}})
    return Response(error.status, (*_JSON, *error.headers), body)


def _records(batch: Batch) -> list[_Record]:
    timed: list[tuple[int, _Record]] = []
    for group in otlp.read_logs(batch):
        service = otlp.service_name(group.resource) or NO_SERVICE
        for scoped in group.scopeLogs:
            for record in scoped.logRecords:
                time = record.timeUnixNano if record.timeUnixNano != "0" else record.observedTimeUnixNano
                timed.append((int(time), _record(record, time, service, scoped.scope.name)))
    timed.sort(key=_time)
    return [record for _, record in timed]


def _time(timed: tuple[int, _Record]) -> int:
    return timed[0]


def _record(record: otlp.LogRecord, time: str, service: str, scope: str) -> _Record:
    return _Record(
        time,
        service,
        otlp.plain(record.body),
        record.severityNumber,
        record.severityText,
        record.eventName,
        record.spanId,
        {each.get("key", ""): otlp.plain(each.get("value", {})) for each in record.attributes},
        scope,
    )
