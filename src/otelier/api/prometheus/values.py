"""What queries are worth, as JSON: series are written by the core."""

from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec
import numpy as np

from ..._core import matrix_json, vector_json
from ...query.promql.arrays import Bools, Floats, Ints, Objects
from ...query.promql.block import Block
from ...query.promql.engine import Answer, Series
from ...query.promql.histograms import Histogram
from ...query.promql.labels import Labels
from ...query.promql.numbers import shortest

_Cell = tuple[int, int, float, float, list[tuple[int, float, float, float]]]


def result_json(answer: Answer, limit: int) -> tuple[bytes, bool]:
    """`result` of an answer, and whether it has more series than the limit allowed (0: all)."""
    if answer.type == "scalar":
        return f'[{seconds(answer.grid.start_ms)},"{shortest(float(answer.scalar[0]))}"]'.encode(), False
    if answer.type == "string":
        text = msgspec.json.encode(answer.text.encode(errors="surrogateescape").decode(errors="replace"))
        return f"[{seconds(answer.grid.start_ms)},".encode() + text + b"]", False
    if answer.ranges:
        truncated = 0 < limit < len(answer.ranges)
        return b"[" + b",".join(map(_range_json, answer.ranges[: limit or None])) + b"]", truncated
    block = answer.block
    truncated = 0 < limit < len(block.labels)
    if truncated:
        block = block.rows(range(limit))
    if answer.type == "vector":
        return b"[" + _vector(block, answer.grid.start_ms) + b"]", truncated
    return b"[" + _matrix(block.labels, answer.grid.times, block.values, block.present, block.histograms) + b"]", (
        truncated
    )  # fmt: skip


def seconds(time_ms: int) -> str:
    """With a fraction of three digits, or without one."""
    whole, rest = divmod(abs(time_ms), 1000)
    return f"{'-' if time_ms < 0 else ''}{whole}{f'.{rest:03}' if rest else ''}"


def _vector(block: Block, time_ms: int) -> bytes:
    values = np.ascontiguousarray(block.values, dtype=np.float64).tobytes()
    return vector_json(block.labels, time_ms, values, block.present.tobytes(), _cells(block.histograms))


def _range_json(series: Series) -> bytes:
    present = np.ones((1, len(series.times)), np.bool_)
    histograms = None
    if series.histograms is not None:
        histograms = series.histograms[np.newaxis]
        present[0] = [each is None for each in series.histograms]
    return _matrix([series.labels], series.times, series.values[np.newaxis], present, histograms)


def _matrix(
    labels: list[Labels], times: Ints, values: Floats, present: Bools, histograms: Objects | None
) -> bytes:  # fmt: skip
    return matrix_json(labels, times.tobytes(), values.tobytes(), present.tobytes(), _cells(histograms))


def _cells(histograms: Objects | None) -> Sequence[_Cell]:
    if histograms is None:
        return ()
    found: Iterable[_Cell] = chain.from_iterable(
        [_cell(row, column, each) for column, each in enumerate(line) if isinstance(each, Histogram)]
        for row, line in enumerate(histograms)
    )
    return list(found)


def _cell(row: int, column: int, histogram: Histogram) -> _Cell:
    buckets = [
        (_rule(histogram, lower, upper), lower, upper, count)
        for lower, upper, count in histogram.ascending()
        if count != 0
    ]
    return row, column, histogram.count, histogram.sum, buckets


def _rule(histogram: Histogram, lower: float, upper: float) -> int:
    """Which ends belong to a bucket: 0 the upper, 1 the lower, 2 none, 3 both."""
    if histogram.custom:
        closed = (lower == float("-inf"), True)
    elif -lower == upper == histogram.zero_threshold:
        closed = (True, True)
    else:
        closed = (lower < 0, upper > 0)
    return {(False, True): 0, (True, False): 1, (False, False): 2, (True, True): 3}[closed]
