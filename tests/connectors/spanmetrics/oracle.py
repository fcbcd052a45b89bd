"""What `spanmetrics` promises, a second time: plain Python over protobuf's own objects."""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from otelier.connectors.spanmetrics.config import DimensionSettings, SpanMetricsConfig

from ..metric_points import plain

KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
STATUSES = ["UNSET", "OK", "ERROR"]
Attributes = tuple[tuple[str, Any], ...]


@dataclass
class Series:
    attributes: Attributes
    start_ns: int
    count: int = 0
    durations_ns: list[int] = field(default_factory=list)
    exemplars: list[tuple[bytes, bytes, int]] = field(default_factory=list)
    begun: bool = False


@dataclass
class Resource:
    attributes: Attributes
    metrics: dict[str, dict[Any, Series]] = field(default_factory=lambda: {"calls": {}, "duration": {}, "events": {}})


def first(attributes: Iterable[Any]) -> dict[str, Any]:
    """Of a key that comes twice the first value counts."""
    found: dict[str, Any] = {}
    for each in attributes:
        found.setdefault(each.key, plain(each.value))
    return found


def text(value: Any) -> Any:
    """As values are compared: 1 and "1" are the same, lists and maps are themselves."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.0f}" if value == int(value) else repr(value)
        case bytes():
            return ("encoded", value)
        case _:
            return str(value)


class Oracle:
    """Without patterns of names, expiry and limits of memory."""

    def __init__(self, cfg: SpanMetricsConfig, instance_id: str) -> None:
        self.cfg = cfg
        self.instance_id = instance_id
        self.resources: dict[Any, Resource] = {}
        self.without_service = 0

    def consume(self, request: Any, now_ns: int) -> None:
        for under in request.resource_spans:
            attributes = first(under.resource.attributes)
            if "service.name" not in attributes:
                self.without_service += sum(len(scope.spans) for scope in under.scope_spans)
                continue
            wanted = self.cfg.resource_metrics_key_attributes
            pairs = [(a.key, a.value.SerializeToString(deterministic=True)) for a in under.resource.attributes]
            key = tuple(sorted(pair for pair in pairs if not wanted or pair[0] in wanted))
            everything = tuple((a.key, plain(a.value)) for a in under.resource.attributes)
            resource = self.resources.setdefault(key, Resource(everything))
            for scope in under.scope_spans:
                for span in scope.spans:
                    self._count(resource, attributes, scope.scope, span, now_ns)

    def _count(self, resource: Resource, of_resource: dict[str, Any], scope: Any, span: Any, now_ns: int) -> None:
        cfg = self.cfg
        times, adjusted = _adjusted(span)
        duration = max(span.end_time_unix_nano - span.start_time_unix_nano, 0)
        fixed = self._fixed(of_resource, scope, span, adjusted)
        own = first(span.attributes)

        def series(metric: str, more: Iterable[DimensionSettings], *sources: dict[str, Any]) -> Series:
            chosen = list(_chosen((*cfg.dimensions, *more), sources))
            key = (*((name, value) for name, value in fixed), *((name, text(value)) for name, value in chosen))
            table = resource.metrics[metric]
            if key not in table:
                if (
                    cfg.aggregation_cardinality_limit
                    and len(table) - ((()) in table) >= cfg.aggregation_cardinality_limit
                ):
                    return table.setdefault((), Series((("otel.metric.overflow", True),), now_ns))
                table[key] = Series((*fixed, *chosen), now_ns)
            return table[key]

        counted = [series("calls", cfg.calls_dimensions, own, of_resource)]
        if not cfg.histogram.disable:
            counted.append(series("duration", cfg.histogram.dimensions, own, of_resource))
        if cfg.events.enabled:
            counted += [
                series("events", cfg.events.dimensions, own, first(event.attributes), of_resource)
                for event in span.events
            ]
        for each in counted:
            each.count += times
            each.durations_ns += [duration] * times
            most = cfg.exemplars.max_per_data_point if cfg.exemplars.enabled else 0
            if len(each.exemplars) < most and each.attributes[0][0] != "otel.metric.overflow":
                each.exemplars.append((span.trace_id, span.span_id, duration))

    def _fixed(self, of_resource: dict[str, Any], scope: Any, span: Any, adjusted: bool) -> list[tuple[str, Any]]:
        cfg = self.cfg
        fixed: list[tuple[str, Any]] = [
            ("service.name", of_resource["service.name"]),
            ("span.name", span.name),
            ("span.kind", f"SPAN_KIND_{KINDS[span.kind]}" if 0 <= span.kind < 6 else ""),
            ("status.code", f"STATUS_CODE_{STATUSES[span.status.code]}" if 0 <= span.status.code < 3 else ""),
            ("collector.instance.id", self.instance_id),
        ]
        fixed = [pair for pair in fixed if pair[0] not in cfg.exclude_dimensions]
        if scope.name in cfg.include_instrumentation_scope:
            fixed.append(("span.instrumentation.scope.name", scope.name))
            if scope.version:
                fixed.append(("span.instrumentation.scope.version", scope.version))
        if cfg.enable_metrics_sampling_method:
            fixed.append(("sampling.method", "extrapolated" if adjusted else "counted"))
        return fixed

    def flush(self) -> dict[Any, Any]:
        """(resource, metric, attributes) → (start, value, exemplars), as `read` has it."""
        unit = {"ms": 1e6, "s": 1e9}[self.cfg.histogram.unit]
        found: dict[Any, Any] = {}
        for resource in self.resources.values():
            for metric, table in resource.metrics.items():
                for series in table.values():
                    value: Any = series.count if series.begun or self.cfg.delta else 0
                    if metric == "duration":
                        value = (
                            series.count,
                            float(sum(series.durations_ns)) / unit,
                            self._buckets(series.durations_ns),
                        )
                    exemplars = tuple((trace, id_, ns / unit) for trace, id_, ns in series.exemplars)
                    series.begun, series.exemplars = True, []
                    if series.count:
                        found[resource.attributes, metric, series.attributes] = (series.start_ns, value, exemplars)
        return found

    def next_interval(self, now_ns: int) -> None:
        """Delta: after a flush."""
        for resource in self.resources.values():
            for table in resource.metrics.values():
                for series in table.values():
                    if series.count:
                        series.count, series.durations_ns, series.start_ns = 0, [], now_ns

    def _buckets(self, durations_ns: list[int]) -> Any:
        histogram = self.cfg.histogram
        if histogram.exponential:
            return exponential([ns / (1e6 if histogram.unit == "ms" else 1e9) for ns in durations_ns], 8)
        bounds = [-math.inf, *(round(b * 10**9) for b in histogram.explicit.buckets), math.inf]
        return tuple(sum(low < ns <= high for ns in durations_ns) for low, high in itertools.pairwise(bounds))


def exponential(values: list[float], most: int) -> Any:
    """Zero count, scale, and the counts by index that are not 0: the finest scale with at most so many buckets."""
    positive = [value for value in values if value > 0]
    if not positive:
        return len(values), 0, {}
    for scale in range(20, -11, -1):
        indexes = [_index(value, scale) for value in positive]
        if max(indexes) - min(indexes) < most:
            return len(values) - len(positive), scale, {i: indexes.count(i) for i in indexes}
    raise AssertionError("no scale fits")


def _index(value: float, scale: int) -> int:
    mantissa, exponent = math.frexp(value)
    if mantissa == 0.5:  # a power of two is the upper bound of its bucket
        return ((exponent - 1) << scale) - 1 if scale >= 0 else (exponent - 2) >> -scale
    if scale <= 0:
        return (exponent - 1) >> -scale
    return math.floor(math.log2(value) * 2**scale)


def _chosen(dimensions: Iterable[DimensionSettings], sources: tuple[dict[str, Any], ...]) -> Iterator[tuple[str, Any]]:
    for each in dimensions:
        holder = next((source for source in sources if each.name in source), None)
        if holder is not None:
            yield each.name, holder[each.name]
        elif each.default is not None:
            yield each.name, each.default


def _adjusted(span: Any) -> tuple[int, bool]:
    """How many spans this one stands for; only of thresholds that make whole numbers."""
    for member in span.trace_state.split(","):
        key, _, value = member.strip().partition("=")
        for part in value.split(";") if key == "ot" else ():
            name, _, digits = part.partition(":")
            if name == "th" and digits in ("0", "8", "c"):
                return {"0": 1, "8": 2, "c": 4}[digits], True
    return 1, False


def read(request: Message) -> dict[Any, Any]:
    """What was handed on, as `Oracle.flush` has it."""
    found: dict[Any, Any] = {}
    for under in request.resource_metrics:
        resource = tuple((a.key, plain(a.value)) for a in under.resource.attributes)
        for metric in under.scope_metrics[0].metrics:
            name = metric.name.rpartition(".")[2]
            for point in getattr(metric, metric.WhichOneof("data")).data_points:
                key = (resource, name, tuple((a.key, plain(a.value)) for a in point.attributes))
                assert key not in found
                exemplars = tuple((e.trace_id, e.span_id, e.as_double) for e in point.exemplars)
                found[key] = (point.start_time_unix_nano, _value(metric, point), exemplars)
    return found


def _value(metric: Any, point: Any) -> Any:
    match metric.WhichOneof("data"):
        case "sum":
            return point.as_int
        case "histogram":
            return point.count, point.sum, tuple(point.bucket_counts)
        case _:
            counts = enumerate(point.positive.bucket_counts, point.positive.offset)
            buckets = {index: count for index, count in counts if count}
            return point.count, point.sum, (point.zero_count, point.scale, buckets)
