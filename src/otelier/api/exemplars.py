"""`/api/otelier/v1/exemplars/{id}`: the trace of an exemplar, or if sampling dropped it a kept one in its place."""

import math

import msgspec

from ..component import Clock
from ..query.exemplars import kind_number, measured_by, status_number
from ..query.metrics_reader import MetricsReader
from ..query.substitutes import Measured, Substitute, Substitutes
from ..server.endpoint import Response
from ..server.request import HttpError, Query, Request
from ..server.router import Group, Route
from ..storage.request_tenant import tenant
from .errors import as_http_errors
from .jaeger.trace_id import BadTraceId, parse
from .literals import duration
from .trace_logs import write_error

_JSON = (("content-type", "application/json"),)
_EXACT_MS = 1
_MILLISECONDS = 1e11
"""A time above that is in milliseconds."""
_MOST_S = 2**63 / 1e9


class _Exemplar(msgspec.Struct, omit_defaults=True, rename="camel"):
    service: str
    time_unix_nano: str
    name: str = ""
    kind: int | None = None
    status: int | None = None
    duration_nanos: str = ""
    span_id: str = ""


class _Span(msgspec.Struct, rename="camel"):
    trace_id: str
    span_id: str
    start_time_unix_nano: str
    duration_nanos: str


class _Answer(msgspec.Struct, rename="camel"):
    trace_id: str
    stored: bool
    exemplar: _Exemplar | None
    """What is known of the measurement."""
    substitute: _Span | None
    """The nearest kept span with the same attributes, where the trace is not stored."""


class ExemplarRoutes:
    """The route over the stores of traces and of metrics."""

    def __init__(self, substitutes: Substitutes, metrics: MetricsReader, clock: Clock) -> None:
        self._substitutes = substitutes
        self._metrics = metrics
        self._clock = clock

    def group(self) -> Group:
        """Its one route."""
        return Group([Route("GET", "/api/otelier/v1/exemplars/{id}", self.exemplar)], write_error)

    def exemplar(self, request: Request) -> Response:
        """200 also where nothing is found: then `exemplar` and `substitute` are null."""
        try:
            trace_id = parse(request.parameters["id"])
        except BadTraceId as error:
            raise HttpError(400, f"the trace id is not one: {error}") from error
        owner, query = tenant(request), request.query
        with as_http_errors():
            answer = _Answer(trace_id.hex(), self._substitutes.is_kept(owner, trace_id), None, None)
            if not answer.stored and (known := self._measured(owner, trace_id, query)):
                answer.exemplar = _exemplar(known)
                if found := self._substitutes.nearest(owner, known):
                    answer.substitute = _span(found)
        return Response(200, _JSON, msgspec.json.encode(answer))

    def _measured(self, owner: str, trace_id: bytes, query: Query) -> Measured | None:
        """What the request says, else what stored exemplars do. Raises HttpError, and as the readers do."""
        time_ms = _time_ms(query.first("time"))
        now_ms = self._clock.time_ns() // 10**6
        if given := query.first("service"):
            return Measured(
                service=given,
                name=query.first("name"),
                kind=kind_number(query.first("kind")),
                status=status_number(query.first("status")),
                duration_ns=_duration_ns(query.first("duration")),
                time_ns=(now_ms if time_ms is None else time_ms) * 10**6,
                span_id=query.first("span"),
            )
        start_ms, end_ms = (0, now_ms) if time_ms is None else (time_ms - _EXACT_MS, time_ms + _EXACT_MS)
        # Some write the ids of old tracers without the zeros before them.
        digits = trace_id.hex().lstrip("0")
        with self._metrics.turn():
            found = self._metrics.exemplars(owner, [], start_ms, end_ms, 0, naming=digits)
        return measured_by(trace_id.hex(), found.items, query.first("span"))


def _time_ms(text: str) -> int | None:
    """None for none, and for a template that nobody has filled in. Raises HttpError."""
    if not text or text.startswith("$"):
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if seconds > _MILLISECONDS:
        seconds /= 1000
    if not 0 <= seconds < _MOST_S:
        raise HttpError(400, f"time is seconds or milliseconds since 1970, not {text[:40]!r}")
    return round(seconds * 1000)


def _duration_ns(text: str) -> int | None:
    """Raises HttpError."""
    try:
        return max(duration(text), 0) if text else None
    except ValueError as error:
        raise HttpError(400, f"duration: {error}") from error


def _exemplar(known: Measured) -> _Exemplar:
    length = known.duration_ns
    return _Exemplar(
        service=known.service,
        time_unix_nano=str(known.time_ns),
        name=known.name,
        kind=known.kind,
        status=known.status,
        duration_nanos="" if length is None else str(length),
        span_id=known.span_id,
    )


def _span(found: Substitute) -> _Span:
    return _Span(found.trace_id.hex(), found.span_id.hex(), str(found.start_ns), str(found.duration_ns))
