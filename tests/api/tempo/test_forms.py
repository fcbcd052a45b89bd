"""Any answer is the same message in JSON and on the wire, read by google.protobuf."""

import json
import math

import numpy as np
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from otelier.api.tempo import as_json, as_protobuf
from otelier.query.tags import TagValue
from otelier.query.traceql.answer import (
    Attribute,
    Exemplar,
    MetricsAnswer,
    Read,
    SearchAnswer,
    Series,
    ServiceStats,
    SpanResult,
    Spanset,
    TraceResult,
)
from otelier.testing.tempo import TEMPO_MESSAGES

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
int64 = st.integers(-(2**63), 2**63 - 1)
uint64 = st.integers(0, 2**64 - 1)
uint32 = st.integers(0, 2**32 - 1)
doubles = st.floats(allow_nan=False).map(lambda each: each + 0.0)  # protobuf tells -0.0 from 0.0, JSON does not
scalars = st.one_of(texts, st.booleans(), int64, doubles, st.none())
attributes = st.lists(st.builds(Attribute, texts, scalars | st.lists(scalars, max_size=3).map(tuple)), max_size=3).map(
    tuple
)
spans = st.builds(SpanResult, st.binary(min_size=8, max_size=8), texts, uint64, uint64, attributes)
spansets = st.builds(Spanset, uint32, st.lists(spans, max_size=3).map(tuple), attributes)
stats = st.lists(st.builds(ServiceStats, texts, uint32, uint32), max_size=3, unique_by=lambda each: each.name)
traces = st.builds(
    TraceResult,
    st.binary(min_size=16, max_size=16),
    texts,
    texts,
    uint64,
    st.integers(0, 2**32 * 10**6 - 1),
    stats.map(tuple),
    st.lists(spansets, max_size=3).map(tuple),
)
reads = st.builds(Read, uint64, uint64)
searches = st.builds(SearchAnswer, st.lists(traces, max_size=3).map(tuple), reads, texts, texts)


@st.composite
def metrics(draw):
    times = draw(st.lists(int64, min_size=1, max_size=5))
    values = st.lists(st.floats(), min_size=len(times), max_size=len(times)).map(lambda each: np.array(each) + 0.0)
    exemplars = st.lists(st.builds(Exemplar, attributes, doubles, int64), max_size=2).map(tuple)
    series = st.builds(Series, attributes, values, exemplars)
    return MetricsAnswer(times, tuple(draw(st.lists(series, max_size=3))), draw(reads), draw(texts))


def both(message: str, as_text: bytes, parts):
    """The message of both forms, which must be equal."""
    kind = TEMPO_MESSAGES[message]
    read = kind.FromString(b"".join(parts))
    assert json_format.Parse(as_text, kind()) == read
    return read


@given(searches)
def test_search(answer):
    read = both("SearchResponse", as_json.search(answer), as_protobuf.search(answer))
    assert len(read.traces) == len(answer.traces)
    for shown, trace in zip(read.traces, answer.traces, strict=True):
        assert int(shown.traceID or "0", 16) == int.from_bytes(trace.trace_id)
        assert [each.matched for each in shown.spanSets] == [each.matched for each in trace.spansets]
        assert list(shown.spanSets[:1]) == ([shown.spanSet] if shown.HasField("spanSet") else [])


@given(metrics())
def test_metrics_over_a_range(answer):
    read = both("QueryRangeResponse", as_json.series(answer), as_protobuf.series(answer))
    for shown, series in zip(read.series, answer.series, strict=True):
        numbers = zip(answer.timestamps_ms, series.values.tolist(), strict=True)
        assert [(each.timestamp_ms, each.value) for each in shown.samples] == [
            pair for pair in numbers if not math.isnan(pair[1])
        ]
    assert (read.status, read.message) == (int(bool(answer.partial)), answer.partial)


@given(metrics())
def test_metrics_at_a_moment(answer):
    at_end = answer._replace(read=answer.read._replace(spans=0))
    read = both("QueryInstantResponse", as_json.instants(answer), as_protobuf.instants(at_end))
    last = [float(each.values[-1]) for each in answer.series]
    assert [each.value for each in read.series] == [each for each in last if not math.isnan(each)]


@given(st.lists(texts), st.dictionaries(texts, st.lists(texts)))
def test_names_of_tags(names, scopes):
    both("SearchTagsResponse", as_json.tag_names(names), as_protobuf.tag_names(names))
    both("SearchTagsV2Response", as_json.tag_scopes(scopes), as_protobuf.tag_scopes(scopes))


@given(st.lists(st.builds(TagValue, st.sampled_from(["string", "int", "keyword"]), texts)))
def test_values_of_tags(values):
    both("SearchTagValuesResponse", as_json.tag_texts(values), as_protobuf.tag_texts(values))
    both("SearchTagValuesV2Response", as_json.tag_values(values), as_protobuf.tag_values(values))


def test_what_is_zero_is_left_out_as_tempo_does():
    series = Series((Attribute("p", 0.0),), np.array([0.0, 1.5]))
    answer = MetricsAnswer((1000, 2000), (series,), Read(0, 0), "")
    assert json.loads(as_json.series(answer))["series"] == [
        {
            "labels": [{"key": "p", "value": {"doubleValue": 0.0}}],
            "samples": [{"timestampMs": "1000"}, {"timestampMs": "2000", "value": 1.5}],
        }
    ]
    trace = TraceResult(bytes(15) + b"\x0f", "", "", 5, 999_999, (), ())
    assert json.loads(as_json.search(SearchAnswer((trace,), Read(0, 0), "", "")))["traces"] == [
        {"traceID": "f", "rootServiceName": "<root span not yet received>", "startTimeUnixNano": "5"}
    ]


def test_a_large_answer_comes_in_parts_that_fit_a_client(recwarn):
    span = SpanResult(bytes(8), "x" * 1000, 1, 1, ())
    trace = TraceResult(bytes(16), "a", "b", 1, 1, (), (Spanset(100, (span,) * 100, ()),))
    parts = list(as_protobuf.search(SearchAnswer((trace,) * 50, Read(7, 8), "", "")))
    assert len(parts) > 5
    assert all(len(part) < 2 * 2**20 for part in parts)
    read = [TEMPO_MESSAGES["SearchResponse"].FromString(part) for part in parts]
    assert sum(len(part.traces) for part in read) == 50
    assert all(part.metrics.inspectedSpans == 7 for part in read)
    [empty] = as_protobuf.search(SearchAnswer((), Read(0, 0), "", ""))
    assert not TEMPO_MESSAGES["SearchResponse"].FromString(empty).traces


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_numbers_that_json_has_not_are_words(value):
    answer = MetricsAnswer((1,), (Series((), np.array([value])),), Read(0, 0), "")
    assert (
        both("QueryRangeResponse", as_json.series(answer), as_protobuf.series(answer)).series[0].samples[0].value
        == value
    )
