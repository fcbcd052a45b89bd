"""A server opened for questions from Python, by its HTTP APIs."""

from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPResponse
from types import TracebackType
from typing import Any, Self, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec

from ..component import SystemClock
from .errors import BadQuery, Busy, StoreUnreadable, TooLarge, check_text
from .results import Result
from .results.series import Line, last_hour, range_of
from .results.series import frame as of_series
from .results.spans import FoundSpan
from .results.spans import frame as of_spans
from .results.stream import Stream
from .traceql import ast, read

_ARROW = "application/vnd.apache.arrow.stream"
_SECOND = 10**9
_MOST_SPANS = 100
_ELSEWHERE = (404, 505)
"""What servers of other things answer; 505 is that of OTLP/gRPC."""
_ERRORS: Mapping[int, type[Exception]] = {400: BadQuery, 413: TooLarge, 422: BadQuery, 503: Busy}


class Remote:
    """What `otelier.open` gives for a URL: the same questions as for a directory, answered by that server.

    Times are nanoseconds since 1970. Questions raise BadQuery, TooLarge, Busy or StoreUnreadable of
    `otelier.query.errors`, TypeError where they are no text, and ConnectionError where nobody answers.
    """

    def __init__(self, url: str, tenant: str, headers: Mapping[str, str], timeout_s: float) -> None:
        """`url`: of the UI; one of Tempo's or Prometheus's API answers only its own language."""
        self._url = url.rstrip("/")
        self._headers = {"X-Scope-OrgID": tenant, **headers}
        self._timeout_s = timeout_s

    def sql(self, query: str, *, start_ns: int = 0, end_ns: int = 0) -> Stream:
        """One SELECT over the views `spans`, `events`, `links`, `logs` and `metrics` (docs/reference/sql.md)."""
        check_text(query, "SQL")
        asked = msgspec.json.encode({"query": query, "start": start_ns, "end": end_ns, "format": "arrow"})
        body, headers = self._ask("/api/sql", body=asked)
        return Stream(body, _said(headers.get("otelier-partial")), int(headers.get("otelier-rows-read", "0")))

    def traceql(
        self, query: str, *, start_ns: int = 0, end_ns: int = 0, limit: int = 20, spans: int = 0, step_s: float = 0
    ) -> Result:
        """The spans of the newest `limit` traces that a search finds, a row for each; at most `spans` of a spanset.

        No more than 100 spans of a spanset come over HTTP; a warning says where there are more. Of metrics, such as
        `{} | rate()`, a row for each series and step of `step_s`; without a step one value of each series for all the
        time. Without times: of the last hour.
        """
        check_text(query, "TraceQL")
        metrics = not isinstance(read(query).root, ast.Pipeline)
        if metrics:
            start_ns, end_ns = last_hour(start_ns, end_ns, SystemClock())
        times = {"start": start_ns, "end": end_ns}
        given = {"q": query, **{name: str(at) for name, at in times.items() if at}}
        if not metrics:
            given |= {"limit": str(limit), "spss": str(min(spans or _MOST_SPANS, _MOST_SPANS))}
            body, headers = self._ask("/api/search", given)
            found = msgspec.json.decode(body)
            warnings = [*_said(headers.get("otelier-partial")), *_cut(found["traces"], spans)]
            return of_spans(_found(found["traces"]), warnings, _looked(found))
        if step_s:
            given["step"] = _seconds(round(step_s * _SECOND))
        body, _ = self._ask("/api/metrics/query_range" if step_s else "/api/metrics/query", given)
        answer = msgspec.json.decode(body)
        at_ms = end_ns // 10**6
        return of_series(_lines(answer["series"], at_ms), _said(answer.get("message")), _looked(answer))

    def promql(
        self, query: str, *, time_ns: int | None = None, start_ns: int = 0, end_ns: int = 0, step_s: float = 0
    ) -> Result:
        """What a query in PromQL is worth at one time, by default now, or at steps of `step_s` from start to end.

        With a step and without times: of the last hour.
        """
        check_text(query, "PromQL")
        start_ns, end_ns = range_of(start_ns, end_ns, step_s, SystemClock())
        given = {"query": query}
        if step_s:
            given |= {"start": _seconds(start_ns), "end": _seconds(end_ns), "step": repr(step_s)}
        elif time_ns is not None:
            given["time"] = _seconds(time_ns)
        path = "/api/v1/query_range" if step_s else "/api/v1/query"
        try:
            body, _ = self._ask(f"/prometheus{path}", given)
        except LookupError:
            body, _ = self._ask(path, given)
        answer = msgspec.json.decode(body)
        return of_series(_worth(answer["data"]), answer.get("warnings", ()))

    def close(self) -> None:
        """Nothing is kept open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _ask(
        self, path: str, parameters: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[bytes, Mapping[str, str]]:
        url = f"{self._url}{path}?{urlencode(parameters)}" if parameters else f"{self._url}{path}"
        headers = {**self._headers, "content-type": "application/json"} if body else self._headers
        request = Request(url, body, headers)  # noqa: S310 - `otelier.open` lets only http and https through
        try:
            with cast("HTTPResponse", urlopen(request, timeout=self._timeout_s)) as answer:  # noqa: S310 - as above
                return answer.read(), {name.lower(): value for name, value in answer.headers.items()}
        except HTTPError as error:
            with error:
                raise _raised(error.code, error.read(), url) from error
        except URLError as error:
            raise ConnectionError(f"nobody answers at {self._url}: {error.reason}") from error


def _raised(status: int, body: bytes, url: str) -> Exception:
    message = _message(body) or f"{url} answers {status}"
    if status in _ELSEWHERE:
        return LookupError(f"{url} is not there: give the address of Otelier's UI, whose port is usually 16686")
    return _ERRORS.get(status, StoreUnreadable)(message)


def _message(body: bytes) -> str:
    """Of an error, in the form of any of the APIs."""
    text = body.decode(errors="replace").strip()
    try:
        decoded: Any = msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return text
    found: Any = cast("dict[str, Any]", decoded).get("error", text) if isinstance(decoded, dict) else text
    return str(cast("dict[str, Any]", found).get("message", text)) if isinstance(found, dict) else str(found)


def _seconds(ns: int) -> str:
    seconds, rest = divmod(ns, _SECOND)
    return f"{seconds}.{rest:09}"


def _said(message: str | None) -> Sequence[str]:
    return [message] if message else []


def _cut(traces: Sequence[Mapping[str, Any]], asked: int) -> Sequence[str]:
    """A warning if there are more spans than were asked for, and more than come over HTTP."""
    sets = [each for trace in traces for each in trace.get("spanSets", ())]
    left_out = sum(max(min(each["matched"], asked or each["matched"]) - len(each["spans"]), 0) for each in sets)
    if not left_out:
        return []
    return [f"{left_out} spans are left out: no more than {_MOST_SPANS} of a spanset come from a server"]


def _looked(answer: Mapping[str, Any]) -> int:
    return int(answer.get("metrics", {}).get("inspectedSpans", 0))


def _found(traces: Sequence[Mapping[str, Any]]) -> Iterator[FoundSpan]:
    for trace in traces:
        for spanset in trace.get("spanSets", ()):
            of_spanset = _attributes(spanset.get("attributes", ()))
            for span in spanset["spans"]:
                yield FoundSpan(
                    trace["traceID"].rjust(32, "0"),
                    trace["rootServiceName"] if "rootTraceName" in trace else "",
                    trace.get("rootTraceName", ""),
                    int(trace["startTimeUnixNano"]),
                    trace.get("durationMs", 0),
                    span["spanID"].rjust(16, "0"),
                    span.get("name", ""),
                    int(span["startTimeUnixNano"]),
                    int(span.get("durationNanos", 0)),
                    of_spanset | _attributes(span.get("attributes", ())),
                )


def _lines(series: Sequence[Mapping[str, Any]], at_ms: int) -> Iterator[Line]:
    for each in series:
        samples = each.get("samples", [{"timestampMs": at_ms, "value": each.get("value", 0.0)}])
        times = [int(sample["timestampMs"]) for sample in samples]
        yield Line(_attributes(each["labels"]), times, [float(sample.get("value", 0.0)) for sample in samples])


def _attributes(pairs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: _value(pair["value"]) for pair in pairs}


def _value(of: Mapping[str, Any]) -> Any:
    ((kind, value),) = of.items()
    match kind:
        case "intValue":
            return int(value)
        case "doubleValue":
            return float(value)
        case "arrayValue":
            return tuple(_value(each) for each in value.get("values", ()))
        case _:
            return None if value == "nil" and kind == "stringValue" else value


def _worth(data: Mapping[str, Any]) -> Iterator[Line]:
    result = data["result"]
    match data["resultType"]:
        case "scalar":
            yield Line({}, [_ms(result[0])], [float(result[1])])
        case "string":
            yield Line({"text": result[1]}, [_ms(result[0])], [None])
        case _:
            for each in result:
                yield _line(each)


def _line(series: Mapping[str, Any]) -> Line:
    values = series.get("values", [series["value"]] if "value" in series else [])
    native = series.get("histograms", [series["histogram"]] if "histogram" in series else [])
    points: dict[int, tuple[float | None, Any]] = {_ms(at): (float(value), None) for at, value in values}
    points |= {_ms(at): (None, _histogram(one)) for at, one in native}
    ordered = sorted(points.items(), key=lambda point: point[0])
    histograms = [one for _, (_, one) in ordered] if native else []
    return Line(series["metric"], [at for at, _ in ordered], [value for _, (value, _) in ordered], histograms)


def _histogram(of: Mapping[str, Any]) -> dict[str, Any]:
    buckets = [
        {"lower": float(lower), "upper": float(upper), "count": float(count)}
        for _, lower, upper, count in of.get("buckets", ())
    ]
    return {"count": float(of["count"]), "sum": float(of["sum"]), "buckets": buckets}


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
