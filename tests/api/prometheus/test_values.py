"""The core's JSON of series is what a plain writer makes of them."""

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier._core import LabelSets, matrix_json
from otelier.api.prometheus.values import limited, result_json, seconds
from otelier.query.promql.block import Block
from otelier.query.promql.engine import Answer, Series
from otelier.query.promql.grid import Grid
from otelier.query.promql.histograms import Histogram
from otelier.query.promql.numbers import shortest

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
NUMBERS = st.one_of(
    st.floats(),
    st.integers(-(2**70), 2**70).map(float),
    st.decimals(-(10**9), 10**9, places=3, allow_nan=False).map(float),
    st.sampled_from([0.0, -0.0, 1e-6, 9.9e-7, 1e21, 9.999999999999999e20, 5e-324, math.inf, -math.inf, STALE]),
)
TEXTS = st.text(max_size=8)
LABELS = st.dictionaries(TEXTS, TEXTS, max_size=4).map(lambda pairs: tuple(sorted(pairs.items())))
HISTOGRAMS = st.builds(
    Histogram,
    st.integers(-4, 8),
    NUMBERS,
    NUMBERS,
    st.floats(0, 10),
    st.just(0.001),
    st.dictionaries(st.integers(-3, 3), st.floats(0, 9), max_size=3).map(lambda each: dict(sorted(each.items()))),
    st.dictionaries(st.integers(-3, 3), st.floats(0, 9), max_size=3).map(lambda each: dict(sorted(each.items()))),
)


def plain_histogram(each: Histogram) -> dict:
    found = {"count": shortest(each.count), "sum": shortest(each.sum)}
    buckets = []
    for lower, upper, count in each.ascending():
        if count:
            ends = "both" if lower == -each.zero_threshold and upper == each.zero_threshold else ""
            rule = 3 if ends else 0 if upper > 0 else 1
            buckets.append([rule, shortest(lower), shortest(upper), shortest(count)])
    return found | ({"buckets": buckets} if buckets else {})


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Block, Grid]:
    labels = draw(st.lists(LABELS, min_size=1, max_size=4, unique=True))
    steps = draw(st.integers(1, 5))
    cells = draw(st.lists(st.one_of(st.none(), NUMBERS, HISTOGRAMS), min_size=len(labels) * steps, max_size=100))
    values, present = np.zeros((steps, len(labels))).T, np.zeros((steps, len(labels)), np.bool_).T
    histograms = np.full(values.shape, None, dtype=np.object_)
    for place, cell in zip(np.ndindex(*values.shape), cells, strict=False):
        if isinstance(cell, Histogram):
            histograms[place] = cell
        elif cell is not None:
            values[place], present[place] = cell, True
    grid = Grid(draw(st.integers(-(10**15), 10**15)), draw(st.integers(1, 10**7)), steps)
    return Block(LabelSets(labels), values, present, histograms), grid


@given(blocks())
def test_a_matrix_is_what_a_plain_writer_makes_of_it(made: tuple[Block, Grid]) -> None:
    block, grid = made
    written = bytes(result_json(Answer("matrix", grid, block), b"", b""))
    times = [seconds(int(each)) for each in grid.times]
    expected = []
    for row, labels in enumerate(block.labels):
        series: dict = {"metric": dict(labels)}
        values = [[times[at], shortest(float(block.values[row, at]))] for at in np.flatnonzero(block.present[row])]
        natives = [[times[at], plain_histogram(each)] for at, each in enumerate(block.histograms[row]) if each]
        expected.append(series | ({"values": values} if values else {}) | ({"histograms": natives} if natives else {}))
    assert json.loads(written, parse_int=str, parse_float=str) == _rules_as_text(expected)


def _rules_as_text(expected: list) -> list:
    for series in expected:
        for _, histogram in series.get("histograms", ()):
            for bucket in histogram.get("buckets", ()):
                bucket[0] = str(bucket[0])
    return expected


@given(blocks(), st.integers(0, 5))
def test_a_vector_has_one_value_a_series_and_no_more_series_than_allowed(made: tuple[Block, Grid], limit: int) -> None:
    block, grid = made
    filled = block.present[:, 0] | np.array([each is not None for each in block.histograms[:, 0]])
    rows = np.flatnonzero(filled)
    block = block.rows(rows)
    block = Block(block.labels, block.values[:, :1], block.present[:, :1], block.histograms[:, :1])
    answer, truncated = limited(Answer("vector", grid, block), limit)
    found = json.loads(bytes(result_json(answer, b"", b"")), parse_int=str, parse_float=str)
    kept = len(block.labels) if not limit else min(limit, len(block.labels))
    assert truncated == (kept < len(block.labels))
    assert [each["metric"] for each in found] == [dict(labels) for labels in list(block.labels)[:kept]]
    for row, each in enumerate(found):
        time, value = each["histogram"] if block.histograms[row, 0] else each["value"]
        assert time == seconds(grid.start_ms)
        if not block.histograms[row, 0]:
            assert value == shortest(float(block.values[row, 0]))


def test_custom_buckets_are_closed_above_and_the_lowest_on_both_sides() -> None:
    histogram = Histogram(-53, 6, 9, positive={0: 1.0, 1: 2.0, 2: 3.0}, bounds=(1.0, 2.5))
    natives = np.full(1, histogram, dtype=np.object_)
    series = Series((), np.array([1500]), np.array([np.nan]), natives)
    answer = Answer(
        "matrix", Grid(0, 1, 1), Block(LabelSets(()), np.empty((0, 1)), np.empty((0, 1), np.bool_)), [series]
    )
    [[_, found]] = json.loads(bytes(result_json(answer, b"", b"")))[0]["histograms"]
    assert found["buckets"] == [[3, "-Inf", "1", "1"], [0, "1", "2.5", "2"], [0, "2.5", "+Inf", "3"]]


def test_scalars_and_strings_have_a_time() -> None:
    nothing = Block(LabelSets(()), np.empty((0, 1)), np.empty((0, 1), np.bool_))
    scalar = Answer("scalar", Grid(1_500, 1, 1), nothing, scalar=np.array([math.inf]))
    assert result_json(scalar, b"<", b">") == b'<[1.500,"+Inf"]>'
    string = Answer("string", Grid(0, 1, 1), nothing, text='a"\udcff')
    assert result_json(string, b"", b"") == '[0,"a\\"\ufffd"]'.encode()


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        matrix_json(LabelSets([()]), b"\0" * 8, b"\0" * 16, b"\1", (), (b"", b""))
    lone = matrix_json(LabelSets([(("a", "\udcff"),)]), b"\0" * 8, b"\0" * 8, None, (), (b"[", b"]"))
    assert set(json.loads(bytes(lone))[0]["metric"]["a"]) == {"\ufffd"}
