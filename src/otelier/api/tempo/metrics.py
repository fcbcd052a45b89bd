"""`/api/metrics/query_range` and `/api/metrics/query`: TraceQL metrics as series, and as one value each."""

from collections.abc import Iterator

from ...component import Clock
from ...query.traceql.answer import MetricsAnswer
from ...query.traceql.engine import TraceQL
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from . import as_json, as_protobuf, parse
from .answer import as_errors, encoded, write_error
from .message import Message

_POINTS = 10_000
_EXEMPLARS = 100
_MAX_32 = 2**32 - 1
_SECOND = 10**9
_MS = 10**6
_STEPS_S = (3600, 300, 60, 15, 5, 1)
_WANTED_POINTS = 240
_SHORT_NS = 60 * _SECOND
_FINEST_NS = 50 * _MS


class Metrics:
    """The routes over an engine."""

    def __init__(self, engine: TraceQL, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def group(self) -> Group:
        """Both."""
        return Group(
            [
                Route("GET", "/api/metrics/query_range", self.query_range),
                Route("GET", "/api/metrics/query", self.query),
            ],
            write_error,
        )

    def query_range(self, request: Request) -> Response:
        """Points at multiples of the step, from the one before `start` to the one after `end`."""
        start_ns, end_ns = parse.moments(request.query, self._clock.time_ns())
        wanted = parse.number(request.query, "exemplars", _MAX_32)
        text = request.query.first("q", "query")
        found = self._range(request, text, start_ns, end_ns, parse.step(request.query), wanted)
        return encoded(request, lambda: as_json.series(found), lambda: as_protobuf.series(found))

    def query(self, request: Request) -> Response:
        """One point of all spans from `start` to `end`."""
        start_ns, end_ns = parse.moments(request.query, self._clock.time_ns())
        found = self._instant(request, request.query.first("q", "query"), start_ns, end_ns)
        return encoded(request, lambda: as_json.instants(found), lambda: as_protobuf.instants(found))

    def stream_range(self, message: bytes, request: Request) -> Iterator[bytes]:
        """`StreamingQuerier.MetricsQueryRange`; times are ns."""
        asked = Message(message)
        start_ns, end_ns = self._window(asked)
        return as_protobuf.series(
            self._range(request, asked.text(1), start_ns, end_ns, parse.short_enough(asked.number(4)), asked.number(16))
        )

    def stream_instant(self, message: bytes, request: Request) -> Iterator[bytes]:
        """`StreamingQuerier.MetricsQueryInstant`; times are ns."""
        asked = Message(message)
        return as_protobuf.instants(self._instant(request, asked.text(1), *self._window(asked)))

    def _range(
        self, request: Request, text: str, start_ns: int, end_ns: int, step_ns: int, exemplars: int
    ) -> MetricsAnswer:
        step_ns = step_ns or usual_step(start_ns, end_ns)
        first, last = start_ns // step_ns, -(-end_ns // step_ns)
        if last - first > _POINTS:
            raise HttpError(400, f"step is too small: more than {_POINTS} points of a series; ask for a larger step")
        with as_errors():
            return self._engine.metrics(
                tenant(request),
                _given(text),
                start_ns=(first - 1) * step_ns,
                end_ns=last * step_ns,
                step_ns=step_ns,
                exemplars=min(exemplars or _EXEMPLARS, _EXEMPLARS),
            )

    def _instant(self, request: Request, text: str, start_ns: int, end_ns: int) -> MetricsAnswer:
        with as_errors():
            return self._engine.instant(tenant(request), _given(text), start_ns=start_ns, end_ns=end_ns)

    def _window(self, asked: Message) -> tuple[int, int]:
        return parse.ordered(asked.number(2), asked.number(3) or self._clock.time_ns())


def usual_step(start_ns: int, end_ns: int) -> int:
    """Nanoseconds that give about 240 points: whole seconds, minutes, hours; 50 ms and more below a minute."""
    wanted = (end_ns - start_ns) // _WANTED_POINTS
    if end_ns - start_ns < _SHORT_NS:
        return max(wanted // _FINEST_NS, 1) * _FINEST_NS
    for seconds in _STEPS_S:
        if wanted > seconds * _SECOND:
            return wanted // (seconds * _SECOND) * seconds * _SECOND
    return _SECOND


def _given(text: str) -> str:
    if not text:
        raise HttpError(400, "there is no query: give q={ } | rate()")
    return text
