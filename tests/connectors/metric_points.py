"""Metrics as plain values, to compare and to read in a failure."""

from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otelier.telemetry import Batch
from otelier.testing import decode


@dataclass(frozen=True)
class Point:
    """A data point; what its kind doesn't have is empty."""

    attributes: tuple[tuple[str, Any], ...]
    start_ns: int
    time_ns: int
    value: int = 0
    count: int = 0
    sum: float = 0
    buckets: tuple[int, ...] = ()
    bounds: tuple[float, ...] = ()
    scale: int = 0
    offset: int = 0
    zeros: int = 0
    exemplars: tuple[tuple[bytes, bytes, float], ...] = ()
    """Trace id, span id, value."""

    def __getitem__(self, key: str) -> Any:
        return dict(self.attributes)[key]

    def has(self, **attributes: Any) -> bool:
        """Whether it has these; `_` stands for a dot."""
        own = dict(self.attributes)
        return all(own.get(key.replace("_", ".")) == value for key, value in attributes.items())


def plain(value: AnyValue) -> Any:
    """The value in Python."""
    kind = value.WhichOneof("value")
    if kind in ("array_value", "kvlist_value"):
        return value.SerializeToString(deterministic=True)
    return getattr(value, kind) if kind else None


def points(batch: Batch, resource: str | None = None) -> dict[str, list[Point]]:
    """By metric; `resource`: only those of this `service.name`."""
    found: dict[str, list[Point]] = {}
    for under in decode(batch).resource_metrics:
        names = [plain(a.value) for a in under.resource.attributes if a.key == "service.name"]
        if resource is not None and names != [resource]:
            continue
        for scope in under.scope_metrics:
            for metric in scope.metrics:
                data = getattr(metric, metric.WhichOneof("data"))
                found.setdefault(metric.name, []).extend(map(_point, data.data_points))
    return found


def _point(point: Any) -> Point:
    name = type(point).__name__
    extra: dict[str, Any] = {}
    if name == "NumberDataPoint":
        extra = {"value": point.as_int}
    elif name == "HistogramDataPoint":
        extra = {"buckets": tuple(point.bucket_counts), "bounds": tuple(point.explicit_bounds)}
    else:
        extra = {"buckets": tuple(point.positive.bucket_counts), "offset": point.positive.offset}
        extra |= {"scale": point.scale, "zeros": point.zero_count}
    if name != "NumberDataPoint":
        extra |= {"count": point.count, "sum": point.sum}
    return Point(
        attributes=tuple((a.key, plain(a.value)) for a in point.attributes),
        start_ns=point.start_time_unix_nano,
        time_ns=point.time_unix_nano,
        exemplars=tuple((e.trace_id, e.span_id, e.as_double) for e in point.exemplars),
        **extra,
    )
