"""Remote read gives raw samples, bit by bit, in the messages that Prometheus reads."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier._core import snappy, unsnappy
from otelier.testing.remote_read import REMOTE_READ_MESSAGES as MESSAGES
from otelier.wire.prometheus.read import Query, read_request
from otelier.wire.prometheus.read import samples as written

from .conftest import Prometheus

HEADERS = {"content-encoding": "snappy", "content-type": "application/x-protobuf"}
START_MS = 1_700_000_000_000


def request(*queries, accepted=()):
    made = MESSAGES["ReadRequest"](accepted_response_types=accepted)
    for start_ms, end_ms, *matchers in queries:
        query = made.queries.add(start_timestamp_ms=start_ms, end_timestamp_ms=end_ms)
        for type_, name, value in matchers:
            query.matchers.add(type=type_, name=name, value=value)
    return made.SerializeToString()


def read(prometheus, body):
    answer = prometheus.ask("POST", "/api/v1/read", snappy(body), HEADERS)
    assert answer.status == 200, answer.body
    assert answer.headers["content-encoding"] == "snappy"
    return MESSAGES["ReadResponse"].FromString(unsnappy(answer.body, 1 << 20)).results


def labels_of(series):
    return {each.name: each.value for each in series.labels}


def test_both_ends_belong_to_what_is_asked_for(prometheus):
    prometheus.metrics.load('up{job="a"} 1 2 stale 4', 1000, START_MS)
    prometheus.metrics.load('up{job="b"} 5', 1000, START_MS)
    up, not_b = (0, "__name__", "up"), (1, "job", "b")
    first, second = read(prometheus, request((START_MS + 1000, START_MS + 3000, up, not_b), (0, 1, up)))
    [series] = first.timeseries
    assert labels_of(series) == {"__name__": "up", "job": "a"}
    assert [each.timestamp - START_MS for each in series.samples] == [1000, 2000, 3000]
    assert [each.value for each in series.samples][::2] == [2, 4]
    assert struct.pack("<d", series.samples[1].value) == struct.pack("<Q", 0x7FF0000000000002)
    assert not second.timeseries


def test_native_histograms_are_given_with_float_counts(prometheus):
    prometheus.metrics.load(
        "h {{schema:1 sum:5 count:9 z_bucket:1 z_bucket_w:0.001 buckets:[1 0 2 1] offset:-1 n_buckets:[4]}} 7", 1000, 0
    )
    [result] = read(prometheus, request((0, 9000, (2, "__name__", "h|x"))))
    [series] = result.timeseries
    [histogram] = series.histograms
    assert (histogram.count_float, histogram.sum, histogram.schema, histogram.zero_count_float) == (9, 5, 1, 1)
    assert [(each.offset, each.length) for each in histogram.positive_spans] == [(-1, 1), (1, 2)]
    assert list(histogram.positive_counts) == [1, 2, 1]
    assert list(histogram.negative_counts) == [4]
    assert [(each.timestamp, each.value) for each in series.samples] == [(1000, 7)]


def test_external_labels_are_added_and_may_be_asked_for():
    prometheus = Prometheus(external_labels={"region": "eu"})
    try:
        prometheus.metrics.load("up 1", 1000, START_MS)
        [result] = read(prometheus, request((0, 2**62, (0, "__name__", "up"), (0, "region", "eu"))))
        [other] = read(prometheus, request((0, 2**62, (0, "__name__", "up"), (0, "region", "us"))))
    finally:
        prometheus.stop()
    assert labels_of(result.timeseries[0]) == {"__name__": "up", "region": "eu"}
    assert not other.timeseries


def test_who_takes_chunks_and_samples_gets_samples(prometheus):
    prometheus.metrics.load("up 1", 1000, START_MS)
    assert read(prometheus, request((0, 2**62, (0, "__name__", "up")), accepted=[1, 0]))[0].timeseries
    only_chunks = prometheus.ask("POST", "/api/v1/read", snappy(request(accepted=[1])), HEADERS)
    assert only_chunks.status == 400
    assert b"does not support any of the requested response types" in only_chunks.body


def test_more_than_the_limit_is_refused():
    prometheus = Prometheus(max_samples=3)
    try:
        prometheus.metrics.load("up 1x3", 1000, START_MS)
        body = snappy(request((0, 2**62, (0, "__name__", "up"))))
        answer = prometheus.ask("POST", "/api/v1/read", body, HEADERS)
    finally:
        prometheus.stop()
    assert (answer.status, answer.body) == (400, b"exceeded sample limit (3)\n")


@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats()), max_size=5))
def test_any_times_and_values_are_written_as_protobuf_reads_them(given_samples):
    import numpy as np

    times = np.array([each[0] for each in given_samples], dtype=np.int64)
    values = np.array([each[1] for each in given_samples])
    found = MESSAGES["TimeSeries"].FromString(written(times, values)).samples
    assert [each.timestamp for each in found] == times.tolist()
    assert np.array([each.value for each in found]).tobytes() == values.tobytes()


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(message):
    with contextlib.suppress(ValueError):
        assert all(isinstance(each, Query) for each in read_request(message))


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x05"])
def test_what_is_no_request_is_refused(prometheus, body):
    assert prometheus.ask("POST", "/api/v1/read", snappy(body), HEADERS).status == 400
