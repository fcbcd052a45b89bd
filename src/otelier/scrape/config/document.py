"""The whole of `prometheus.yml`."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from ...component import Config, PrometheusDuration, Remark
from .alerting import AlertingConfig
from .defaults import ScrapeDefaults
from .job import Job, ScrapeJob, resolved

_SEND = "Otelier does not send by prometheus.yml: put a prometheusremotewrite exporter into a pipeline of its own"


class GlobalSettings(ScrapeDefaults):
    """`global`: defaults of all jobs and rules."""

    scrape_interval: PrometheusDuration = PrometheusDuration(60)
    """From one scrape of a target to the next."""
    scrape_timeout: PrometheusDuration = PrometheusDuration(10)
    """Longest time of one scrape."""
    evaluation_interval: PrometheusDuration = PrometheusDuration(60)
    """From one evaluation of rules to the next."""
    rule_query_offset: PrometheusDuration = PrometheusDuration(0)
    """Rules look at what was so long ago."""
    external_labels: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Labels of alerts, and of what is sent elsewhere; `$NAME` and `${NAME}` are taken from the environment."""
    query_log_file: str = ""
    """Taken and ignored."""
    runtime: Any = None
    """Taken and ignored."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Intervals."""
        yield from super().problems()
        for key in ("scrape_interval", "evaluation_interval"):
            if not getattr(self, key):
                yield key, "must be above 0"
        if self.scrape_timeout > self.scrape_interval and self.scrape_timeout != PrometheusDuration(10):
            yield "scrape_timeout", f"must not be longer than scrape_interval ({self.scrape_interval})"


class OtlpSettings(Config):
    """`otlp`: how OTLP metrics become series."""

    promote_resource_attributes: tuple[str, ...] = ()
    """Resource attributes that become labels of every series."""
    promote_all_resource_attributes: bool = False
    """All of them do."""
    ignore_resource_attributes: tuple[str, ...] = ()
    """Except for these."""
    keep_identifying_resource_attributes: bool = False
    """Also write service.name, service.namespace and service.instance.id into target_info."""
    promote_scope_metadata: bool = False
    """Name, version, schema URL and attributes of the scope become labels."""
    translation_strategy: Literal[
        "UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes", "NoUTF8EscapingWithSuffixes",
        "NoTranslation",
    ] = "UnderscoreEscapingWithSuffixes"  # fmt: skip
    """How names are made."""
    convert_histograms_to_nhcb: bool = False
    """Make native histograms with custom buckets of explicit ones."""
    label_name_underscore_sanitization: bool = True
    """Labels that begin with an underscore get `key` in front."""
    label_name_preserve_multiple_underscores: bool = True
    """Several underscores in a row stay."""


class RetentionSettings(Config):
    """`storage.tsdb.retention`."""

    time: PrometheusDuration | None = None
    """Samples older than this are deleted."""
    size: str = ""
    """Oldest samples are deleted when there are more bytes than this, such as 50GB."""
    percentage: float = 0
    """Of the disk."""


class TsdbSettings(Config):
    """`storage.tsdb`."""

    out_of_order_time_window: PrometheusDuration = PrometheusDuration(0)
    """Taken and not needed: samples are taken in any order."""
    retention: RetentionSettings = RetentionSettings()
    """How long samples are kept."""
    chunk_encoding: Any = None
    """Taken and ignored."""
    stale_series_compaction_threshold: float = 0
    """Taken and ignored."""


class ExemplarSettings(Config):
    """`storage.exemplars`."""

    max_exemplars: int = 100_000
    """Taken and not needed: exemplars are kept as long as samples."""


class StorageSettings(Config):
    """`storage`: what is kept, and how long."""

    tsdb: TsdbSettings = TsdbSettings()
    """Samples."""
    exemplars: ExemplarSettings = ExemplarSettings()
    """Exemplars."""


class PrometheusConfig(Config):
    """`prometheus.yml`."""

    global_: GlobalSettings = msgspec.field(name="global", default=GlobalSettings())
    """Defaults of all jobs and rules."""
    scrape_configs: tuple[ScrapeJob, ...] = ()
    """What is scraped."""
    scrape_config_files: tuple[str, ...] = ()
    """Files with more `scrape_configs`; names may hold `*`."""
    rule_files: tuple[str, ...] = ()
    """Files with rules; names may hold `*`."""
    alerting: AlertingConfig = AlertingConfig()
    """Where alerts are sent."""
    storage: StorageSettings = StorageSettings()
    """What is kept, and how long."""
    otlp: OtlpSettings = OtlpSettings()
    """How OTLP metrics become series."""
    remote_write: tuple[Any, ...] = ()
    """Not done; see the hint."""
    remote_read: tuple[Any, ...] = ()
    """Not done."""
    tracing: Any = None
    """Taken and ignored."""
    runtime: Any = None
    """Taken and ignored."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Names of jobs, and what has to be done elsewhere."""
        seen: set[str] = set()
        for i, job in enumerate(self.scrape_configs):
            if job.job_name in seen:
                yield f"scrape_configs.{i}.job_name", f"two jobs are called {job.job_name!r}"
            seen.add(job.job_name)
            interval = job.scrape_interval or self.global_.scrape_interval
            if job.scrape_timeout and job.scrape_timeout > interval:
                yield f"scrape_configs.{i}.scrape_timeout", f"must not be longer than the interval ({interval})"
        if self.remote_write:
            yield "remote_write", _SEND
        if self.remote_read:
            yield "remote_read", "Otelier reads only its own store: remove it"

    def remarks(self) -> Iterable[Remark]:
        """What is taken and does nothing."""
        for key in ("tracing", "runtime"):
            if getattr(self, key):
                yield Remark(key, "is taken and does nothing here")

    def jobs(self) -> list[Job]:
        """All jobs, each with its defaults filled in."""
        given = self.global_
        return [resolved(job, given, given.scrape_interval, given.scrape_timeout) for job in self.scrape_configs]
