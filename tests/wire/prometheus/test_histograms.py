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
    [[found]] = written(message).histograms.values()
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


def written(message) -> RemoteWriteSink:
    batch = Batch.from_otlp("metrics", message.SerializeToString())
    lanes = Writer(Translation(), Options(), 1).write(batch, 1, 2**30).lanes
    with RemoteWriteSink() as sink:
        sink.read(lanes[0][0].body, 1)
    return sink


def histogram(**fields):
    message = request("metrics")
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add(name="h")
    metric.histogram.aggregation_temporality = 2
    return message, metric.histogram.data_points.add(time_unix_nano=10**9, **fields)


def test_a_bound_that_is_no_number_costs_nothing_else():
    message, _ = histogram(explicit_bounds=[float("nan")], bucket_counts=[1, 1], count=2)
    assert {dict(labels).get("le") for labels in written(message).samples} == {None, "NaN", "+Inf"}


def test_exemplars_lie_in_their_buckets_however_many_there_are():
    """With a look at all of them for each bucket this would take minutes."""
    bounds = [float(n) for n in range(20_000)]
    message, point = histogram(explicit_bounds=bounds, bucket_counts=[1] * 20_001, count=20_001)
    for n in range(20_001):
        point.exemplars.add(as_double=20_000.5 - n)
    found = written(message)
    assert len(found.samples) == 20_002
    in_bucket = {dict(labels)["le"]: [value for _, value, _ in each] for labels, each in found.exemplars.items()}
    assert (len(in_bucket), in_bucket["5"], in_bucket["+Inf"]) == (20_000, [4.5], [20_000.5, 19_999.5])


def test_attributes_whose_names_become_the_same_are_joined_in_the_order_of_their_keys():
    message, point = histogram(count=1)
    for key, value in (("a_b", "3"), ("a.b", "1"), ("c", "x"), ("a-b", "2"), ("a b", "1")):
        point.attributes.add(key=key).value.string_value = value
    for n in range(50_000):
        point.attributes.add(key=f"k{n}").value.string_value = "v"
    labels = [dict(found) for found in written(message).samples]
    # The second "1" stands behind another value, so it is joined again; "1" beside "1" is not.
    assert {(each["a_b"], each["c"]) for each in labels} == {("1;2;1;3", "x")}


def test_the_finest_scale_there_can_be_is_made_coarser():
    message = request("metrics")
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add(name="h")
    metric.exponential_histogram.aggregation_temporality = 2
    point = metric.exponential_histogram.data_points.add(scale=2**31 - 1, count=3, time_unix_nano=10**9)
    point.positive.offset = -2
    point.positive.bucket_counts.extend([1, 1, 1])
    [[found]] = written(message).histograms.values()
    assert (found.schema, [(span.offset, span.length) for span in found.positive_spans]) == (8, [(0, 2)])
