"""`query` and `query_range`, and what can be said of a query without data: `format_query`, `parse_query`."""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from ...component import Clock
from ...query.metrics_reader import MetricsReader, Source
from ...query.promql import Engine, ExecutionError, Options, QueryTimeout, parse
from ...query.promql.ast import Expression
from ...query.promql.engine import Answer
from ...query.promql.pretty import pretty
from ...query.promql.types import type_of
from ...server.endpoint import Response
from ...server.request import Query, Request
from ...server.router import Group
from ...storage.request_tenant import tenant
from ..form import by_get_and_post, parameters
from ..literals import quoted
from . import parse as given_as
from .answer import TRUNCATED, ApiError, answered, around, as_api_errors, bad_parameter, success, write_error
from .tree import tree
from .values import limited, result_json

_POINTS = 11_000
_STATS = ("", "true", "all")


class Queries:
    """The routes over a reader of metrics."""

    def __init__(self, reader: MetricsReader, options: Options, clock: Clock) -> None:
        self._reader = reader
        self._options = options
        self._clock = clock

    def group(self) -> Group:
        """Each by GET, and by POST with a form."""
        routes = {
            "query": self.query,
            "query_range": self.query_range,
            "format_query": self.format_query,
            "parse_query": self.parse_query,
            "explain_query": self.explain_query,
        }
        return Group(by_get_and_post((f"/api/v1/{name}", handler) for name, handler in routes.items()), write_error)

    def query(self, request: Request) -> Response:
        """The value at `time`."""
        given = parameters(request)
        limit = given_as.limit(given)
        time_ms = given_as.instant(given, "time", given_as.now_ms(self._clock))
        options = self._options_of(given)
        _parsed(given)
        return self._answer(request, given, limit, options, lambda engine, text: engine.instant(text, time_ms))

    def query_range(self, request: Request) -> Response:
        """Values from `start` to `end`."""
        given = parameters(request)
        limit = given_as.limit(given)
        start_ms, end_ms, step_ms = _range(given)
        options = self._options_of(given)
        found = type_of(_parsed(given))
        if found not in ("scalar", "instant vector"):
            problem = f'invalid expression type "{found}" for range query, must be Scalar or instant Vector'
            raise bad_parameter("query", problem)
        return self._answer(
            request, given, limit, options, lambda engine, text: engine.range(text, start_ms, end_ms, step_ms)
        )

    def format_query(self, request: Request) -> Response:
        """The query over as many lines as it needs."""
        return success(pretty(_parsed(parameters(request))))

    def parse_query(self, request: Request) -> Response:
        """The query as a tree."""
        return success(tree(_parsed(parameters(request))))

    def explain_query(self, request: Request) -> Response:
        """What a query would read and do, without doing it. Prometheus has no such thing."""
        given = parameters(request)
        _parsed(given)
        text = given.first("query")
        if given.first("step"):
            start_ms, end_ms, step_ms = _range(given)
        else:
            start_ms = end_ms = given_as.instant(given, "time", given_as.now_ms(self._clock))
            step_ms = 0
        options = self._options_of(given)
        with as_api_errors(), self._reader.turn():
            source = self._reader.storage(tenant(request), text)
            found = Engine(source, options, self._clock.monotonic).explain(text, start_ms, end_ms, step_ms)
        data = {"series": found.series, "samples": found.samples, "reads": found.reads, "plan": found.plan}
        return success(data, list(source.warnings))

    def _options_of(self, given: Query) -> Options:
        """With what the request sets. Raises ApiError."""
        timeout_ns = given_as.duration(given, "timeout")
        try:
            lookback_ns = given_as.duration_ns(given.first("lookback_delta") or "0")
        except ValueError as error:
            raise ApiError("bad_data", f"error parsing lookback delta duration: {error}") from error
        options = self._options
        if lookback_ns > 0:
            options = replace(options, lookback_ms=max(lookback_ns // 10**6, 1))
        if timeout_ns is not None and timeout_ns <= 0:
            raise bad_parameter("query", "context deadline exceeded")
        if timeout_ns is not None and timeout_ns < options.timeout_s * 1e9:
            options = replace(options, timeout_s=timeout_ns / 1e9)
        return options

    def _answer(
        self, request: Request, given: Query, limit: int, options: Options, ask: Callable[[Engine, str], Answer]
    ) -> Response:
        text = given.first("query")
        began = self._clock.monotonic()
        with as_api_errors(), self._reader.turn():
            turn = self._clock.monotonic()
            source = self._reader.storage(tenant(request), text)
            try:
                answer = ask(Engine(source, options, self._clock.monotonic), text)
            except QueryTimeout as error:
                if options.timeout_s < self._options.timeout_s:
                    raise ExecutionError("context deadline exceeded") from error
                raise
            evaluated = self._clock.monotonic()
            answer, truncated = limited(answer, limit)
            stats = given.first("stats")
            head = b'{"resultType":"' + answer.type.encode() + b'","result":'
            tail = b',"stats":' + _stats(answer, turn - began, evaluated - turn) + b"}" if stats else b"}"
            warnings = [*answer.warnings, *_more_warnings(source, truncated, stats)]
            before, behind = around(warnings, answer.infos)
            return answered(result_json(answer, before + head, tail + behind))


def _parsed(given: Query) -> Expression:
    """Raises ApiError."""
    try:
        with as_api_errors():
            return parse(given.first("query"))
    except ApiError as error:
        raise bad_parameter("query", error.message) from error


def _range(given: Query) -> tuple[int, int, int]:
    """`start`, `end` and `step` in milliseconds. Raises ApiError."""
    start_ms, end_ms = (_required(given, name, given_as.time_ms) for name in ("start", "end"))
    if end_ms < start_ms:
        raise bad_parameter("end", "end timestamp must not be before start time")
    step_ns = _required(given, "step", given_as.duration_ns)
    if step_ns < 10**6:
        problem = "zero or negative query resolution step widths are not accepted. Try a positive integer"
        raise bad_parameter("step", problem)
    if (end_ms - start_ms) * 10**6 // step_ns > _POINTS:
        raise ApiError(
            "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
            "(?step=XX)",
        )
    return start_ms, end_ms, step_ns // 10**6


def _required(given: Query, name: str, read: Callable[[str], int]) -> int:
    """Raises ApiError."""
    try:
        return read(given.first(name))
    except ValueError as error:
        raise bad_parameter(name, error) from error


def _more_warnings(source: Source, truncated: bool, stats: str) -> list[str]:
    found = list(source.warnings)
    if truncated:
        found.append(TRUNCATED)
    if stats not in _STATS:
        found.append(
            f'value {quoted(stats)} for parameter "stats" is deprecated and will be rejected in the next major '
            'release, use "true" or "all"'
        )
    return found


def _stats(answer: Answer, waited_s: float, evaluated_s: float) -> bytes:
    timings = {
        "evalTotalTime": evaluated_s,
        "resultSortTime": 0,
        "queryPreparationTime": 0,
        "innerEvalTime": evaluated_s,
        "execQueueTime": waited_s,
        "execTotalTime": waited_s + evaluated_s,
    }
    samples = dict.fromkeys(["totalQueryableSamples", "samplesRead", "peakSamples"], answer.samples)
    return msgspec.json.encode({"timings": timings, "samples": samples})
