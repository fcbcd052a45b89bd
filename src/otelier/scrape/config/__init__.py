"""`prometheus.yml` as structs: every key that scraping and the store know, the rest refused by name."""

from .client import BasicAuth, HttpClientSettings, OAuth2, TlsConfig
from .defaults import PROTOCOLS
from .discovery import DnsSd, FileSd, HttpSd, KubernetesSd, StaticTargets
from .document import GlobalSettings, OtlpSettings, PrometheusConfig, StorageSettings
from .job import Job, ScrapeJob, resolved
from .load import load_config

__all__ = [
    "PROTOCOLS",
    "BasicAuth",
    "DnsSd",
    "FileSd",
    "GlobalSettings",
    "HttpClientSettings",
    "HttpSd",
    "Job",
    "KubernetesSd",
    "OAuth2",
    "OtlpSettings",
    "PrometheusConfig",
    "ScrapeJob",
    "StaticTargets",
    "StorageSettings",
    "TlsConfig",
    "load_config",
    "resolved",
]
