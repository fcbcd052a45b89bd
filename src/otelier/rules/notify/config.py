"""Keys of `alerting` in `prometheus.yml`, and of our own notifications."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ...component.config import Config, Secret
from ...component.errors import Location
from ...component.prometheus_values import PrometheusDuration
from ...config.decode import decode
from ...config.document import Document
from ...config.nodes import Node
from ...scrape.config import DnsSd, FileSd, HttpClientSettings, HttpSd, StaticTargets
from ...scrape.relabel import RelabelRule
from .matching import BadMatcher, Matchers

_MINUTE = 60


class AlertmanagerConfig(HttpClientSettings):
    """`alerting.alertmanagers[]`: Alertmanagers that are found and asked alike; each of them is told of every alert."""

    static_configs: tuple[StaticTargets, ...] = ()
    """Those that are written down."""
    file_sd_configs: tuple[FileSd, ...] = ()
    """Those that files list."""
    dns_sd_configs: tuple[DnsSd, ...] = ()
    """Those that names stand for."""
    http_sd_configs: tuple[HttpSd, ...] = ()
    """Those that a server lists."""
    scheme: Literal["http", "https"] = "http"
    """How they are asked."""
    path_prefix: str = ""
    """In front of the path of their API."""
    timeout: PrometheusDuration = PrometheusDuration(10)
    """Of one request."""
    api_version: Literal["v2"] = "v2"
    """The only one that there is."""
    relabel_configs: tuple[RelabelRule, ...] = ()
    """Rules for the labels of Alertmanagers."""
    alert_relabel_configs: tuple[RelabelRule, ...] = ()
    """Rules for the labels of alerts that these are told of."""


class AlertingConfig(Config):
    """`alerting`."""

    alert_relabel_configs: tuple[RelabelRule, ...] = ()
    """Rules for the labels of all alerts."""
    alertmanagers: tuple[AlertmanagerConfig, ...] = ()
    """Who is told."""


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
    slack: SlackConfig | None = None
    email: EmailConfig | None = None

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
    """Our own notifications, where there is no Alertmanager."""

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

    def problems(self) -> Iterable[tuple[str, str]]:
        """Names, and times that pass."""
        names = [each.name for each in self.receivers]
        for number, name in enumerate(names):
            if name in names[:number]:
                yield f"receivers.{number}.name", f"two receivers are called {name!r}"
        for key in ("group_interval", "repeat_interval"):
            if not getattr(self, key):
                yield key, "must be longer than 0"


def alerting_of(value: Any, file: str) -> AlertingConfig:
    """What `alerting` of a file says. Raises ConfigError."""
    node = Node({}, Location(file))
    return decode(AlertingConfig, value or {}, (), Document(node, []))


def _matcher_problems(key: str, matchers: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    for number, text in enumerate(matchers):
        try:
            Matchers([text])
        except BadMatcher as error:
            yield f"{key}.{number}", str(error)
