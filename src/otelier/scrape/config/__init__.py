"""`prometheus.yml` as structs: every key that scraping and the store know, the rest refused by name."""

from .alerting import AlertingConfig, AlertmanagerConfig
from .client import BasicAuth, HttpClientSettings, OAuth2, TlsConfig
from .defaults import PROTOCOLS
from .discovery import DnsSd, FileSd, HttpSd, KubernetesSd, StaticTargets
from .document import GlobalSettings, OtlpSettings, PrometheusConfig, StorageSettings
from .job import Job, ScrapeJob, resolved
from .load import load_config
from .rules import NotifyConfig, RulesSettings

__all__ = [
    "PROTOCOLS",
    "AlertingConfig",
    "AlertmanagerConfig",
    "BasicAuth",
    "DnsSd",
    "FileSd",
    "GlobalSettings",
    "HttpClientSettings",
    "HttpSd",
    "Job",
    "KubernetesSd",
    "NotifyConfig",
    "OAuth2",
    "OtlpSettings",
    "PrometheusConfig",
    "RulesSettings",
    "ScrapeJob",
    "StaticTargets",
    "StorageSettings",
    "TlsConfig",
    "load_config",
    "resolved",
]
