"""Keys of the ways to find targets."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from ...component import Config, PrometheusDuration
from .client import HttpClientSettings

_FORMATS = (".json", ".yml", ".yaml")


class StaticTargets(Config):
    """`static_configs[]`: targets that are written down."""

    targets: tuple[str, ...] = ()
    """`host:port` of each."""
    labels: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Labels of all of them."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Targets are no URLs."""
        for i, target in enumerate(self.targets):
            if "/" in target:
                yield f"targets.{i}", f"{target!r} must be host:port; scheme and metrics_path are keys of their own"


class FileSd(Config):
    """`file_sd_configs[]`: lists of targets in files, read again when they change."""

    files: tuple[str, ...] = ()
    """Paths; the last part may hold `*`."""
    refresh_interval: PrometheusDuration = PrometheusDuration(300)
    """Read again after this time, changed or not; changes are seen within seconds."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Names that say what is in them."""
        if not self.files:
            yield "files", "must name at least one file"
        for i, name in enumerate(self.files):
            if not name.endswith(_FORMATS):
                yield f"files.{i}", f"{name!r} must end in {', '.join(_FORMATS)}"


class HttpSd(HttpClientSettings):
    """`http_sd_configs[]`: a list of targets (JSON) that is asked for again and again."""

    url: str
    """Where it is."""
    refresh_interval: PrometheusDuration = PrometheusDuration(60)
    """Ask again after this time; while there is no good answer the last one counts."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """A URL that can be asked."""
        yield from super().problems()
        if not self.url.startswith(("http://", "https://")):
            yield "url", "must begin with http:// or https://"


class DnsSd(Config):
    """`dns_sd_configs[]`: names that are looked up again and again."""

    names: tuple[str, ...] = ()
    """What to look up."""
    type: Literal["SRV", "A", "AAAA", "MX", "NS"] = "SRV"
    """Which records."""
    port: int = 0
    """Port of the targets; records of type SRV have their own."""
    refresh_interval: PrometheusDuration = PrometheusDuration(30)
    """Look up again after this time; while there is no answer the last one counts."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Names, and a port where records have none."""
        if not self.names:
            yield "names", "must name at least one"
        if self.type != "SRV" and not 0 < self.port < 65536:
            yield "port", f"records of type {self.type} have none: say which"


class NamespaceChoice(Config):
    """`namespaces`: where to look."""

    own_namespace: bool = False
    """In the namespace of this pod."""
    names: tuple[str, ...] = ()
    """In these; none: in all."""


class Selector(Config):
    """`selectors[]`: which objects."""

    role: Literal["endpoints", "endpointslice", "service", "pod", "node", "ingress"]
    """Of which kind."""
    label: str = ""
    """Label selector as Kubernetes writes it."""
    field: str = ""
    """Field selector as Kubernetes writes it."""


class AttachMetadata(Config):
    """`attach_metadata`: labels of what an object belongs to."""

    node: bool = False
    """Of the node; for pods and endpoints."""
    namespace: bool = False
    """Of the namespace."""


class KubernetesSd(HttpClientSettings):
    """`kubernetes_sd_configs[]`: objects of a Kubernetes cluster, watched."""

    role: Literal["endpoints", "endpointslice", "service", "pod", "node", "ingress"]
    """Which objects are targets."""
    api_server: str = ""
    """URL of the API; default: the cluster that this runs in."""
    kubeconfig_file: str = ""
    """A kubeconfig instead."""
    namespaces: NamespaceChoice = NamespaceChoice()
    """Where to look."""
    selectors: tuple[Selector, ...] = ()
    """Which objects."""
    attach_metadata: AttachMetadata = AttachMetadata()
    """Labels of what an object belongs to."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """One way to the API."""
        yield from super().problems()
        if self.api_server and self.kubeconfig_file:
            yield "kubeconfig_file", "give either api_server or kubeconfig_file"
        if self.proxy_url or self.proxy_from_environment:
            key = "proxy_url" if self.proxy_url else "proxy_from_environment"
            yield key, "the Kubernetes API is asked without a proxy: remove it"
        if not self.api_server and (self.basic_auth or self.authorization or self.oauth2 or self.bearer_token_file):
            yield (
                "api_server",
                "credentials written here are for this: without it those of the pod or the kubeconfig count",
            )
        for i, each in enumerate(self.selectors):
            if each.role not in _SELECTED.get(self.role, (self.role,)):
                yield f"selectors.{i}.role", f"role {self.role} does not look at {each.role}"


_SELECTED = {"endpoints": ("endpoints", "service", "pod", "node"), "pod": ("pod", "node")}
_SELECTED["endpointslice"] = ("endpointslice", "service", "pod", "node")
