"""`/api/v3`: OTLP as JSON, and traces in short for lists of results."""

from collections.abc import Sequence

import msgspec

from ...query.kinds import kind_name
from ...query.traces import Traces, TraceSummary
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from ...telemetry import Batch
from ..errors import as_http_errors
from . import v3_parse as parse

_JSON = (("content-type", "application/json"),)


class _Service(msgspec.Struct, omit_defaults=True):
    name: str
    spanCount: int = 0  # noqa: N815 - Jaeger's names, here and below
    errorSpanCount: int = 0  # noqa: N815


class _Summary(msgspec.Struct, omit_defaults=True):
    traceId: str  # noqa: N815
    minStartTimeUnixNano: str  # noqa: N815
    maxEndTimeUnixNano: str  # noqa: N815
    rootServiceName: str = ""  # noqa: N815
    rootOperationName: str = ""  # noqa: N815
    spanCount: int = 0  # noqa: N815
    errorSpanCount: int = 0  # noqa: N815
    orphanSpanCount: int = 0  # noqa: N815
    services: list[_Service] = []


class _Summaries(msgspec.Struct, omit_defaults=True):
    summaries: list[_Summary]
    warnings: list[str] = []
    """Why there may be more than is shown; not in Jaeger's form, whose clients skip it."""


class V3:
    """Its routes over a reader of traces."""

    def __init__(self, reader: Traces) -> None:
        self._reader = reader

    def group(self) -> Group:
        """Routes with v3's form of errors."""
        routes = [
            ("GET", "/api/v3/services", self.services),
            ("GET", "/api/v3/operations", self.operations),
            ("GET", "/api/v3/traces", self.traces),
            ("GET", "/api/v3/traces/{id}", self.trace),
            ("GET", "/api/v3/trace-summaries", self.summaries),
        ]
        return Group([Route(*each) for each in routes], _write_error)

    def services(self, request: Request) -> Response:
        """Names of all services."""
        with as_http_errors():
            return _answer(request, {"services": self._reader.services(tenant(request))})

    def operations(self, request: Request) -> Response:
        """A service's operations with their kinds; an unspecified kind is shown as what OTLP says it means."""
        service, kind = parse.operations(request.query)
        with as_http_errors():
            found = self._reader.operations(tenant(request), service, kind)
        shown = [{"name": each.name, "spanKind": kind_name(each.kind) or "internal"} for each in found]
        return _answer(request, {"operations": shown})

    def trace(self, request: Request) -> Response:
        """One trace."""
        trace_id = parse.trace_id(request)
        parse.check_raw(request.query, "rawTraces")
        with as_http_errors(), self._reader.turn():
            batches = self._reader.traces(tenant(request), [trace_id])
            if not batches:
                raise HttpError(404, "trace not found")
            return _result(request, batches)

    def traces(self, request: Request) -> Response:
        """All spans of the traces that a search finds."""
        with as_http_errors(), self._reader.turn():
            found, batches = self._reader.find(tenant(request), parse.search(request.query))
            if not batches and found.partial:
                raise HttpError(504, found.partial)
            if not batches:
                raise HttpError(404, "No traces found")
            return _result(request, batches, found.partial)

    def summaries(self, request: Request) -> Response:
        """The same search, answered in short, newest first."""
        with as_http_errors():
            found, traces = self._reader.summaries(tenant(request), parse.search(request.query))
        warnings = [found.partial] if found.partial else []
        warnings += [f"not searched: {text}" for text in self._reader.left_out(tenant(request))]
        return _answer(request, _Summaries([_summary(each) for each in traces], warnings))


def _summary(of: TraceSummary) -> _Summary:
    return _Summary(
        of.trace_id.hex(),
        str(of.start_ns),
        str(of.end_ns),
        of.root_service,
        of.root_name,
        of.spans,
        of.errors,
        of.orphans,
        [_Service(*each) for each in of.services],
    )


def _result(request: Request, batches: Sequence[Batch], partial: str = "") -> Response:
    body = b'{"result":' + Batch.join(batches).to_json() + b"}"
    headers = (*_JSON, ("otelier-partial", partial)) if partial else _JSON
    return Response(200, headers, _pretty(request, body))


def _answer(request: Request, value: object) -> Response:
    return Response(200, _JSON, _pretty(request, msgspec.json.encode(value)))


def _pretty(request: Request, body: bytes) -> bytes:
    return msgspec.json.format(body, indent=4) if request.wants("prettyPrint") else body


def _write_error(error: HttpError, request: Request) -> Response:
    body = msgspec.json.encode({"error": {"httpCode": error.status, "message": error.message}})
    return Response(error.status, (*_JSON, *error.headers), _pretty(request, body))
