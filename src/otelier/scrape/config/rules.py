"""Keys of rules and alerts: what is evaluated besides `prometheus.yml`, and who is told without an Alertmanager."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from ...component import Config, PrometheusDuration, Secret
from ...wire.prometheus.alert_matcher import BadMatcher, alert_matcher
from .client import HttpClientSettings

_MINUTE = 60


class WebhookConfig(HttpClientSettings):
    """`webhook`: JSON as Alertmanager posts it (version 4)."""

    url: Secret
    """Where it is posted to."""
    timeout: PrometheusDuration = PrometheusDuration(10)
    """Of one request."""
    max_alerts: Annotated[int, Meta(ge=0)] = 0
    """Most alerts of one message; 0: all."""


class SlackConfig(HttpClientSettings):
    """`slack`: a message to an incoming webhook of Slack, or of what understands the same."""

    api_url: Secret
    """The incoming webhook."""
    channel: str = ""
    """Another channel than the webhook's own."""
    username: str = "Otelier"
    """Who says it."""
    timeout: PrometheusDuration = PrometheusDuration(10)
    """Of one request."""


class EmailConfig(Config):
    """`email`: a mail by SMTP."""

    to: tuple[str, ...]
    """Who gets it."""
    from_: str = msgspec.field(name="from")
    """Who sends it."""
    smarthost: str
    """`host:port` of the server."""
    auth_username: str = ""
    """Name at the server; empty: none is asked for."""
    auth_password: Secret = Secret("")
    """Password at the server."""
    require_tls: bool = True
    """Send nothing where the server has no STARTTLS."""
    timeout: PrometheusDuration = PrometheusDuration(30)
    """Of one mail."""


class ReceiverConfig(Config):
    """`receivers[]`: one who is told, and of what."""

    name: str
    """Unique."""
    matchers: tuple[str, ...] = ()
    """Which alerts: `severity="page"`, `service=~"a|b"`; all have to fit. None: all alerts."""
    send_resolved: bool = True
    """Also tell when it is over."""
    webhook: WebhookConfig | None = None
    """Tell by HTTP."""
    slack: SlackConfig | None = None
    """Tell in a channel of Slack."""
    email: EmailConfig | None = None
    """Tell by mail."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """One way to tell, and matchers that can be read."""
        if not (self.webhook or self.slack or self.email):
            yield "", "a receiver needs `webhook`, `slack` or `email`"
        yield from _matcher_problems("matchers", self.matchers)


class InhibitConfig(Config):
    """`inhibit_rules[]`: while one alert fires, others are not told of."""

    source_matchers: tuple[str, ...]
    """The alert that fires."""
    target_matchers: tuple[str, ...]
    """Those that are not told of."""
    equal: tuple[str, ...] = ()
    """Labels that both have alike."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Matchers that can be read."""
        yield from _matcher_problems("source_matchers", self.source_matchers)
        yield from _matcher_problems("target_matchers", self.target_matchers)


class NotifyConfig(Config):
    """Our own notifications; an Alertmanager is told besides."""

    group_by: tuple[str, ...] = ("alertname",)
    """Alerts alike in these labels are one message; `...`: each is one."""
    group_wait: PrometheusDuration = PrometheusDuration(30)
    """From the first alert of a group to the first message."""
    group_interval: PrometheusDuration = PrometheusDuration(5 * _MINUTE)
    """Between two messages about a group that changes."""
    repeat_interval: PrometheusDuration = PrometheusDuration(4 * 60 * _MINUTE)
    """Between two messages about a group that doesn't."""
    receivers: tuple[ReceiverConfig, ...] = ()
    """All whose matchers fit are told."""
    inhibit_rules: tuple[InhibitConfig, ...] = ()
    """Which alerts make others needless."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Names, and times that pass."""
        names = [each.name for each in self.receivers]
        for number, name in enumerate(names):
            if name in names[:number]:
                yield f"receivers.{number}.name", f"two receivers are called {name!r}"
        for key in ("group_interval", "repeat_interval"):
            if not getattr(self, key):
                yield key, "must be longer than 0"


class TenantRules(Config):
    """`tenants.<name>`: rules over what another tenant than the default one has. Its alerts get the label `tenant`."""

    shipped: bool = True
    """Also evaluate the rules that come with Otelier."""
    rule_files: tuple[str, ...] = ()
    """Files with its rules; names may hold `*`."""


class RulesSettings(Config):
    """`rules`: rules and alerts; those that `prometheus.yml` names come besides."""

    enabled: bool = True
    """Evaluate rules at all."""
    shipped: bool = True
    """Also evaluate the rules that come with Otelier: RED of every service, state of collectors."""
    rule_files: tuple[str, ...] = ()
    """Files with further rules; names may hold `*`."""
    tenants: dict[str, TenantRules] = msgspec.field(default_factory=dict[str, TenantRules])
    """Rules of other tenants than the default one, by their names; what they find is written to that tenant."""
    notify: NotifyConfig = NotifyConfig()
    """Who is told of alerts, besides the Alertmanagers that `prometheus.yml` names."""
    external_url: str = ""
    """Address under which people reach Prometheus's API and pages, for links in messages."""
    resend_delay: PrometheusDuration = PrometheusDuration(60)
    """How often is told again of an alert that goes on."""
    for_outage_tolerance: PrometheusDuration = PrometheusDuration(3600)
    """After a longer pause no alert is restored."""
    for_grace_period: PrometheusDuration = PrometheusDuration(600)
    """After a restart an alert that was not firing waits at least so long."""


def _matcher_problems(key: str, matchers: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    for number, text in enumerate(matchers):
        try:
            alert_matcher(text)
        except BadMatcher as error:
            yield f"{key}.{number}", str(error)
