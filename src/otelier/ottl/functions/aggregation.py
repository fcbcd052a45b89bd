"""Editors that put data points of a metric together: those alike but for attributes that don't count."""

from collections.abc import Callable
from statistics import median
from typing import Any, Literal, TypeAlias

from ..any_value import decode_map, replace_map
from ..as_text import as_json
from ..frame import Frame, points
from ..values import OttlError
from .registry import editor

_Function: TypeAlias = Literal["sum", "max", "min", "mean", "median", "count"]
_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "mean": lambda values: sum(values) / len(values),
    "median": median,
    "count": len,
}


@editor("aggregate_on_attributes", contexts=["metric"])
def aggregate_on_attributes(frame: Frame, function: _Function, attributes: list[str] | None = None) -> None:
    """Take away all attributes but these from the data points, and put those together that are alike then.

    Without a list all attributes stay; an empty one keeps none.
    """
    for point in _points(frame) if attributes is not None else ():
        chosen = [pair for pair in point.attributes if pair.key in (attributes or ())]
        del point.attributes[:]
        point.attributes.extend(chosen)
    _aggregate(frame, function)


@editor("aggregate_on_attribute_value", contexts=["metric"])
def aggregate_on_attribute_value(
    frame: Frame,
    aggregation_function: _Function,
    attribute: str,
    values: list[str],
    new_value: str,
) -> None:
    """Write one value instead of several of an attribute, and put those data points together that are alike then."""
    for point in _points(frame):
        attributes = decode_map(point.attributes)
        if attributes.get(attribute) in values:
            attributes[attribute] = new_value
            replace_map(point.attributes, attributes)
    _aggregate(frame, aggregation_function)


def _points(frame: Frame) -> Any:
    metric = frame.metric.message
    if metric.HasField("summary"):
        raise OttlError("summaries can't be aggregated")
    return points(metric)


def _aggregate(frame: Frame, function: _Function) -> None:
    metric = frame.metric.message
    all_points = _points(frame)
    if not all_points:
        return
    delta = getattr(getattr(metric, metric.WhichOneof("data")), "aggregation_temporality", 0) == 1
    groups: dict[Any, list[Any]] = {}
    for point in all_points:
        groups.setdefault(_key(point, delta), []).append(point)
    merged = [_merged(group, function) for group in groups.values()]
    del all_points[:]
    all_points.extend(merged)
    frame.metric.renew()
    frame.changed = True


def _key(point: Any, delta: bool) -> tuple[Any, ...]:
    """What points have to have in common; of deltas also the beginning."""
    key = (
        as_json(decode_map(point.attributes)),
        point.time_unix_nano,
        point.start_time_unix_nano if delta else 0,
        point.flags,
    )
    if hasattr(point, "as_int"):
        return (*key, point.WhichOneof("value"))
    key = (*key, point.HasField("min"), point.HasField("max"))
    if hasattr(point, "explicit_bounds"):
        return (*key, tuple(point.explicit_bounds))
    return (*key, point.scale, point.positive.offset, point.negative.offset)


def _merged(group: list[Any], function: _Function) -> Any:
    """Into the first one of them."""
    first, *others = group
    if not others:
        return first
    if hasattr(first, "as_int"):
        _merge_numbers(first, group, function)
    else:
        for other in others:
            _add_histogram(first, other)
    first.start_time_unix_nano = min(point.start_time_unix_nano for point in group)
    return first


def _merge_numbers(first: Any, group: list[Any], function: _Function) -> None:
    kind = first.WhichOneof("value")
    if kind is None:
        return
    found = _FUNCTIONS[function]([getattr(point, kind) for point in group])
    setattr(first, kind, int(found) if kind == "as_int" else float(found))


def _add_histogram(first: Any, other: Any) -> None:
    """Counts of histograms can only be added, whatever the function."""
    first.count += other.count
    if first.HasField("sum"):
        first.sum += other.sum
    if first.HasField("min"):
        first.min = min(first.min, other.min)
    if first.HasField("max"):
        first.max = max(first.max, other.max)
    if hasattr(first, "explicit_bounds"):
        _add_counts(first.bucket_counts, other.bucket_counts)
        return
    first.zero_count += other.zero_count
    _add_counts(first.positive.bucket_counts, other.positive.bucket_counts)
    _add_counts(first.negative.bucket_counts, other.negative.bucket_counts)


def _add_counts(target: Any, counts: Any) -> None:
    target.extend([0] * (len(counts) - len(target)))
    for at, count in enumerate(counts):
        target[at] += count
