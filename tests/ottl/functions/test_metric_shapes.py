"""Editors of metrics, where the comparison with the Collector doesn't reach."""

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from otelier.ottl import GroupError, Program, StatementError, statement_group
from otelier.testing import FakeClock, counter, decode, gauge, metrics


def edited(statement, *each, context="metric"):
    group = statement_group([statement], signal="metrics", context=context)
    batch = Program([group], FakeClock()).run(metrics(*each), print)
    return list(decode(batch).resource_metrics[0].scope_metrics[0].metrics)


def exponential(*counts, scale=0, offset=0):
    """Of positive values; at scale 0 and offset 0 the buckets end at 2, 4, 8, …"""
    metric = Metric(name="e")
    metric.exponential_histogram.aggregation_temporality = 2
    point = metric.exponential_histogram.data_points.add(count=sum(counts), sum=30.0, scale=scale, min=1.0)
    point.positive.offset = offset
    point.positive.bucket_counts.extend(counts)
    return metric


@pytest.mark.parametrize(
    ("distribution", "counts"),
    [("upper", [0, 10, 50, 40]), ("midpoint", [10, 20, 30, 40]), ("uniform", [5, 15, 40, 40])],
)
def test_an_exponential_histogram_gets_the_bounds_that_were_asked_for(distribution, counts):
    statement = f'convert_exponential_histogram_to_histogram("{distribution}", [1.5, 3.0, 8.0])'
    [metric] = edited(statement, exponential(10, 20, 30, 40))
    [point] = metric.histogram.data_points
    assert list(point.explicit_bounds) == [1.5, 3.0, 8.0]
    assert list(point.bucket_counts) == counts
    assert point.count == 100
    assert (point.sum, point.min, point.HasField("max")) == (30.0, 1.0, False)
    assert metric.histogram.aggregation_temporality == 2


def test_a_random_distribution_keeps_the_count():
    [metric] = edited('convert_exponential_histogram_to_histogram("random", [1.5, 3.0])', exponential(10, 20, 30))
    [point] = metric.histogram.data_points
    assert sum(point.bucket_counts) == 60


def test_scaling_an_exponential_histogram_fails():
    with pytest.raises(StatementError, match="exponential histograms can't be scaled"):
        edited("scale_metric(2.0)", exponential(1))


def test_a_copy_that_copies_itself_ends_in_an_error():
    with pytest.raises(StatementError, match="add `where`, so that none is made of its own copy"):
        edited("copy_metric()", gauge("g", 1.0))


def test_what_was_copied_is_edited_by_the_statements_that_follow():
    group = statement_group(
        ['copy_metric(name = "h") where name == "g"', "set(description, name)"], signal="metrics", context="metric"
    )
    batch = Program([group], FakeClock()).run(metrics(gauge("g", 1.0)), print)
    found = decode(batch).resource_metrics[0].scope_metrics[0].metrics
    assert [(metric.name, metric.description) for metric in found] == [("g", "g"), ("h", "h")]


def test_only_points_of_the_same_time_are_put_together():
    metric = counter("c", 1.0, 2.0)
    more = counter("c", 5.0, attributes={"a": "x"}).sum.data_points[0]
    metric.sum.data_points.append(more)
    [found] = edited('aggregate_on_attributes("sum", [])', metric)
    assert sorted(point.as_double for point in found.sum.data_points) == [2.0, 6.0]


@pytest.mark.parametrize(
    ("statement", "context", "message"),
    [
        ("convert_sum_to_gauge()", "datapoint", "convert_sum_to_gauge needs the context metric, this one is datapoint"),
        ('convert_gauge_to_sum("often", true)', "metric", "expected one of 'delta', 'cumulative', got 'often'"),
        ('aggregate_on_attributes("avg")', "metric", "got 'avg'"),
        ("extract_count_metric()", "metric", "`is_monotonic` is missing: extract_count_metric(is_monotonic, [suffix])"),
        ("scale_metric(2)", "metric", "factor: expected a float, got an int"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(statement, context, message):
    with pytest.raises(GroupError) as error:
        statement_group([statement], signal="metrics", context=context)
    assert message in str(error.value)
