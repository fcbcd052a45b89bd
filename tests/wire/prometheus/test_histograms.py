"""Exponential histograms as native ones: the same counts in the same places, also where the scale is made coarser."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint

from otelier.testing import request
from otelier.wire.prometheus import Translator


@given(st.integers(-4, 20), st.integers(-300, 300), st.lists(st.integers(0, 3), max_size=60))
def test_each_count_lies_in_the_bucket_of_its_upper_bound(scale, offset, counts):
    message = request("metrics")
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add(name="h")
    metric.exponential_histogram.aggregation_temporality = 2
    point = ExponentialHistogramDataPoint(scale=scale, count=sum(counts), time_unix_nano=10**9)
    point.positive.offset = offset
    point.positive.bucket_counts.extend(counts)
    metric.exponential_histogram.data_points.append(point)
    [series] = Translator().translate(message).series.values()
    [found] = series.histograms
    expected = {}
    for at, count in enumerate(counts, offset):
        # Bucket i of OTLP ends at 2^((i + 1) / 2^scale): in Prometheus's coarser scale that is rounded up.
        index = -(-(at + 1) // 2 ** (scale - found.schema))
        expected[index] = expected.get(index, 0) + count
    spans, deltas = found.positive
    buckets, index, count, left = {}, 0, 0, list(deltas)
    for gap, length in spans:
        index += gap
        for _ in range(length):
            count += left.pop(0)
            buckets[index] = count
            index += 1
    assert {i: n for i, n in buckets.items() if n} == {i: n for i, n in expected.items() if n}
    assert found.schema == min(scale, 8)


def test_a_bound_that_is_no_number_costs_nothing_else():
    message = request("metrics")
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add(name="h")
    metric.histogram.aggregation_temporality = 2
    metric.histogram.data_points.add(explicit_bounds=[float("nan")], bucket_counts=[1, 1], count=2, time_unix_nano=1)
    found = {dict(labels).get("le") for labels in Translator().translate(message).series}
    assert found == {None, "NaN", "+Inf"}
