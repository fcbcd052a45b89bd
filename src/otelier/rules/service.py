"""All that evaluates rules and tells of alerts, put together: what the query process runs besides answering.

It reads `prometheus.yml` for rules, intervals, external labels and Alertmanagers, adds the rules that are shipped, and
implements `query.rules_state.RulesState`.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ..component import Clock, ConfigError, Location, Meter, Problem
from ..query import rules_state
from ..query.promql.labels import labels_of
from ..scrape.config import AlertingConfig, PrometheusConfig, RulesSettings, load_config
from ..scrape.relabel import Relabelling
from ..storage.directory import DEFAULT_TENANT
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
        sources: Callable[[str], Sources],
        append: Append,
        clock: Clock,
        meter: Meter,
        directory: Path,
    ) -> None:
        """`config`: `prometheus.yml`, or where it is. `sources`: of a tenant. `directory`: where silences are kept.
        Raises OSError where they can't be read."""
        self._settings = settings
        self._config = config
        self._sources = sources
        self._append = append
        self._clock = clock
        self._meter = meter
        self.silences = Silences(directory / "silences.json", clock)
        self._lock = threading.Lock()
        self._tellers: list[_Teller] = []
        self._rules: Rules | None = None
        self._read: object = None

    def start(self) -> None:
        """Evaluate. Where a file is wrong that is logged, and the rules that are shipped run without the others."""
        try:
            self.reload()
        except ConfigError as error:
            _log.error("rules are not evaluated until this is repaired and reloaded:\n%s", error)
            with self._lock:
                self._replace(self._shipped(Defaults()), PrometheusConfig())

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
            for each in self._tellers:
                each.stop()

    def groups(self, tenant: str) -> Sequence[rules_state.RuleGroup]:
        """In the order of their files."""
        rules = self._rules
        return rules.groups(tenant) if rules else ()

    def alertmanagers(self) -> tuple[Sequence[str], Sequence[str]]:
        """URLs of those that are told, and of those that relabelling dropped."""
        found = [each.urls() for each in self._tellers]
        return [url for active, _ in found for url in active], [url for _, dropped in found for url in dropped]

    def _files(self) -> tuple[list[RuleGroup], PrometheusConfig]:
        """Raises ConfigError."""
        config, folder = self._config, Path()
        if isinstance(config, str):
            folder = Path(config).expanduser().parent
            config = load_config(Path(config).expanduser())
        given = config.global_
        defaults = Defaults(round(given.evaluation_interval * 1000), round(given.rule_query_offset * 1000))
        paths = [*expand(config.rule_files, folder), *expand(self._settings.rule_files, Path())]
        groups = read_files(dict.fromkeys(paths), defaults)
        for tenant, of_tenant in self._settings.tenants.items():
            read = read_files(dict.fromkeys(expand(of_tenant.rule_files, Path())), defaults)
            groups += [replace(each, tenant=tenant) for each in read]
        return groups + self._shipped(defaults), config

    def _shipped(self, defaults: Defaults) -> list[RuleGroup]:
        settings = self._settings
        whose = [name for name, each in ((DEFAULT_TENANT, settings), *settings.tenants.items()) if each.shipped]
        shipped = shipped_rules(defaults) if whose else []
        return [replace(each, tenant=tenant) for tenant in whose for each in shipped]

    def _replace(self, groups: list[RuleGroup], config: PrometheusConfig) -> None:
        settings = self._settings
        shared = (config.alerting, config.global_.external_labels)
        if self._rules is not None and shared == self._read:
            self._rules.reload(groups)
            return
        tellers = self._made_tellers(config.alerting, config.global_.external_labels)
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
        before, self._tellers, self._read = self._tellers, tellers, shared
        for each in tellers:
            each.start()
        for each in before:
            each.stop()
        if self._rules is None:
            self._rules = Rules(groups, around, self._meter)
            self._rules.start()
        else:
            self._rules.reload(groups, around)

    def _made_tellers(self, alerting: AlertingConfig, external_labels: dict[str, str]) -> list[_Teller]:
        """Raises ConfigError."""
        settings = self._settings
        relabelling = Relabelling(alerting.alert_relabel_configs)
        outward = Outward(external_labels, settings.external_url, relabelling)
        clock, meter, made = self._clock, self._meter, list[_Teller]()
        try:
            if alerting.alertmanagers:
                made.append(Alertmanagers(alerting.alertmanagers, outward, clock, meter))
            if settings.notify.receivers or not made:
                made.append(Dispatcher(settings.notify, outward, self.silences, clock, meter, settings.external_url))
        except ValueError as error:
            raise ConfigError([Problem(str(error), Location("who is told of alerts"))]) from error
        return made

    def _notify(self, tenant: str, notices: Sequence[Notice]) -> None:
        if tenant != DEFAULT_TENANT:
            notices = [_of_tenant(tenant, each) for each in notices]
        for each in self._tellers:
            each.notify(notices)


def _of_tenant(tenant: str, notice: Notice) -> Notice:
    """Receivers are the same for all, so the alert says whose it is, unless it does so itself."""
    return replace(notice, labels=labels_of({"tenant": tenant, **dict(notice.labels)}.items()))
