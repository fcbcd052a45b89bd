"""Ways to find targets, one file each."""

from collections.abc import Iterator
from functools import partial

from ..config import AlertmanagerConfig, ScrapeJob
from .contract import Discovery, Found, MakeDiscovery
from .dns import DnsDiscovery
from .file import FileDiscovery
from .http import HttpDiscovery
from .kubernetes import KubernetesDiscovery
from .static import StaticDiscovery

__all__ = ["Discovery", "FileDiscovery", "Found", "MakeDiscovery", "discoveries"]


def discoveries(config: ScrapeJob | AlertmanagerConfig) -> Iterator[MakeDiscovery]:
    """All that are configured there."""
    if config.static_configs:
        yield partial(StaticDiscovery, config.static_configs)
    yield from (partial(FileDiscovery, each) for each in config.file_sd_configs)
    yield from (partial(HttpDiscovery, each) for each in config.http_sd_configs)
    yield from (partial(DnsDiscovery, each) for each in config.dns_sd_configs)
    yield from (partial(KubernetesDiscovery, each) for each in config.kubernetes_sd_configs)
