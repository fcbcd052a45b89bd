"""One target's series: an answer becomes samples, with the target's labels and after relabelling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from .._core import Fetched, ScrapeCache, Scraped
from .config import Job
from .relabel import LabelSet, Relabelling, valid_name
from .target import Target

NAME = "__name__"
_REPORTS = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)
_EXTRA_REPORTS = ("scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes")
Format = Literal["text", "openmetrics", "protobuf"]
_OF_PROTOCOL: Mapping[str, Format] = {
    "PrometheusProto": "protobuf",
    "PrometheusText0.0.4": "text",
    "PrometheusText1.0.0": "text",
    "OpenMetricsText0.0.1": "openmetrics",
    "OpenMetricsText1.0.0": "openmetrics",
}
_MEDIA_TYPES = {
    "PrometheusProto": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    "PrometheusText0.0.4": "text/plain;version=0.0.4",
    "PrometheusText1.0.0": "text/plain;version=1.0.0",
    "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
    "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
}


def accept_header(job: Job) -> str:
    """What a target is asked for, the most wanted first."""
    weight = len(job.protocols) + 1
    wanted: list[str] = []
    for protocol in job.protocols:
        escaping = f";escaping={job.escaping}" if protocol.endswith("1.0.0") else ""
        wanted.append(f"{_MEDIA_TYPES[protocol]}{escaping};q=0.{weight}")
        weight -= 1
    return ",".join([*wanted, f"*/*;q=0.{weight}"])


def format_of(content_type: str, fallback: str | None) -> Format:
    """How an answer is written. Raises ValueError."""
    media_type, *parameters = [part.strip().lower() for part in content_type.split(";")]
    if media_type == "text/plain":
        return "text"
    if media_type == "application/openmetrics-text":
        return "openmetrics"
    if media_type == "application/vnd.google.protobuf" and "encoding=delimited" in parameters:
        return "protobuf"
    if fallback:
        return _OF_PROTOCOL[fallback]
    said = f"an unknown Content-Type {content_type!r}" if content_type else "no Content-Type"
    raise ValueError(f"the answer has {said}; say what it is by fallback_scrape_protocol")


@dataclass(frozen=True, slots=True)
class AsOtlp:
    """What comes of scrapes is OTLP."""

    trim: bool = False
    """Names without units and `_total`."""


class TargetSeries:
    """What one target has exposed, from scrape to scrape."""

    def __init__(self, job: Job, target: Target, relabelling: Relabelling, otlp: AsOtlp | None = None) -> None:
        """`relabelling`: that of the series (`metric_relabel_configs`). `otlp`: make OTLP instead of samples."""
        self._job = job
        self._labels = dict(target.labels)
        self._relabelling = relabelling
        reports = (*_REPORTS, *(_EXTRA_REPORTS if job.extra_metrics else ()))
        self._timeout_s = target.timeout_s
        self._cache = ScrapeCache(
            [[(NAME, name), *self._labels.items()] for name in reports],
            resource=_resource(target) if otlp else None,
            trim=bool(otlp and otlp.trim),
        )
        self._told = False

    def take(self, answer: Fetched | bytes, content_type: str, now_ms: int, took_s: float) -> Scraped:
        """The samples of an answer. Raises ValueError; then nothing of it counts, and `fail` is to be called."""
        job = self._job
        written = format_of(content_type, job.config.fallback_scrape_protocol)
        unknown = self._cache.read(
            answer, written, native=job.native_histograms, classic=job.classic_histograms or not job.native_histograms
        )
        if unknown:
            self._cache.learn([self._final(labels) for labels in unknown])
        done = self._cache.finish(
            now_ms,
            took_s,
            self._extra(len(answer)),
            honor_timestamps=job.config.honor_timestamps,
            track_timestamps=job.config.track_timestamps_staleness,
            sample_limit=job.sample_limit,
            bucket_limit=job.config.native_histogram_bucket_limit,
            max_schema=job.config.max_schema,
            metadata=not self._told or bool(unknown),
        )
        self._told = True
        return done

    def fail(self, now_ms: int, took_s: float) -> Scraped:
        """The scrape has failed."""
        return self._cache.fail(now_ms, took_s, self._extra(0))

    def end(self, now_ms: int) -> Scraped:
        """The target has gone."""
        return self._cache.end(now_ms)

    def metadata(self) -> list[tuple[str, str, str, str]]:
        """Family, type, help and unit of what it exposes."""
        return self._cache.metadata()

    def _extra(self, size: int) -> list[float]:
        return [self._timeout_s, float(self._job.sample_limit), float(size)] if self._job.extra_metrics else []

    def _final(self, given: Sequence[tuple[str, str]]) -> list[tuple[str, str]] | None:
        """Labels as they are stored; None drops the series. Raises ValueError where a limit is exceeded."""
        labels = dict(given)
        if self._job.config.honor_labels:
            labels = self._labels | labels
        else:
            self._with_targets(labels)
        if self._relabelling and not self._relabelling(labels):
            return None
        if not labels:
            return None
        self._check(labels)
        return list(labels.items())

    def _with_targets(self, labels: LabelSet) -> None:
        """The target's labels count, what they replace becomes `exported_…`."""
        for name in [name for name in self._labels if name in labels]:
            renamed = f"exported_{name}"
            while renamed in labels or renamed in self._labels:
                renamed = f"exported_{renamed}"
            labels[renamed] = labels.pop(name)
        labels.update(self._labels)

    def _check(self, labels: LabelSet) -> None:
        job = self._job
        if not labels.get(NAME):
            raise ValueError(f"relabelling left a series without a name: {labels}")
        if job.names == "legacy":
            wrong = [name for name in labels if not valid_name(name, "legacy")]
            if wrong or not valid_name(labels[NAME].replace(":", "_"), "legacy"):
                raise ValueError(f"{(wrong or [labels[NAME]])[0]!r} is no name by metric_name_validation_scheme legacy")
        if job.label_limit and len(labels) > job.label_limit:
            raise ValueError(f"a series has {len(labels)} labels, and label_limit is {job.label_limit}: {labels}")
        for name, value in labels.items():
            if job.label_name_length_limit and len(name.encode()) > job.label_name_length_limit:
                raise ValueError(f"label name {name!r} is longer than label_name_length_limit")
            if job.label_value_length_limit and len(value.encode()) > job.label_value_length_limit:
                raise ValueError(f"the value of label {name!r} is longer than label_value_length_limit: {value[:50]!r}")


def _resource(target: Target) -> list[tuple[str, str]]:
    """What the target is, in OpenTelemetry's words."""
    instance = target.labels.get("instance", "")
    place = urlsplit(f"//{instance}")
    scheme = urlsplit(target.url).scheme
    try:
        host, port = place.hostname or instance, str(place.port or {"http": 80, "https": 443}[scheme])
    except ValueError:  # an instance may be any text
        host, port = instance, ""
    found = {
        "service.name": target.labels.get("job", ""),
        "service.instance.id": instance,
        "server.address": host,
        "server.port": port,
        "url.scheme": scheme,
    }
    return [(key, value) for key, value in found.items() if value]
