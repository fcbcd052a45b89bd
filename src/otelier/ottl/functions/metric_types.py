"""Editors that make one type of metric of another, and metrics of parts of others."""

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, Sum

from ..frame import Frame
from ..likes import int_like
from ..values import OttlError
from .registry import editor

_Temporality: TypeAlias = Literal["delta", "cumulative"]
_TEMPORALITIES = {"delta": 1, "cumulative": 2}


@editor("convert_sum_to_gauge", contexts=["metric"])
def convert_sum_to_gauge(frame: Frame) -> None:
    """Make a sum a gauge; other metrics stay."""
    metric = frame.metric.message
    if metric.HasField("sum"):
        metric.gauge.CopyFrom(Gauge(data_points=metric.sum.data_points))
        _renew(frame)


@editor("convert_gauge_to_sum", contexts=["metric"])
def convert_gauge_to_sum(frame: Frame, aggregation_temporality: _Temporality, is_monotonic: bool) -> None:
    """Make a gauge a sum; other metrics stay."""
    metric = frame.metric.message
    if metric.HasField("gauge"):
        made = _sum(aggregation_temporality, is_monotonic, metric.gauge.data_points)
        metric.sum.CopyFrom(made)
        _renew(frame)


@editor("extract_count_metric", contexts=["metric"])
def extract_count_metric(frame: Frame, is_monotonic: bool, suffix: str = "_count") -> None:
    """Add a sum of the counts of a histogram or summary."""
    metric = frame.metric.message
    counts = [_point(point, as_int=point.count) for point in _counted(metric)]
    _add(frame, counts, suffix, "1", is_monotonic)


@editor("extract_sum_metric", contexts=["metric"])
def extract_sum_metric(frame: Frame, is_monotonic: bool, suffix: str = "_sum") -> None:
    """Add a sum of the sums of a histogram or summary, where they have them."""
    metric = frame.metric.message
    summary = metric.HasField("summary")
    sums = [_point(point, as_double=point.sum) for point in _counted(metric) if summary or point.HasField("sum")]
    _add(frame, sums, suffix, metric.unit, is_monotonic)


@editor("convert_summary_count_val_to_sum", contexts=["datapoint"])
def convert_summary_count_val_to_sum(
    frame: Frame, aggregation_temporality: _Temporality, is_monotonic: bool, suffix: str = "_count"
) -> None:
    """Add a sum of the counts of a summary; for other metrics nothing."""
    metric = frame.metric.message
    if metric.HasField("summary"):
        points = [_point(point, as_int=point.count) for point in metric.summary.data_points]
        _add_sum(frame, points, suffix, metric.unit, aggregation_temporality, is_monotonic)


@editor("convert_summary_sum_val_to_sum", contexts=["datapoint"])
def convert_summary_sum_val_to_sum(
    frame: Frame, aggregation_temporality: _Temporality, is_monotonic: bool, suffix: str = "_sum"
) -> None:
    """Add a sum of the sums of a summary; for other metrics nothing."""
    metric = frame.metric.message
    if metric.HasField("summary"):
        points = [_point(point, as_double=point.sum) for point in metric.summary.data_points]
        _add_sum(frame, points, suffix, metric.unit, aggregation_temporality, is_monotonic)


@editor("copy_metric", contexts=["metric"])
def copy_metric(frame: Frame, name: str | None = None, description: str | None = None, unit: str | None = None) -> None:
    """Add a copy behind the others, with another name, description or unit."""
    copy = Metric()
    copy.CopyFrom(frame.metric.message)
    copy.name = copy.name if name is None else name
    copy.description = copy.description if description is None else description
    copy.unit = copy.unit if unit is None else unit
    frame.add_metric(copy)


@editor("scale_metric", contexts=["metric"])
def scale_metric(frame: Frame, factor: float, unit: str | None = None) -> None:
    """Multiply every value of a metric, and set its unit; not of exponential histograms."""
    metric = frame.metric.message
    match metric.WhichOneof("data"):
        case "gauge" | "sum" as kind:
            _scale_numbers(getattr(metric, kind).data_points, factor)
        case "histogram":
            for point in metric.histogram.data_points:
                _scale_histogram(point, factor)
        case "summary":
            for point in metric.summary.data_points:
                point.sum *= factor
                for quantile in point.quantile_values:
                    quantile.value *= factor
        case "exponential_histogram":
            raise OttlError("the buckets of exponential histograms can't be scaled")
        case _:
            pass
    if unit is not None:
        metric.unit = unit
    _renew(frame)


def _scale_numbers(points: Iterable[Any], factor: float) -> None:
    for point in points:
        kind = point.WhichOneof("value")
        if kind == "as_int":
            point.as_int = int_like(point.as_int * factor) or 0
        elif kind:
            point.as_double *= factor


def _scale_histogram(point: Any, factor: float) -> None:
    for field in ("sum", "min", "max"):
        if point.HasField(field):
            setattr(point, field, getattr(point, field) * factor)
    bounds = [bound * factor for bound in point.explicit_bounds]
    del point.explicit_bounds[:]
    point.explicit_bounds.extend(bounds)
    _scale_numbers(point.exemplars, factor)


def _counted(metric: Any) -> Iterable[Any]:
    kind = metric.WhichOneof("data")
    if kind not in ("histogram", "exponential_histogram", "summary"):
        raise OttlError("only histograms and summaries have counts and sums; choose them by `where metric.type == …`")
    return getattr(metric, kind).data_points


def _point(point: Any, **value: Any) -> NumberDataPoint:
    return NumberDataPoint(
        attributes=point.attributes,
        start_time_unix_nano=point.start_time_unix_nano,
        time_unix_nano=point.time_unix_nano,
        **value,
    )


def _add(frame: Frame, points: list[NumberDataPoint], suffix: str, unit: str, is_monotonic: bool) -> None:
    """With the temporality of the metric; a summary has none, but its values run on."""
    metric = frame.metric.message
    delta = getattr(getattr(metric, metric.WhichOneof("data")), "aggregation_temporality", 2) == 1
    if points:
        _add_sum(frame, points, suffix, unit, "delta" if delta else "cumulative", is_monotonic)


def _add_sum(
    frame: Frame, points: list[NumberDataPoint], suffix: str, unit: str, temporality: _Temporality, is_monotonic: bool
) -> None:
    metric = frame.metric.message
    made = Metric(name=metric.name + suffix, description=metric.description, unit=unit)
    made.sum.CopyFrom(_sum(temporality, is_monotonic, points))
    frame.add_metric(made)


def _sum(temporality: _Temporality, is_monotonic: bool, points: Iterable[NumberDataPoint]) -> Sum:
    made = Sum(is_monotonic=is_monotonic, data_points=points)
    made.aggregation_temporality = _TEMPORALITIES[temporality]  # pyright: ignore[reportAttributeAccessIssue] - an int
    return made


def _renew(frame: Frame) -> None:
    frame.metric.renew()
    frame.changed = True
