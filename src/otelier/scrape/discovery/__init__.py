"""Ways to find targets, one file each."""

from collections.abc import Iterator
from functools import partial

from ..config import Job
from .contract import Discovery, Found, MakeDiscovery
from .dns import DnsDiscovery
from .file import FileDiscovery
from .http import HttpDiscovery
from .static import StaticDiscovery

__all__ = ["Discovery", "Found", "MakeDiscovery", "discoveries"]


def discoveries(job: Job) -> Iterator[MakeDiscovery]:
    """All of a job."""
    config = job.config
    if config.static_configs:
        yield partial(StaticDiscovery, config.static_configs)
    for file in config.file_sd_configs:
        yield partial(FileDiscovery, file)
    for http in config.http_sd_configs:
        yield partial(HttpDiscovery, http)
    for dns in config.dns_sd_configs:
        yield partial(DnsDiscovery, dns)
