"""Keys of `prometheus.yml` that stand in `global` for all jobs and in each job for itself."""

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from ...component import ByteSize, Config
from ..relabel import NameScheme

Protocol: TypeAlias = Literal[
    "PrometheusProto", "PrometheusText0.0.4", "PrometheusText1.0.0", "OpenMetricsText0.0.1", "OpenMetricsText1.0.0"
]
Escaping: TypeAlias = Literal["allow-utf-8", "underscores", "dots", "values"]
PROTOCOLS: tuple[Protocol, ...] = (
    "OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0", "PrometheusText0.0.4",
)  # fmt: skip
"""Asked for in this order; with native histograms protobuf comes first."""

_LIMITS = (
    "sample_limit", "target_limit", "label_limit", "label_name_length_limit", "label_value_length_limit",
    "keep_dropped_targets",
)  # fmt: skip


class ScrapeDefaults(Config):
    """Keys that `global` and each job have; a job's count."""

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

    def problems(self) -> Iterable[tuple[str, str]]:
        """Those of the keys."""
        yield from default_problems(self)


def default_problems(keys: Any) -> Iterable[tuple[str, str]]:
    """Limits, protocols, and what is not built."""
    for key in _LIMITS:
        if (getattr(keys, key) or 0) < 0:
            yield key, "must not be negative"
    wanted = keys.scrape_protocols
    if wanted is not None and (not wanted or len(set(wanted)) < len(wanted)):
        yield "scrape_protocols", "must name at least one, and each once"
    if keys.convert_classic_histograms_to_nhcb:
        yield "convert_classic_histograms_to_nhcb", "is not done by this version: remove it, or set it to false"
    if keys.metric_name_validation_scheme == "legacy" and keys.metric_name_escaping_scheme == "allow-utf-8":
        yield "metric_name_escaping_scheme", "legacy names go with underscores, dots or values"
