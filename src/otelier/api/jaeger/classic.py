"""The classic API: `/api/services`, `/api/traces` and the rest that Jaeger's UI and scripts ask for."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from ...component import Clock
from ...query.kinds import kind_name
from ...query.traces import Traces
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from ...telemetry import Batch, DecodeError
from ..errors import as_http_errors
from . import classic_parse as parse
from .trace_id import shown

_JSON = (("content-type", "application/json"),)
_TEXT = (("content-type", "text/plain; charset=utf-8"),)
_INDENT = 4
_NO_ARCHIVE = "archive span storage was not configured"
_NO_METRICS = "trace metrics are currently disabled - no metrics backend configured"
_NO_DEPENDENCIES = "this version of Otelier does not compute dependencies between services yet"


class _Error(msgspec.Struct, omit_defaults=True):
    msg: str
    code: int = 0
    traceID: str = ""  # noqa: N815 - Jaeger's name


class _Envelope(msgspec.Struct):
    data: object
    total: int = 0
    limit: int = 0
    offset: int = 0
    errors: Sequence[_Error] | None = None


class Classic:
    """Its routes over a reader of traces."""

    def __init__(self, reader: Traces, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def group(self) -> Group:
        """Routes with Jaeger's envelope around errors."""
        routes: list[tuple[str, str, Callable[[Request], Response]]] = [
            ("GET", "/api/services", self.services),
            ("GET", "/api/services/{service}/operations", self.operation_names),
            ("GET", "/api/operations", self.operations),
            ("GET", "/api/traces", self.traces),
            ("GET", "/api/traces/{id}", self.trace),
            ("POST", "/api/archive/{id}", self.archive),
            ("POST", "/api/transform", self.transform),
            ("GET", "/api/dependencies", _absent(501, _NO_DEPENDENCIES)),
            ("GET", "/api/metrics/{name}", _absent(501, _NO_METRICS)),
        ]
        return Group([Route(*each) for each in routes], _write_error)

    def services(self, request: Request) -> Response:
        """Names of all services."""
        with as_http_errors():
            names = self._reader.services(tenant(request))
        return _answer(request, _Envelope(names, len(names)))

    def operation_names(self, request: Request) -> Response:
        """Distinct names of a service's operations, whatever their kind."""
        with as_http_errors():
            found = self._reader.operations(tenant(request), request.parameters["service"])
        names = sorted({each.name for each in found})
        return _answer(request, _Envelope(names, len(names)))

    def operations(self, request: Request) -> Response:
        """A service's operations with their kinds."""
        service, kind = parse.operations(request.query)
        with as_http_errors():
            found = self._reader.operations(tenant(request), service, kind)
        data = [{"name": each.name, "spanKind": kind_name(each.kind)} for each in found]
        return _answer(request, _Envelope(data, len(data)))

    def traces(self, request: Request) -> Response:
        """A search, or several traces by id."""
        query = parse.traces(request.query, self._clock.time_ns())
        owner = tenant(request)
        with as_http_errors(), self._reader.turn():
            partial = ""
            if query.trace_ids:
                ids, batches = list(dict.fromkeys(query.trace_ids)), self._reader.traces(owner, query.trace_ids)
            else:
                (ids, partial), batches = self._reader.find(owner, query.search)
            found = _encoded(batches, raw=query.raw)
            data = [found[each] for each in ids if each in found]
            missing = [_Error("trace not found", traceID=shown(each)) for each in ids if each not in found]
            errors = missing if query.trace_ids else []
            errors += [_Error(partial)] if partial else []
            errors += [_Error(f"not searched: {text}") for text in self._reader.left_out(owner)]
            return _answer(request, _Envelope(data, errors=errors or None))

    def trace(self, request: Request) -> Response:
        """One trace."""
        trace_id = parse.trace_id(request)
        raw = parse.raw_wanted(request.query)
        with as_http_errors(), self._reader.turn():
            found = _encoded(self._reader.traces(tenant(request), [trace_id]), raw=raw)
            if not found:
                raise HttpError(404, "trace not found")
            return _answer(request, _Envelope(list(found.values())))

    def archive(self, request: Request) -> Response:
        """There is no second store: what is kept is kept."""
        parse.trace_id(request)
        raise HttpError(500, _NO_ARCHIVE)

    def transform(self, request: Request) -> Response:
        """OTLP/JSON in the body, as the UI shows traces."""
        try:
            batch = Batch.from_json("traces", request.body)
        except DecodeError as error:
            raise HttpError(400, f"cannot unmarshal OTLP : {error}") from error
        with as_http_errors(), self._reader.turn():
            return _answer(request, _Envelope(list(_encoded([batch], raw=False).values())))


def _absent(status: int, message: str) -> Callable[[Request], Response]:
    def answer(_request: Request) -> Response:
        raise HttpError(status, message)

    return answer


def _encoded(batches: Iterable[Batch], *, raw: bool) -> dict[bytes, msgspec.Raw]:
    """The traces by their ids, written."""
    return {trace_id: msgspec.Raw(written) for batch in batches for trace_id, written in batch.to_jaeger(raw=raw)}


def _answer(request: Request, envelope: _Envelope) -> Response:
    return Response(200, _JSON, _json(request, envelope))


def _write_error(error: HttpError, request: Request) -> Response:
    envelope = _Envelope(None, errors=[_Error(error.message, error.status)])
    return Response(error.status, (*_TEXT, *error.headers), _json(request, envelope) + b"\n")


def _json(request: Request, envelope: _Envelope) -> bytes:
    body = msgspec.json.encode(envelope)
    return msgspec.json.format(body, indent=_INDENT) if request.wants("prettyPrint") else body
