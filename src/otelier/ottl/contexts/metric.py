"""Paths of a metric."""

from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    NumberDataPoint,
    SummaryDataPoint,
)

from ..frame import Node, points
from ..values import OttlError, Value
from .level import Level
from .members import Member, attributes, expect, text

TYPES = (None, "gauge", "sum", "histogram", "exponential_histogram", "summary")
"""Names of the data by the number that OTTL calls its type."""
ENUMS = {f"METRIC_DATA_TYPE_{(name or 'none').upper()}": number for number, name in enumerate(TYPES)} | {
    "AGGREGATION_TEMPORALITY_UNSPECIFIED": 0,
    "AGGREGATION_TEMPORALITY_DELTA": 1,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": 2,
}
_POINTS = {
    "gauge": NumberDataPoint,
    "sum": NumberDataPoint,
    "histogram": HistogramDataPoint,
    "exponential_histogram": ExponentialHistogramDataPoint,
    "summary": SummaryDataPoint,
}


def _data(node: Node, *types: str) -> Any:
    """The data, if it is of one of these types, else None."""
    name = node.message.WhichOneof("data")
    return getattr(node.message, name) if name in types else None


def _of_data(field: str, kind: type, what: str, *types: str) -> Member:
    """A field that only metrics of these types have: nil for others, and setting it there does nothing."""

    def get(node: Node) -> Value:
        data = _data(node, *types)
        return None if data is None else getattr(data, field)

    def put(node: Node, value: Value) -> None:
        data = _data(node, *types)
        wanted = expect(value, kind, what=what)
        if data is not None:
            try:
                setattr(data, field, wanted)
            except ValueError as error:
                raise OttlError(str(error)) from None

    return Member(get, put)


def _set_points(node: Node, value: Value) -> None:
    each = list(expect(value, list, what="a list"))
    kind = _POINTS.get(node.message.WhichOneof("data") or "")
    if kind is None or not all(isinstance(point, kind) for point in each):
        raise OttlError("expected data points of a metric of the same type")
    target = points(node.message)
    del target[:]
    target.extend(each)


METRIC = Level(
    "metric",
    {
        "name": text("name"),
        "description": text("description"),
        "unit": text("unit"),
        "type": Member(lambda node: TYPES.index(node.message.WhichOneof("data"))),
        "aggregation_temporality": _of_data(
            "aggregation_temporality",
            int,
            "an int, such as AGGREGATION_TEMPORALITY_DELTA",
            "sum",
            "histogram",
            "exponential_histogram",
        ),
        "is_monotonic": _of_data("is_monotonic", bool, "a bool", "sum"),
        "data_points": Member(lambda node: list(points(node.message)), _set_points, structure=True),
        "metadata": attributes("metadata"),
    },
    enums=ENUMS,
)
