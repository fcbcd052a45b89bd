"""What queries are worth, as JSON: series are written by the core."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

import msgspec
import numpy as np

from ..._core import Body, matrix_json, vector_json
from ...query.promql.arrays import Bools, Floats, Ints, Objects
from ...query.promql.engine import Answer, Series
from ...query.promql.histograms import Histogram
from ...query.promql.labels import LabelSets
from ...query.promql.numbers import shortest

_Cell = tuple[int, int, float, float, list[tuple[int, float, float, float]]]


def result_json(answer: Answer, before: bytes, behind: bytes) -> bytes | Body:
    """`result` of an answer, with what stands before and behind it."""
    if answer.type == "scalar":
        text = f'[{seconds(answer.grid.start_ms)},"{shortest(float(answer.scalar[0]))}"]'.encode()
        return before + text + behind
    if answer.type == "string":
        text = msgspec.json.encode(answer.text.encode(errors="surrogateescape").decode(errors="replace"))
        return before + f"[{seconds(answer.grid.start_ms)},".encode() + text + b"]" + behind
    if answer.ranges:
        return before + b"[" + b",".join(map(_range_json, answer.ranges)) + b"]" + behind
    block, around = answer.block, (before + b"[", b"]" + behind)
    if answer.type == "vector":
        values = _bytes(block.values)
        return vector_json(block.labels, answer.grid.start_ms, values, _cells(block.histograms), around)
    return _matrix(block.labels, answer.grid.times, block.values, block.present, block.histograms, around)


def limited(answer: Answer, limit: int) -> tuple[Answer, bool]:
    """With so many series at most (0: all), and whether there were more."""
    if not 0 < limit < len(answer.ranges or answer.block.labels):
        return answer, False
    block = answer.block.rows(range(min(limit, len(answer.block.labels))))
    return replace(answer, ranges=answer.ranges[:limit], block=block), True


def seconds(time_ms: int) -> str:
    """With a fraction of three digits, or without one."""
    whole, rest = divmod(abs(time_ms), 1000)
    return f"{'-' if time_ms < 0 else ''}{whole}{f'.{rest:03}' if rest else ''}"


def _range_json(series: Series) -> bytes:
    present = np.ones((1, len(series.times)), np.bool_)
    histograms = None
    if series.histograms is not None:
        histograms = series.histograms[np.newaxis]
        present[0] = [each is None for each in series.histograms]
    labels = LabelSets([series.labels])
    return bytes(_matrix(labels, series.times, series.values[np.newaxis], present, histograms, (b"", b"")))


def _matrix(
    labels: LabelSets,
    times: Ints,
    values: Floats,
    present: Bools,
    histograms: Objects | None,
    around: tuple[bytes, bytes],
) -> Body:
    there = None if present.all() else present.tobytes()
    return matrix_json(labels, times.tobytes(), _bytes(values), there, _cells(histograms), around)


def _bytes(values: Floats) -> bytes:
    """Row by row; without a copy where the core made them."""
    if isinstance(made := values.base, bytes) and len(made) == values.nbytes and values.flags.c_contiguous:
        return made
    return values.tobytes()


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
