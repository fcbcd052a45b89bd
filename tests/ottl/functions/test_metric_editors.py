"""Editors of metrics, and converters about data points, on small metrics.

`test_peer.py` compares the same editors with the reference where one is installed.
"""

import pytest
from google.protobuf import text_format
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from otelier.ottl import Conditions, Program, condition_group, statement_group
from otelier.testing import FakeClock, decode, metrics

SUM = """
    name: "s" unit: "By" sum { is_monotonic: true aggregation_temporality: AGGREGATION_TEMPORALITY_CUMULATIVE
    data_points { attributes { key: "a" value { string_value: "x" } } attributes { key: "b" value { int_value: 1 } } as_int: 2 }
    data_points { attributes { key: "a" value { string_value: "y" } } attributes { key: "b" value { int_value: 1 } } as_int: 3 } }
"""  # noqa: E501
GAUGE = 'name: "g" gauge { data_points { as_double: 1.5 } }'
HISTOGRAM = """
    name: "h" unit: "s" histogram { aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA
    data_points { count: 6 sum: 9.5 explicit_bounds: [1, 2] bucket_counts: [1, 2, 3] } }
"""
EXPONENTIAL = """
    name: "e" exponential_histogram { aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA
    data_points { count: 3 sum: 6 scale: 0 positive { offset: 0 bucket_counts: [1, 2] } } }
"""
SUMMARY = 'name: "q" summary { data_points { count: 4 sum: 8 quantile_values { quantile: 0.5 value: 2 } } }'


def shown(metric: Metric) -> str:
    """`name type: values`, with a histogram's counts and bounds."""
    kind = metric.WhichOneof("data")
    points = []
    for point in getattr(metric, kind).data_points:
        attributes = "".join(
            f" {each.key}={each.value.string_value or each.value.int_value}" for each in point.attributes
        )
        if kind in ("gauge", "sum"):
            number = getattr(point, point.WhichOneof("value"))
        elif kind == "histogram":
            number = f"{point.count}/{point.sum:g} {list(point.bucket_counts)} up to {list(point.explicit_bounds)}"
        else:
            number = f"{point.count}/{point.sum:g}"
        points.append(f"{number}{attributes}")
    return f"{metric.name} {kind}: {', '.join(points)}"  # fmt: skip


def after(statement: str, context: str, metric: str) -> list[Metric]:
    batch = metrics(text_format.Parse(metric, Metric()))
    group = statement_group([statement], signal="metrics", context=context)
    edited = Program([group], FakeClock()).run(batch, report=None)
    return list(decode(edited).resource_metrics[0].scope_metrics[0].metrics)


@pytest.mark.proves(
    "ottl.convert_sum_to_gauge",
    "ottl.convert_gauge_to_sum",
    "ottl.extract_count_metric",
    "ottl.extract_sum_metric",
    "ottl.convert_summary_count_val_to_sum",
    "ottl.convert_summary_sum_val_to_sum",
    "ottl.copy_metric",
    "ottl.scale_metric",
    "ottl.aggregate_on_attributes",
    "ottl.aggregate_on_attribute_value",
    "ottl.convert_exponential_histogram_to_histogram",
    "ottl.merge_histogram_buckets",
)
@pytest.mark.parametrize(
    ("context", "statement", "metric", "result"),
    [
        ("metric", "convert_sum_to_gauge()", SUM, ["s gauge: 2 a=x b=1, 3 a=y b=1"]),
        ("metric", 'convert_gauge_to_sum("delta", true)', GAUGE, ["g sum: 1.5"]),
        ("metric", 'extract_count_metric(true) where name == "q"', SUMMARY, ["q summary: 4/8", "q_count sum: 4"]),
        ("metric", 'extract_sum_metric(true, "_t") where name == "q"', SUMMARY, ["q summary: 4/8", "q_t sum: 8.0"]),
        ("datapoint", 'convert_summary_count_val_to_sum("delta", true)', SUMMARY, ["q summary: 4/8", "q_count sum: 4"]),
        ("datapoint", 'convert_summary_sum_val_to_sum("delta", true)', SUMMARY, ["q summary: 4/8", "q_sum sum: 8.0"]),
        ("metric", 'copy_metric(name="c") where name == "g"', GAUGE, ["g gauge: 1.5", "c gauge: 1.5"]),
        ("metric", "scale_metric(2.0)", GAUGE, ["g gauge: 3.0"]),
        ("metric", "scale_metric(10.0)", HISTOGRAM, ["h histogram: 6/95 [1, 2, 3] up to [10.0, 20.0]"]),
        ("metric", 'aggregate_on_attributes("sum", ["b"])', SUM, ["s sum: 5 b=1"]),
        ("metric", 'aggregate_on_attributes("max", [])', SUM, ["s sum: 3"]),
        ("metric", 'aggregate_on_attribute_value("sum", "a", ["x", "y"], "z")', SUM, ["s sum: 5 a=z b=1"]),
        (
            "metric",
            'convert_exponential_histogram_to_histogram("upper", [2.0, 8.0])',
            EXPONENTIAL,
            ["e histogram: 3/6 [1, 2, 0] up to [2.0, 8.0]"],
        ),
        ("datapoint", "merge_histogram_buckets(1.0)", HISTOGRAM, ["h histogram: 6/9.5 [3, 3] up to [2.0]"]),
    ],
)  # fmt: skip
def test_metrics(context, statement, metric, result):
    assert list(map(shown, after(statement, context, metric))) == result


@pytest.mark.proves("ottl.HasAttrKeyOnDatapoint", "ottl.HasAttrOnDatapoint")
@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('HasAttrKeyOnDatapoint("a")', True),
        ('HasAttrKeyOnDatapoint("z")', False),
        ('HasAttrOnDatapoint("a", "y")', True),
        ('HasAttrOnDatapoint("a", "z")', False),
        ('HasAttrOnDatapoint("b", "1")', False),
    ],
)
def test_data_points(condition, holds):
    batch = metrics(text_format.Parse(SUM, Metric()))
    group = condition_group([condition], signal="metrics", context="metric")
    assert any(Conditions([group], FakeClock()).matches(batch, report=None)) is holds
