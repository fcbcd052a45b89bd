"""prometheus: scrape targets as Prometheus does, and hand on what they say as OTLP metrics.

`config` is a prometheus.yml, written here: `$` is doubled, also in relabelling. Histograms, summaries and native
histograms become one point each, labels `job` and `instance` and what `target_info` says attributes of the resource; a
series that has gone, or a scrape that has failed, ends in a point without a value. What the pipelines refuse is lost:
there will be another scrape soon.
"""

from collections.abc import Iterable, Sequence

import msgspec

from .._core import Scraped
from ..component import Config, OtelierError, Receiver, receiver
from ..scrape.config import PrometheusConfig
from ..scrape.scraper import Scraper
from ..scrape.series import AsOtlp
from ..telemetry import Intake


class PrometheusReceiverConfig(Config):
    config: PrometheusConfig
    """As Prometheus's own; `rule_files`, `alerting` and `storage` have no meaning here."""
    trim_metric_suffixes: bool = False
    """Names without their unit and `_total`."""
    use_start_time_metric: bool = False
    """Taken and ignored: start times are those that targets say, else the time of the first point."""
    start_time_metric_regex: str = ""
    """Taken and ignored."""
    report_extra_scrape_metrics: bool = False
    """Older form of `config.global.extra_scrape_metrics`."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Something to scrape, and what is not done by a receiver."""
        if not self.config.scrape_configs:
            yield "config", "has no scrape_configs: there is nothing to scrape"
        for key in ("rule_files", "scrape_config_files"):
            if getattr(self.config, key):
                yield f"config.{key}", "can't be used in a receiver: remove it"

    @classmethod
    def instead_of(cls, key: str) -> str:
        """What needs other programs."""
        return {
            "target_allocator": "Otelier has no target allocator: share targets by `hashmod` in relabel_configs",
            "api_server": "for a targets page use the extension otelier_prometheus",
        }.get(key, "")


@receiver("prometheus", signals=["metrics"], stability="beta")
class Prometheus(Receiver):
    cfg: PrometheusReceiverConfig

    def setup(self) -> None:
        self._scraper = Scraper(self.ctx, self._hand_on, AsOtlp(trim=self.cfg.trim_metric_suffixes))
        labels = {"receiver": str(self.ctx.id), "transport": "http"}
        counter = self.ctx.meter.counter
        self._accepted = counter(
            "otelcol_receiver_accepted_metric_points", "{item}", "metric_points taken by the pipelines."
        )
        self._refused = counter(
            "otelcol_receiver_refused_metric_points", "{item}", "metric_points refused by the pipelines."
        )
        self._failed = counter(
            "otelcol_receiver_failed_metric_points", "{item}", "metric_points lost to an error inside Otelier."
        )
        self._labels = labels

    def start(self) -> None:
        self._scraper.start()
        self._scraper.apply(self._config())

    def stop(self, deadline: float) -> None:
        self._scraper.stop()

    def _config(self) -> PrometheusConfig:
        config = self.cfg.config
        if not self.cfg.report_extra_scrape_metrics:
            return config
        extra = msgspec.structs.replace(config.global_, extra_scrape_metrics=True)
        return msgspec.structs.replace(config, global_=extra)

    def _hand_on(self, scraped: Sequence[Scraped]) -> None:
        # One scrape after the other, so that one that is refused takes no other with it.
        for each in scraped:
            batch = Intake.read("metrics", each.otlp, "protobuf").batch
            if not batch:
                continue
            try:
                self.outputs["metrics"].consume(batch)
            except OtelierError as error:
                self._refused.add(batch.items, **self._labels)
                self.ctx.log.warning("a scrape is lost, because the pipelines refused it: %s", error)
            except Exception:
                self._failed.add(batch.items, **self._labels)
                self.ctx.log.exception("a component failed on %d points of a scrape", batch.items)
            else:
                self._accepted.add(batch.items, **self._labels)
