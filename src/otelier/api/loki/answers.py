"""Answers in Loki's form."""

import math
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from ...query.logql.line import Line
from ...query.logql.run import Evaluated, Lines
from ...query.logql.series import Labels, Series
from ...query.logs import Looked
from ...server.endpoint import Response
from ...server.request import HttpError, Request

_JSON = (("content-type", "application/json; charset=UTF-8"),)
_FLAGS = "x-loki-response-encoding-flags"
_CATEGORIZE = "categorize-labels"
_PARTIAL = "the answer is partial: there was more to look at than one query may; ask for less time"


def success(data: object) -> Response:
    """`{"status":"success","data":…}`."""
    return Response(200, _JSON, msgspec.json.encode({"status": "success", "data": data}))


def plain_json(value: object) -> Response:
    """Without an envelope."""
    return Response(200, _JSON, msgspec.json.encode(value))


def write_error(error: HttpError, _request: Request) -> Response:
    """The text alone, as Loki has it."""
    headers = (("content-type", "text/plain; charset=utf-8"), *error.headers)
    return Response(error.status, headers, f"{error.message}\n".encode())


def of_lines(request: Request, found: Lines, exec_s: float) -> Response:
    """Streams with their lines. Who asks for it gets labels by where they come from."""
    categorize = _CATEGORIZE in request.headers.get(_FLAGS, "")
    streams: dict[Labels, dict[str, Any]] = {}
    for line in found.lines:
        labels = line.of_stream() if categorize else line.labels()
        name = tuple(sorted(labels.items()))
        stream = streams.setdefault(name, {"stream": labels, "values": []})
        stream["values"].append(_entry(line) if categorize else (str(line.record.time_ns), line.text))
    data: dict[str, Any] = {"resultType": "streams", "result": list(streams.values())}
    if categorize:
        data["encodingFlags"] = [_CATEGORIZE]
    return _answer(data, found.looked, len(found.lines), exec_s)


def of_matrix(found: Evaluated, exec_s: float) -> Response:
    """Series over time."""
    times = [_seconds(int(time_ns)) for time_ns in found.steps.times()]
    value = found.value
    series: Series = value if isinstance(value, dict) else _constant(value, len(times))
    result: list[dict[str, Any]] = []
    for name in sorted(series):
        values = [(at, _number(each)) for at, each in zip(times, map(float, series[name]), strict=True) if there(each)]
        if values:
            result.append({"metric": dict(name), "values": values})
    return _answer({"resultType": "matrix", "result": result}, found.looked, len(result), exec_s)


def of_vector(found: Evaluated, exec_s: float) -> Response:
    """Series at one time, or a number."""
    at, value = _seconds(found.steps.start_ns), found.value
    if not isinstance(value, dict):
        return _answer({"resultType": "scalar", "result": (at, _number(value))}, found.looked, 1, exec_s)
    samples = sorted((name, float(values[0])) for name, values in value.items() if there(float(values[0])))
    if found.descending is not None:
        samples.sort(key=_by_value, reverse=found.descending)
    result = [{"metric": dict(name), "value": (at, _number(each))} for name, each in samples]
    return _answer({"resultType": "vector", "result": result}, found.looked, len(result), exec_s)


def _constant(value: float, count: int) -> Series:
    return {(): np.full(count, value)}


def there(value: float) -> bool:
    """Whether the series has a value."""
    return not math.isnan(value)


def _by_value(sample: tuple[Labels, float]) -> float:
    return sample[1]


def _entry(line: Line) -> tuple[str, str, dict[str, dict[str, str]]]:
    parts = {"structuredMetadata": line.of_metadata(), "parsed": line.parsed}
    return str(line.record.time_ns), line.text, {name: labels for name, labels in parts.items() if labels}


def _answer(data: dict[str, Any], looked: Looked, returned: int, exec_s: float) -> Response:
    data["stats"] = _stats(looked, returned, exec_s)
    answer: dict[str, Any] = {"status": "success", "data": data}
    if looked.partial:
        answer["warnings"] = [_PARTIAL]
    return plain_json(answer)


def _stats(looked: Looked, returned: int, exec_s: float) -> dict[str, Any]:
    """What Grafana shows of a query's work; of Loki's chunks, row groups are the like; bytes are those of files."""
    store = {
        "totalChunksRef": looked.row_groups,
        "totalChunksDownloaded": looked.row_groups - looked.skipped,
        "chunk": {"decompressedLines": looked.records, "compressedBytes": looked.bytes},
    }
    summary = {
        "execTime": exec_s,
        "totalLinesProcessed": looked.records,
        "linesProcessedPerSecond": round(looked.records / exec_s) if exec_s > 0 else 0,
        "totalBytesProcessed": looked.bytes,
        "bytesProcessedPerSecond": round(looked.bytes / exec_s) if exec_s > 0 else 0,
        "totalEntriesReturned": returned,
    }
    return {"summary": summary, "querier": {"store": store}, "ingester": {}}


def _seconds(time_ns: int) -> int | float:
    """As Loki writes times of values: without a fraction if there is none."""
    whole, rest = divmod(time_ns, 10**9)
    return whole if not rest else round(time_ns / 1e9, 3)


def _number(value: float) -> str:
    """As Go writes it."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def volumes(rows: Iterable[tuple[Labels, int]], at_ns: int) -> Response:
    """Bytes by labels, the most first."""
    result = [{"metric": dict(name), "value": (_seconds(at_ns), str(size))} for name, size in rows]
    return success({"resultType": "vector", "result": result})


def volumes_over_time(rows: Iterable[tuple[Labels, Iterable[tuple[int, int]]]]) -> Response:
    """The same at each time in ns."""
    result = [
        {"metric": dict(name), "values": [(_seconds(at_ns), str(size)) for at_ns, size in found]}
        for name, found in rows
    ]
    return success({"resultType": "matrix", "result": result})
