"""kubernetes: objects of a cluster, watched; what was found last counts while the API doesn't answer.

The account must be allowed to list and watch what the role looks at: endpoints and endpointslice look at services and
pods, too, and `attach_metadata` at nodes and namespaces.
"""

import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ....component import Context
from ....kubernetes import AccessError, KubernetesApi, Object, Wanted, Watch, api_access, client_tls, own_namespace
from ...client import Identity
from ...config import KubernetesSd
from ..contract import Found
from .groups import groups
from .objects import Endpoints, EndpointSlice, Ingress, Namespace, Node, Pod, Service

_KINDS: Mapping[str, tuple[type[Object], str]] = {
    "node": (Node, "/api/v1/nodes"),
    "namespace": (Namespace, "/api/v1/namespaces"),
    "service": (Service, "/api/v1/services"),
    "pod": (Pod, "/api/v1/pods"),
    "endpoints": (Endpoints, "/api/v1/endpoints"),
    "endpointslice": (EndpointSlice, "/apis/discovery.k8s.io/v1/endpointslices"),
    "ingress": (Ingress, "/apis/networking.k8s.io/v1/ingresses"),
}
_EVERYWHERE = ("node", "namespace")
"""Kinds that are in no namespace."""
_GATHER_S = 2.0
"""Changes that come within so long are told at once."""
_AGAIN_S = 30.0
"""After this time an access that is missing is looked for again."""
_LIST_S = 30.0
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}


@dataclass(slots=True)
class _Kind:
    """All of one kind."""

    watches: list[Watch[Object]] = field(default_factory=list["Watch[Object]"])
    found: dict[int, Mapping[str, Object]] = field(default_factory=dict[int, Mapping[str, Object]])
    """By number of the watch."""

    def complete(self) -> bool:
        """Whether each watch has told."""
        return len(self.found) == len(self.watches)

    def objects(self) -> dict[str, Object]:
        """By namespace/name."""
        return {key: each for found in self.found.values() for key, each in found.items()}


class KubernetesDiscovery:
    """Watches."""

    def __init__(self, config: KubernetesSd, ctx: Context, found: Found) -> None:
        """Raises ValueError for files of TLS that can't be used."""
        self._config = config
        self._ctx = ctx
        self._found = found
        self._identity = Identity(config, ctx.clock)
        self._tls = _tls(config)
        self._lock = threading.Lock()
        self._kinds: dict[str, _Kind] = {}
        self._trouble: dict[str, str] = {}
        self._due = False
        self._told = False
        self._stopped = False
        self._begin_timer = ctx.clock.timer(self._begin, "otelier:discovery")
        self._tell_timer = ctx.clock.timer(self._tell, "otelier:discovery:kubernetes")

    def start(self) -> None:
        """Begin to watch."""
        self._identity.start()
        self._begin_timer.start(0)

    def stop(self) -> None:
        """Watch no more."""
        with self._lock:
            self._stopped = True
            watches = [watch for kind in self._kinds.values() for watch in kind.watches]
        self._begin_timer.close(0)
        self._tell_timer.close(0)
        for watch in watches:
            watch.stop()
        self._identity.stop()

    # -- on threads of its own ----------------------------------------------------------------

    def _begin(self) -> None:
        try:
            api = self._api()
            kinds = {name: _Kind() for name in self._wanted_kinds()}
            for name, kind in kinds.items():
                for number, wanted in enumerate(self._wanted(name)):
                    changed, failed = partial(self._changed, name, number), partial(self._failed, wanted.path)
                    kind.watches.append(Watch(self._ctx, api, wanted, changed, failed, timeout_s=_LIST_S))
        except AccessError as error:
            self._failed("kubernetes_sd", str(error))
            self._begin_timer.start(_AGAIN_S)
            return
        with self._lock:
            if self._stopped:
                return
            self._kinds = kinds
            for kind in kinds.values():
                for watch in kind.watches:
                    watch.start()

    def _api(self) -> KubernetesApi:
        config = self._config
        if config.api_server:
            name = config.tls_config.server_name
            return KubernetesApi(config.api_server, tls=self._tls, server_name=name, headers=self._identity.headers)
        return api_access(config.kubeconfig_file)

    def _wanted_kinds(self) -> Iterator[str]:
        role, attach = self._config.role, self._config.attach_metadata
        yield role
        if role in ("endpoints", "endpointslice"):
            yield from ("service", "pod")
        if attach.node and role in ("pod", "endpoints", "endpointslice"):
            yield "node"
        if attach.namespace and role != "node":
            yield "namespace"

    def _wanted(self, name: str) -> Iterator[Wanted[Object]]:
        kind, path = _KINDS[name]
        chosen = next((each for each in self._config.selectors if each.role == name), None)
        label, field_ = (chosen.label, chosen.field) if chosen else ("", "")
        choice = self._config.namespaces
        names = {*choice.names, *([own_namespace()] if choice.own_namespace else [])}
        if name in _EVERYWHERE or not names:
            yield Wanted(kind, path, label, field_)
            return
        folder, _, plural = path.rpartition("/")
        yield from (Wanted(kind, f"{folder}/namespaces/{each}/{plural}", label, field_) for each in sorted(names))

    def _changed(self, kind: str, number: int, found: Mapping[str, Object]) -> None:
        with self._lock:
            self._kinds[kind].found[number] = dict(found)
            self._trouble.clear()
            if self._due or self._stopped or not all(each.complete() for each in self._kinds.values()):
                return
            self._due = True
            self._tell_timer.start(_GATHER_S if self._told else 0)

    def _failed(self, what: str, why: str) -> None:
        with self._lock:
            # Said once, not each time.
            if self._trouble.get(what) == why:
                return
            self._trouble[what] = why
        self._ctx.log.warning("kubernetes_sd: %s: %s; what was found before counts", what, why)

    def _tell(self) -> None:
        with self._lock:
            self._due, self._told = False, True
            known = {name: kind.objects() for name, kind in self._kinds.items()}
        self._found(list(groups(self._config.role, known)))


def _tls(config: KubernetesSd) -> ssl.SSLContext:
    tls = config.tls_config
    try:
        made = client_tls(
            _pem(tls.ca.reveal(), tls.ca_file),
            _pem(tls.cert.reveal(), tls.cert_file),
            _pem(tls.key.reveal(), tls.key_file),
            verify=not tls.insecure_skip_verify,
        )
    except OSError as error:
        raise ValueError(f"kubernetes_sd_configs: tls_config: {error}") from error
    made.minimum_version = _VERSIONS[tls.min_version or "TLS12"]
    made.maximum_version = _VERSIONS[tls.max_version or "TLS13"]
    return made


def _pem(text: str, file: str) -> bytes:
    return Path(file).read_bytes() if file else text.encode()
