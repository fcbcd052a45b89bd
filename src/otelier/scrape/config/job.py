"""`scrape_configs[]`: one job, and what it comes to with the global defaults."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from ...component import ByteSize, PrometheusDuration
from ..relabel import NameScheme, RelabelRule
from .client import HttpClientSettings
from .defaults import PROTOCOLS, Escaping, Protocol, ScrapeDefaults, default_problems
from .discovery import DnsSd, FileSd, HttpSd, KubernetesSd, StaticTargets

_ELSEWHERE = (
    "aws", "azure", "consul", "digitalocean", "docker", "dockerswarm", "ec2", "eureka", "gce", "hetzner", "ionos",
    "kuma", "lightsail", "linode", "marathon", "nerve", "nomad", "oci", "openstack", "outscale", "ovhcloud", "puppetdb",
    "scaleway", "serverset", "stackit", "triton", "uyuni", "vultr",
)  # fmt: skip
"""Discovery that Prometheus has and Otelier has not."""


class ScrapeJob(HttpClientSettings):
    """`scrape_configs[]`: targets, and how they are scraped. Keys that `global` has too count before those there."""

    job_name: str
    """Becomes the label `job`."""
    scrape_interval: PrometheusDuration | None = None
    """From one scrape of a target to the next; default: the global one."""
    scrape_timeout: PrometheusDuration | None = None
    """Longest time of one scrape; default: the global one, or the interval if that is shorter."""
    metrics_path: str = "/metrics"
    """Path of the URL."""
    scheme: Literal["http", "https"] = "http"
    """Scheme of the URL."""
    params: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict[str, tuple[str, ...]])
    """Query parameters of the URL."""
    honor_labels: bool = False
    """Where a series has a label that the target has too, keep the series' one; otherwise it becomes `exported_…`."""
    honor_timestamps: bool = True
    """Keep the timestamps that samples come with."""
    track_timestamps_staleness: bool = False
    """Write stale markers for series with timestamps of their own, too."""
    enable_compression: bool = True
    """Ask for gzip."""
    fallback_scrape_protocol: Protocol | None = None
    """What an answer is whose Content-Type is missing or unknown; without it such a scrape fails."""
    native_histogram_bucket_limit: int = 0
    """Most buckets of a native histogram; where there are more, neighbours become one, and if that is not possible the
    scrape fails. 0 = no limit."""
    native_histogram_min_bucket_factor: float = 0.0
    """By how much each bucket of a native histogram is larger than the one before, at least; finer ones become one."""
    scrape_protocols: tuple[Protocol, ...] | None = None
    """Formats to ask for, the most wanted first."""
    scrape_native_histograms: bool | None = None
    """Take native histograms, and ask for protobuf first."""
    always_scrape_classic_histograms: bool | None = None
    """Where a histogram is native too, take its classic buckets as well."""
    convert_classic_histograms_to_nhcb: bool | None = None
    """Make native histograms with custom buckets of classic ones. Not done by this version."""
    extra_scrape_metrics: bool | None = None
    """Also write scrape_timeout_seconds, scrape_sample_limit and scrape_body_size_bytes of each target."""
    body_size_limit: ByteSize | None = None
    """A scrape whose answer is larger fails; 0 = no limit."""
    sample_limit: int | None = None
    """A scrape with more samples after relabelling fails; 0 = no limit."""
    target_limit: int | None = None
    """Where more targets are found, every scrape of the job fails; 0 = no limit."""
    label_limit: int | None = None
    """A scrape with a series of more labels fails; 0 = no limit."""
    label_name_length_limit: int | None = None
    """A scrape with a longer label name fails; 0 = no limit."""
    label_value_length_limit: int | None = None
    """A scrape with a longer label value fails; 0 = no limit."""
    keep_dropped_targets: int | None = None
    """Show so many targets that relabelling dropped; 0 = all."""
    metric_name_validation_scheme: NameScheme | Literal[""] = ""
    """utf8 (default): any text is a name; legacy: letters, digits, `_` and `:`."""
    metric_name_escaping_scheme: Escaping | Literal[""] = ""
    """What targets are asked to make of other names."""
    scrape_failure_log_file: str = ""
    """Taken and ignored: failures are in Otelier's log and on the targets page."""
    static_configs: tuple[StaticTargets, ...] = ()
    """Targets that are written down."""
    file_sd_configs: tuple[FileSd, ...] = ()
    """Lists of targets in files."""
    http_sd_configs: tuple[HttpSd, ...] = ()
    """Lists of targets that are asked for."""
    dns_sd_configs: tuple[DnsSd, ...] = ()
    """Names that are looked up."""
    kubernetes_sd_configs: tuple[KubernetesSd, ...] = ()
    """Objects of a Kubernetes cluster."""
    relabel_configs: tuple[RelabelRule, ...] = ()
    """Which targets are scraped, and what labels they have."""
    metric_relabel_configs: tuple[RelabelRule, ...] = ()
    """Which series are kept, and what labels they have."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What each job needs."""
        yield from super().problems()
        yield from default_problems(self)
        if not self.job_name:
            yield "job_name", "must not be empty"
        if self.scrape_interval is not None and not self.scrape_interval:
            yield "scrape_interval", "must be above 0"
        if self.scrape_interval and self.scrape_timeout and self.scrape_timeout > self.scrape_interval:
            yield "scrape_timeout", f"must not be longer than scrape_interval ({self.scrape_interval})"
        if self.native_histogram_min_bucket_factor < 0:
            yield "native_histogram_min_bucket_factor", "must not be negative"
        if self.native_histogram_bucket_limit < 0:
            yield "native_histogram_bucket_limit", "must not be negative"

    @property
    def max_schema(self) -> int | None:
        """The finest schema of native histograms; None: any."""
        if self.native_histogram_min_bucket_factor <= 1:
            return None
        return min(max(math.floor(-math.log2(math.log2(self.native_histogram_min_bucket_factor))), -4), 8)

    @classmethod
    def instead_of(cls, key: str) -> str:
        """Discovery that Otelier has not."""
        if key.removesuffix("_sd_configs") in _ELSEWHERE and key.endswith("_sd_configs"):
            return (
                "this discovery is not built in; let a program write the targets for file_sd_configs, or serve them "
                "for http_sd_configs"
            )
        return ""


@dataclass(frozen=True, slots=True)
class Job:
    """A job with all defaults filled in; limits of 0 are no limits."""

    config: ScrapeJob
    interval_s: float
    timeout_s: float
    protocols: tuple[Protocol, ...]
    native_histograms: bool
    classic_histograms: bool
    extra_metrics: bool
    body_size_limit: int
    sample_limit: int
    target_limit: int
    label_limit: int
    label_name_length_limit: int
    label_value_length_limit: int
    keep_dropped_targets: int
    names: NameScheme
    escaping: Escaping

    @property
    def name(self) -> str:
        """As it is configured."""
        return self.config.job_name


def resolved(job: ScrapeJob, defaults: ScrapeDefaults, interval_s: float, timeout_s: float) -> Job:
    """`defaults` are the global ones, as are interval and time-out."""
    interval = float(job.scrape_interval or interval_s)
    names: NameScheme = job.metric_name_validation_scheme or defaults.metric_name_validation_scheme or "utf8"
    escaping = job.metric_name_escaping_scheme or defaults.metric_name_escaping_scheme
    native = _either(job.scrape_native_histograms, defaults.scrape_native_histograms)
    protocols = job.scrape_protocols or defaults.scrape_protocols
    return Job(
        config=job,
        interval_s=interval,
        timeout_s=float(job.scrape_timeout or min(timeout_s, interval)),
        protocols=protocols or (("PrometheusProto", *PROTOCOLS) if native else PROTOCOLS),
        native_histograms=native,
        classic_histograms=_either(job.always_scrape_classic_histograms, defaults.always_scrape_classic_histograms),
        extra_metrics=_either(job.extra_scrape_metrics, defaults.extra_scrape_metrics),
        body_size_limit=int(_limit("body_size_limit", job, defaults)),
        sample_limit=_limit("sample_limit", job, defaults),
        target_limit=_limit("target_limit", job, defaults),
        label_limit=_limit("label_limit", job, defaults),
        label_name_length_limit=_limit("label_name_length_limit", job, defaults),
        label_value_length_limit=_limit("label_value_length_limit", job, defaults),
        keep_dropped_targets=_limit("keep_dropped_targets", job, defaults),
        names=names,
        escaping=escaping or ("underscores" if names == "legacy" else "allow-utf-8"),
    )


def _either(own: bool | None, default: bool | None) -> bool:
    return bool(default if own is None else own)


def _limit(key: str, job: ScrapeJob, defaults: ScrapeDefaults) -> int:
    # As in Prometheus, a job can't lift a global limit by 0.
    return getattr(job, key) or getattr(defaults, key) or 0
