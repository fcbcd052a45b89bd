"""Exponential histograms as native ones: the same counts in the same places, also where the scale is made coarser."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint

from otelier.telemetry import Batch
from otelier.testing import RemoteWriteSink, request
from otelier.wire.prometheus import Options, Translation, Writer


@given(st.integers(-4, 20), st.integers(-300, 300), st.lists(st.integers(0, 3), max_size=60))
def test_each_count_lies_in_the_bucket_of_its_upper_bound(scale, offset, counts):
    message = request("metrics")
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add(name="h")
    metric.exponential_histogram.aggregation_temporality = 2
    point = ExponentialHistogramDataPoint(scale=scale, count=sum(counts), time_unix_nano=10**9)
    point.positive.offset = offset
    point.positive.bucket_counts.extend(counts)
    metric.exponential_histogram.data_points.append(point)
    written = Writer(Translation(), Options(), 1).write(
        Batch.from_otlp("metrics", message.SerializeToString()), 1, 2**20
    )
    with RemoteWriteSink() as sink:
        sink.read(written.lanes[0][0].body, 1)
    [[found]] = sink.histograms.values()
    expected = {}
    for at, count in enumerate(counts, offset):
        # Bucket i of OTLP ends at 2^((i + 1) / 2^scale): in Prometheus's coarser scale that is rounded up.
        index = -(-(at + 1) // 2 ** (scale - found.schema))
        expected[index] = expected.get(index, 0) + count
    buckets, index, count, left = {}, 0, 0, list(found.positive_deltas)
    for span in found.positive_spans:
        index += span.offset
        for _ in range(span.length):
            count += left.pop(0)
            buckets[index] = count
            index += 1
    assert {i: n for i, n in buckets.items() if n} == {i: n for i, n in expected.items() if n}
    assert found.schema == min(scale, 8)
