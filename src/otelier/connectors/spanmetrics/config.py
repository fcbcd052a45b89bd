"""Keys of `spanmetrics`, and the core's options that follow from them."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ...component import ComponentID, Config, Duration, Remark
from ...ottl import OttlError, glob
from .advice import remark_instance, remark_names, traps

_NAMESPACE = "traces.span.metrics"
_OWN = ("service.name", "span.name", "span.kind", "status.code")
_BUCKETS_MS = (2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10_000, 15_000)
_NAMESPACE_SINCE = (0, 109)
_INSTANCE_SINCE = (0, 136)
_Size = Annotated[int, Meta(ge=0)]


class DimensionSettings(Config):
    """An attribute that tells series apart; one of the span wins over one of the resource."""

    name: str = ""
    """The attribute."""
    glob: str = ""
    """All attributes whose names match, such as `http.*`, in the place of `name`: `*`, `?`, `[a-z]`, `[!a-z]` and
    `{one,other}`; `\\` takes the next as it is."""
    default: str | None = None
    """Where a span has no such attribute; otherwise the series lacks it, too."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Either, or; and a pattern that is none."""
        if bool(self.name) == bool(self.glob):
            yield "", "give each dimension a `name` or a `glob`"
        try:
            glob(self.glob)
        except OttlError as error:
            yield "glob", str(error)
        if self.glob and self.default is not None:
            yield "default", "goes with `name` only"


class ExplicitSettings(Config):
    """Buckets with fixed bounds."""

    buckets: tuple[Duration, ...] = tuple(Duration(ms / 1000) for ms in _BUCKETS_MS)
    """Upper bounds, inclusive."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Their order."""
        if (
            any(a >= b for a, b in zip(self.buckets, self.buckets[1:], strict=False))
            or min(self.buckets, default=0) < 0
        ):
            yield "buckets", "must ascend from 0 or more"


class ExponentialSettings(Config):
    """Buckets that find their scale."""

    max_size: Annotated[int, Meta(ge=0)] = 160
    """Most buckets; with more, neighbours are joined. 0 = 160."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What is too few."""
        if self.max_size == 1:
            yield "max_size", "must be 0 or at least 2"


class HistogramSettings(Config):
    """The durations."""

    disable: bool = False
    """No durations, only calls and events."""
    unit: Literal["ms", "s"] = "ms"
    """Of durations and bounds as they are written."""
    explicit: ExplicitSettings | None = None
    """The default."""
    exponential: ExponentialSettings | None = None
    """In the place of `explicit`."""
    dimensions: tuple[DimensionSettings, ...] = ()
    """Besides those of all metrics."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Either, or."""
        if self.explicit and self.exponential:
            yield "exponential", "use either `explicit` or `exponential`"


class ExemplarSettings(Config):
    """Spans as examples of a point."""

    enabled: bool = False
    """Attach them to the points of all metrics."""
    max_per_data_point: _Size = 5
    """The first so many of each point since the last flush."""


class EventSettings(Config):
    """The events of spans."""

    enabled: bool = False
    """Count them."""
    dimensions: tuple[DimensionSettings, ...] = ()
    """Besides those of all metrics; the span's attributes win over the event's, these over the resource's."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What must be there."""
        if self.enabled and not self.dimensions:
            yield "dimensions", "must be set when events are enabled"


class SpanMetricsConfig(Config):
    histogram: HistogramSettings = HistogramSettings()
    """The durations of spans."""
    dimensions: tuple[DimensionSettings, ...] = ()
    """Of all metrics, besides service, name, kind and status of the span."""
    calls_dimensions: tuple[DimensionSettings, ...] = ()
    """Of `calls` only."""
    exclude_dimensions: tuple[str, ...] = ()
    """Left out of `service.name`, `span.name`, `span.kind`, `status.code` and `collector.instance.id`."""
    dimensions_cache_size: int = 1000
    """Accepted without effect: use `aggregation_cardinality_limit`."""
    aggregation_cardinality_limit: _Size = 0
    """Most series of each metric and resource; what comes beyond is counted in one series with
    `otel.metric.overflow: true`. 0 = no limit."""
    resource_metrics_cache_size: Annotated[int, Meta(ge=1)] = 1000
    """Most resources; those unseen for the longest time are forgotten, and their counters begin anew if they return."""
    resource_metrics_key_attributes: tuple[str, ...] = ()
    """Resource attributes that tell resources apart; the metrics have all attributes of the first one seen.
    Empty: all attributes, so that a restart of a pod makes new series."""
    aggregation_temporality: Literal["AGGREGATION_TEMPORALITY_CUMULATIVE", "AGGREGATION_TEMPORALITY_DELTA"] = (
        "AGGREGATION_TEMPORALITY_CUMULATIVE"
    )
    """Points since the series began, or since the last flush."""
    metrics_flush_interval: Duration = Duration(60)
    """Time between two flushes; the last one is at the stop."""
    metrics_expiration: Duration = Duration(0)
    """Forget a resource of which nothing came for this time; 0 = never. Cumulative only."""
    series_expiration: Duration = Duration(0)
    """Forget a single series likewise."""
    metric_timestamp_cache_size: Annotated[int, Meta(ge=1)] = 1000
    """Delta only: series of which the time of the last point is remembered, so that the next one begins there."""
    namespace: str = _NAMESPACE
    """Put before the metrics' names, with a dot."""
    exemplars: ExemplarSettings = ExemplarSettings()
    """Spans as examples of points."""
    events: EventSettings = EventSettings()
    """Counts of events."""
    include_instrumentation_scope: tuple[str, ...] = ()
    """Scopes whose name and version become attributes of their spans' series."""
    add_resource_attributes: bool = False
    """Accepted without effect: the metrics' resource has the spans' resource attributes in any case."""
    enable_metrics_sampling_method: bool = False
    """Tell series apart by `sampling.method`: `extrapolated` if the spans' tracestate says how many each stands for
    (which counts in any case), otherwise `counted`."""
    storage: ComponentID | None = None
    """Otelier's addition: extension that keeps spans until they are in a saved state, and that state, so that series,
    counts and start times outlive a restart or a kill. Such as `file_storage`."""
    compat: str = ""
    """Otelier's addition: write metrics as the Collector of this version did, such as `0.108`. Before 0.109 names had
    no namespace by default (`calls`, `duration`), before 0.136 series had no `collector.instance.id`. Empty: as the
    newest."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Times, names given twice, the version."""
        if self.metrics_flush_interval <= 0:
            yield "metrics_flush_interval", "must be above 0"
        for key in ("metrics_expiration", "series_expiration"):
            if getattr(self, key) < 0:
                yield key, "must not be negative"
        if self.compat and not re.fullmatch(r"v?\d+\.\d+(\.\d+)?", self.compat):
            yield "compat", "must be a version of the Collector, such as 0.108"
        yield from self._repeated()

    def remarks(self) -> Iterable[Remark]:
        """Names and dimensions that versions give differently, and traps."""
        if self.namespace == _NAMESPACE:
            yield remark_names(namespaced=not self._before(_NAMESPACE_SINCE), since=_NAMESPACE_SINCE)
        if not self._before(_INSTANCE_SINCE) and "collector.instance.id" not in self.exclude_dimensions:
            yield remark_instance(_INSTANCE_SINCE)
        yield from traps(cumulative=not self.delta, keyed=bool(self.resource_metrics_key_attributes))

    def _repeated(self) -> Iterable[tuple[str, str]]:
        lists = {
            "calls_dimensions": self.calls_dimensions,
            "histogram.dimensions": self.histogram.dimensions,
            "events.dimensions": self.events.dimensions if self.events.enabled else (),
        }
        yield from _repeated("dimensions", self.dimensions, ())
        for key, dimensions in lists.items():
            yield from _repeated(key, dimensions, self.dimensions)

    @property
    def delta(self) -> bool:
        """Whether points are of the time since the last flush."""
        return self.aggregation_temporality == "AGGREGATION_TEMPORALITY_DELTA"

    def options(self, instance_id: str) -> bytes:
        """The core's options."""
        prefix = f"{self.namespace}." if self.namespace else ""
        if self._before(_NAMESPACE_SINCE) and self.namespace == _NAMESPACE:
            prefix = ""
        histogram = self.histogram
        explicit = None if histogram.exponential else histogram.explicit or ExplicitSettings()
        bounds = None if explicit is None or histogram.disable else [_ns(bound) for bound in explicit.buckets]
        max_size = histogram.exponential.max_size or 160 if histogram.exponential else None
        options: dict[str, Any] = {
            "calls": f"{prefix}calls",
            "duration": f"{prefix}duration",
            "events": f"{prefix}events" if self.events.enabled else None,
            "unit": histogram.unit,
            "bounds_ns": bounds,
            "max_size": None if histogram.disable else max_size,
            "dimensions": _dimensions(self.dimensions),
            "calls_dimensions": _dimensions(self.calls_dimensions),
            "duration_dimensions": _dimensions(histogram.dimensions),
            "event_dimensions": _dimensions(self.events.dimensions),
            "exclude": self.exclude_dimensions,
            "instance_id": "" if self._before(_INSTANCE_SINCE) else instance_id,
            "scopes": self.include_instrumentation_scope,
            "sampling_method": self.enable_metrics_sampling_method,
            "delta": self.delta,
            "exemplars": self.exemplars.max_per_data_point if self.exemplars.enabled else 0,
            "cardinality_limit": self.aggregation_cardinality_limit,
            "max_resources": self.resource_metrics_cache_size,
            "resource_keys": self.resource_metrics_key_attributes,
            "resource_expiration_ns": _ns(self.metrics_expiration),
            "series_expiration_ns": _ns(self.series_expiration),
            "max_remembered": self.metric_timestamp_cache_size,
        }
        return msgspec.json.encode(options)

    def _before(self, since: tuple[int, int]) -> bool:
        if not self.compat:
            return False
        major, minor, *_ = self.compat.removeprefix("v").split(".")
        return (int(major), int(minor)) < since


def _ns(duration: Duration) -> int:
    return round(duration * 10**9)


def _dimensions(dimensions: tuple[DimensionSettings, ...]) -> list[dict[str, str | None]]:
    return [
        {"pattern": glob(each.glob).text} if each.glob else {"name": each.name, "default": each.default}
        for each in dimensions
    ]


def _repeated(
    key: str, dimensions: tuple[DimensionSettings, ...], others: tuple[DimensionSettings, ...]
) -> Iterable[tuple[str, str]]:
    """Names that a series would have twice."""
    names = {*_OWN, *(each.name for each in others if each.name)}
    globs = [each.glob for each in (*others, *dimensions) if each.glob]
    for at, each in enumerate(dimensions):
        if each.name in names:
            yield f"{key}.{at}.name", f"`{each.name}` is a dimension already"
        elif each.name and (found := next((text for text in globs if _covers(text, each.name)), "")):
            yield f"{key}.{at}.name", f"`{each.name}` is a dimension already, by the pattern `{found}`"
        elif each.name:
            names.add(each.name)


def _covers(pattern: str, name: str) -> bool:
    try:
        return glob(pattern).search(name)
    except OttlError:
        return False  # told where the pattern stands
