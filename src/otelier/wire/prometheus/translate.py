"""OTLP metrics become series, as the OpenTelemetry specification's compatibility rules say.

Rules: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/. Delta values are refused,
because a series has no place for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
)

from .exemplars import exemplar
from .histograms import classic, custom, native, summary
from .labels import IDENTIFYING, NAME, STALE, attribute_labels, identity_labels, scope_labels, sealed
from .names import Translation, family_name, label_name, metric_name
from .series import Family, Labels, Sample, Series

_NO_VALUE = 1
"""The flag of a data point that only says that its series ends."""


@dataclass(slots=True)
class Translated:
    """What a request has become."""

    series: dict[Labels, Series] = field(default_factory=dict[Labels, Series])
    families: dict[str, Family] = field(default_factory=dict[str, Family])
    refused: int = 0
    """Data points without a translation."""
    reason: str = ""
    """Why, for the last of them."""

    def of(self, labels: Labels, family: str) -> Series:
        """The series with these labels."""
        if (found := self.series.get(labels)) is None:
            found = self.series[labels] = Series(labels, family=family)
        return found

    def refuse(self, points: int, reason: str) -> None:
        """Count what can't be translated."""
        self.refused += points
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Translator:
    """Options, and the translation itself."""

    how: Translation = field(default_factory=Translation)
    external_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names as the user wrote them; they fill in what a series does not have."""
    target_info: bool = True
    scope_info: bool = True
    resource_labels: bool = False
    """All resource attributes become labels of every series."""
    constant_labels: tuple[str, ...] = ()
    """Keys of resource attributes that do."""
    custom_buckets: bool = False
    """Explicit histograms become native ones with custom buckets."""
    classic_too: bool = False
    """… and stay classic ones as well."""

    def translate(self, request: ExportMetricsServiceRequest) -> Translated:
        """All series of a request, their samples in the order of time."""
        out = Translated()
        external = {label_name(key): value for key, value in self.external_labels.items()}
        for group in request.resource_metrics:
            self._resource(group, external, out)
        for series in out.series.values():
            series.samples.sort(key=lambda sample: sample.timestamp_ms)
            series.histograms.sort(key=lambda each: each.timestamp_ms)
        return out

    def _resource(self, group: ResourceMetrics, external: dict[str, str], out: Translated) -> None:
        resource = group.resource
        identity = identity_labels(resource)
        promoted = [each for each in resource.attributes if self.resource_labels or each.key in self.constant_labels]
        newest = 0
        for scope_group in group.scope_metrics:
            around = dict(external)
            if self.scope_info:
                around |= scope_labels(scope_group.scope, escapes=self.how.escapes)
            for metric in scope_group.metrics:
                translating = _MetricTranslation(self, metric, around, identity, promoted, out)
                newest = max(newest, translating.run())
        if newest and self.target_info:
            self._target_info(group, identity, external, newest, out)

    def _target_info(
        self, group: ResourceMetrics, identity: dict[str, str], external: dict[str, str], ns: int, out: Translated
    ) -> None:
        about = [each for each in group.resource.attributes if each.key not in IDENTIFYING]
        labels = external | attribute_labels(about, escapes=self.how.escapes) | identity
        if not about or not labels.keys() & {"job", "instance"}:
            return
        name = family_name("target_info", self.how)
        labels[NAME] = name
        out.of(sealed(labels), name).samples.append(Sample(1.0, ns // 1_000_000))
        out.families[name] = Family(name, 6, "Target metadata", "")


@dataclass(slots=True)
class _MetricTranslation:
    by: Translator
    metric: Metric
    around: dict[str, str]
    identity: dict[str, str]
    promoted: list[KeyValue]
    out: Translated

    def run(self) -> int:
        """Translate; answers the newest time of a data point in ns, 0 without one."""
        metric, out = self.metric, self.out
        kind = metric.WhichOneof("data")
        if kind is None:
            return 0
        data = getattr(metric, kind)
        newest: int = max((point.time_unix_nano for point in data.data_points), default=0)
        if kind not in ("gauge", "summary") and data.aggregation_temporality != AGGREGATION_TEMPORALITY_CUMULATIVE:
            out.refuse(
                len(data.data_points),
                f"{metric.name}: its temporality is not cumulative, and Prometheus knows no other: "
                "make it so where it is measured",
            )
            return newest
        name = metric_name(metric, self.by.how)
        if not name:
            out.refuse(len(data.data_points), f"{metric.name!r}: nothing of this name can be in a metric's name")
            return newest
        type_ = "gauge" if kind == "sum" and not metric.sum.is_monotonic else kind
        out.families[name] = Family(name, _TYPES[type_], metric.description, metric.unit)
        for point in data.data_points:
            self._point(kind, point, name)
        return newest

    def _point(self, kind: str, point: Any, name: str) -> None:
        labels = self._labels(point.attributes)
        at = point.time_unix_nano // 1_000_000
        ended = bool(point.flags & _NO_VALUE)
        if kind == "summary":
            summary(self.out, name, labels, point, at, ended)
        elif kind == "exponential_histogram":
            if problem := native(self.out, name, labels, point, at, ended):
                self.out.refuse(1, f"{self.metric.name}: {problem}")
        elif kind == "histogram":
            if not self.by.custom_buckets or self.by.classic_too:
                classic(self.out, name, labels, point, at, ended)
            if self.by.custom_buckets:
                custom(self.out, name, labels, point, at, ended, counts=not self.by.classic_too)
        else:
            self._number(point, name, labels, at, ended)

    def _number(self, point: NumberDataPoint, name: str, labels: dict[str, str], at: int, ended: bool) -> None:
        value = point.as_double if point.WhichOneof("value") == "as_double" else float(point.as_int)
        series = self.out.of(sealed(labels | {NAME: name}), name)
        series.samples.append(Sample(STALE if ended else value, at))
        if self.metric.sum.is_monotonic:
            series.exemplars += [exemplar(each) for each in point.exemplars]
        series.points += 1

    def _labels(self, attributes: "list[KeyValue]") -> dict[str, str]:
        by = self.by
        if self.promoted:
            own = {each.key: each for each in attributes} | {each.key: each for each in self.promoted}
            attributes = list(own.values())
        return self.around | attribute_labels(attributes, escapes=by.how.escapes) | self.identity


_TYPES = {"sum": 1, "gauge": 2, "histogram": 3, "exponential_histogram": 3, "summary": 5}
