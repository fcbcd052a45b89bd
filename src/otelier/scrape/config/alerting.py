"""Keys of `alerting` in `prometheus.yml`: who is told of alerts."""

from typing import Literal

from ...component import Config, PrometheusDuration
from ..relabel import RelabelRule
from .client import HttpClientSettings
from .discovery import DnsSd, FileSd, HttpSd, KubernetesSd, StaticTargets


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
    kubernetes_sd_configs: tuple[KubernetesSd, ...] = ()
    """Those that run in a Kubernetes cluster."""
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
