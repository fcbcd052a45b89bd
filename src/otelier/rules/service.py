"""All that evaluates rules and tells of alerts, put together: what the query process runs besides answering.

It reads `prometheus.yml` for rules, intervals, external labels and Alertmanagers, adds the rules that are shipped, and
implements `query.rules_state.RulesState`.
"""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ..component import Clock, ConfigError, Meter
from ..query import rules_state
from ..scrape.config import AlertingConfig, PrometheusConfig, RulesSettings, load_config
from ..scrape.relabel import Relabelling
from .alerts import Notice
from .definitions import Defaults, RuleGroup
from .files import expand, read_files
from .group import Append, Surroundings
from .notify.alertmanager import Alertmanagers
from .notify.dispatch import Dispatcher
from .notify.silences import Silences
from .notify.told import Outward
from .schedule import Rules
from .shipped import shipped_rules
from .sources import Sources

_log = logging.getLogger(__name__)


class _Teller(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def notify(self, notices: Sequence[Notice]) -> None: ...
    def urls(self) -> tuple[list[str], list[str]]: ...


class RuleService:
    """One life: made → `start` → `reload`… → `stop`. All but these may be asked from any thread."""

    def __init__(
        self,
        settings: RulesSettings,
        config: str | PrometheusConfig,
        sources: Sources,
        append: Append,
        clock: Clock,
        meter: Meter,
        directory: Path,
        tenant: str = "default",
    ) -> None:
        """`config`: `prometheus.yml`, or where it is. `directory`: where silences are kept. Raises OSError where they
        can't be read."""
        self._settings = settings
        self._config = config
        self._sources = sources
        self._append = append
        self._clock = clock
        self._meter = meter
        self._tenant = tenant
        self.silences = Silences(directory / "silences.json", clock)
        self._lock = threading.Lock()
        self._teller: _Teller | None = None
        self._rules: Rules | None = None
        self._read: object = None

    def start(self) -> None:
        """Evaluate. Where a file is wrong that is logged, and the rules that are shipped run without the others."""
        try:
            groups, config = self._files()
        except ConfigError as error:
            _log.error("rules are not evaluated until this is repaired and reloaded:\n%s", error)
            groups, config = self._shipped(Defaults()), PrometheusConfig()
        with self._lock:
            self._replace(groups, config)

    def reload(self) -> None:
        """Read all files anew; groups that are the same go on. Raises ConfigError; then nothing has changed."""
        groups, config = self._files()
        with self._lock:
            self._replace(groups, config)

    def stop(self) -> None:
        """Evaluate and tell no more."""
        with self._lock:
            if self._rules:
                self._rules.stop()
            if self._teller:
                self._teller.stop()

    def groups(self, tenant: str) -> Sequence[rules_state.RuleGroup]:
        """In the order of their files."""
        rules = self._rules
        return rules.groups(tenant) if rules else ()

    def alertmanagers(self) -> tuple[Sequence[str], Sequence[str]]:
        """URLs of those that are told, and of those that relabelling dropped."""
        teller = self._teller
        return teller.urls() if teller else ((), ())

    def _files(self) -> tuple[list[RuleGroup], PrometheusConfig]:
        """Raises ConfigError."""
        config, folder = self._config, Path()
        if isinstance(config, str):
            folder = Path(config).expanduser().parent
            config = load_config(Path(config).expanduser())
        given = config.global_
        defaults = Defaults(round(given.evaluation_interval * 1000), round(given.rule_query_offset * 1000))
        paths = [*expand(config.rule_files, folder), *expand(self._settings.rule_files, Path())]
        return read_files(dict.fromkeys(paths), defaults) + self._shipped(defaults), config

    def _shipped(self, defaults: Defaults) -> list[RuleGroup]:
        return shipped_rules(defaults) if self._settings.shipped else []

    def _replace(self, groups: list[RuleGroup], config: PrometheusConfig) -> None:
        settings = self._settings
        shared = (config.alerting, config.global_.external_labels)
        if self._rules is not None and shared == self._read:
            self._rules.reload(groups)
            return
        teller = self._made_teller(config.alerting, config.global_.external_labels)
        around = Surroundings(
            clock=self._clock,
            sources=self._sources,
            append=self._append,
            notify=self._notify,
            external_labels=config.global_.external_labels,
            external_url=settings.external_url,
            resend_ms=round(settings.resend_delay * 1000),
            outage_ms=round(settings.for_outage_tolerance * 1000),
            grace_ms=round(settings.for_grace_period * 1000),
        )
        before, self._teller, self._read = self._teller, teller, shared
        teller.start()
        if before is not None:
            before.stop()
        if self._rules is None:
            self._rules = Rules(groups, around, self._tenant, self._meter)
            self._rules.start()
        else:
            self._rules.reload(groups, around)

    def _made_teller(self, alerting: AlertingConfig, external_labels: dict[str, str]) -> _Teller:
        settings = self._settings
        relabelling = Relabelling(alerting.alert_relabel_configs)
        outward = Outward(external_labels, settings.external_url, relabelling)
        if alerting.alertmanagers:
            return Alertmanagers(alerting.alertmanagers, outward, self._clock, self._meter)
        return Dispatcher(settings.notify, outward, self.silences, self._clock, self._meter, settings.external_url)

    def _notify(self, notices: Sequence[Notice]) -> None:
        teller = self._teller
        if teller is not None:
            teller.notify(notices)
