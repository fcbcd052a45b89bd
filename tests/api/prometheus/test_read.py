"""Remote read gives raw samples, bit by bit, in the messages that Prometheus reads."""

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier._core import crc32c, prometheus_unpacked, snappy, unsnappy
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


def streamed(prometheus, body):
    """(query, labels, times, values, histograms by time) of each frame, after its checksum was looked at."""
    answer = prometheus.ask("POST", "/api/v1/read", snappy(body), HEADERS)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"
    rest, found = answer.body, []
    while rest:
        length, shift = 0, 0
        while rest[0] & 0x80:
            length, shift, rest = length | (rest[0] & 0x7F) << shift, shift + 7, rest[1:]
        length, rest = length | rest[0] << shift, rest[1:]
        checksum, frame, rest = rest[:4], rest[4 : 4 + length], rest[4 + length :]
        assert crc32c(frame).to_bytes(4, "big") == checksum
        message = MESSAGES["ChunkedReadResponse"].FromString(frame)
        for series in message.chunked_series:
            times, values, natives = list[int](), list[float](), {}
            for chunk in series.chunks:
                at, bits, histograms = prometheus_unpacked(chunk.type, chunk.data)
                own = [*np.frombuffer(at, "<i8").tolist(), *(time for time, _ in histograms)]
                assert (chunk.min_time_ms, chunk.max_time_ms, len(own) <= 120) == (own[0], own[-1], True)
                times += np.frombuffer(at, "<i8").tolist()
                values += np.frombuffer(bits, "<f8").tolist()
                natives |= {time: MESSAGES["Histogram"].FromString(raw) for time, raw in histograms}
            found.append((message.query_index, labels_of(series), times, values, natives))
    return found


def test_who_takes_chunks_first_gets_them_streamed(prometheus):
    prometheus.metrics.load('up{job="b"} 0+1x299', 1000, START_MS)
    prometheus.metrics.load('up{job="a"} 5', 1000, START_MS)
    prometheus.metrics.load("h {{schema:1 sum:5 count:9 z_bucket:1 buckets:[1 0 2 1] n_buckets:[4]}} 7", 1000, START_MS)
    query = (START_MS, START_MS + 299_000, (2, "__name__", "up|h"))
    found = streamed(prometheus, request(query, (0, 1, (0, "__name__", "up")), query, accepted=[1, 0]))
    assert [each[0] for each in found] == [0, 0, 0, 2, 2, 2]
    h, a, b = found[:3]
    assert [h[1], a[1]] == [{"__name__": "h"}, {"__name__": "up", "job": "a"}]
    assert (b[2], b[3]) == ([START_MS + 1000 * n for n in range(300)], [float(n) for n in range(300)])
    assert (h[2], h[3]) == ([START_MS + 1000], [7.0])
    native = h[4][START_MS]
    assert (native.count_float, native.sum, native.zero_count_float, native.schema) == (9, 5, 1, 1)
    assert list(native.positive_counts) == [1, 2, 1]


def test_who_takes_samples_first_gets_samples(prometheus):
    prometheus.metrics.load("up 1", 1000, START_MS)
    assert read(prometheus, request((0, 2**62, (0, "__name__", "up")), accepted=[0, 1]))[0].timeseries
    neither = prometheus.ask("POST", "/api/v1/read", snappy(request(accepted=[7])), HEADERS)
    assert neither.status == 400
    assert b"does not support any of the requested response types" in neither.body


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
        assert all(isinstance(each, Query) for each in read_request(message).queries)


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x05"])
def test_what_is_no_request_is_refused(prometheus, body):
    assert prometheus.ask("POST", "/api/v1/read", snappy(body), HEADERS).status == 400
