"""Ways to find targets, one file each."""

from collections.abc import Iterator, Sequence
from functools import partial

from ..config import DnsSd, FileSd, HttpSd, Job, KubernetesSd, StaticTargets
from .contract import Discovery, Found, MakeDiscovery
from .dns import DnsDiscovery
from .file import FileDiscovery
from .http import HttpDiscovery
from .kubernetes import KubernetesDiscovery
from .static import StaticDiscovery

__all__ = ["Discovery", "FileDiscovery", "Found", "MakeDiscovery", "discoveries", "discoveries_of"]


def discoveries(job: Job) -> Iterator[MakeDiscovery]:
    """All of a job."""
    config = job.config
    yield from discoveries_of(
        config.static_configs,
        config.file_sd_configs,
        config.http_sd_configs,
        config.dns_sd_configs,
        config.kubernetes_sd_configs,
    )


def discoveries_of(
    static: Sequence[StaticTargets],
    files: Sequence[FileSd],
    http: Sequence[HttpSd],
    dns: Sequence[DnsSd],
    kubernetes: Sequence[KubernetesSd],
) -> Iterator[MakeDiscovery]:
    """One for each."""
    if static:
        yield partial(StaticDiscovery, static)
    yield from (partial(FileDiscovery, each) for each in files)
    yield from (partial(HttpDiscovery, each) for each in http)
    yield from (partial(DnsDiscovery, each) for each in dns)
    yield from (partial(KubernetesDiscovery, each) for each in kubernetes)
