"""k8s: the ready endpoints of a service, by listing its EndpointSlices and then watching them.

The service account must be allowed to list and watch
`endpointslices` of the API group `discovery.k8s.io`.
"""

from collections.abc import Mapping

import msgspec

from ....component import Context, StartError
from ....kubernetes import AccessError, KubernetesApi, Object, Wanted, Watch, api_access, own_namespace
from ..settings import K8sSettings
from .contract import Listener

_START_WAIT_S = 10.0


class _Conditions(msgspec.Struct):
    ready: bool | None = None
    """Not said means ready, by the API's own words."""


class _Endpoint(msgspec.Struct):
    addresses: list[str] = []
    conditions: _Conditions | None = None
    hostname: str | None = None


class _Slice(Object, rename="camel"):
    address_type: str = ""
    endpoints: list[_Endpoint] | None = None


class K8sResolver:
    """Finds the addresses that are ready."""

    def __init__(
        self, ctx: Context, settings: K8sSettings, listener: Listener, api: KubernetesApi | None = None
    ) -> None:
        self._ctx = ctx
        self._settings = settings
        self._listener = listener
        self._api = api
        self._service, _, namespace = settings.service.partition(".")
        self._namespace = namespace.partition(".")[0]
        self._watch: Watch[_Slice] | None = None

    def start(self) -> None:
        """Watch on a thread; waits some time for the first list. Raises StartError if there is no way to the API."""
        try:
            api = self._api or api_access(self._settings.kubeconfig)
        except AccessError as error:
            raise StartError(f"resolver.k8s: {error}", exit_code=2) from error
        self._namespace = self._namespace or own_namespace()
        self._watch = Watch(
            self._ctx,
            api,
            Wanted(
                _Slice,
                f"/apis/discovery.k8s.io/v1/namespaces/{self._namespace}/endpointslices",
                label=f"kubernetes.io/service-name={self._service}",
            ),
            self._tell,
            self._listener.unresolved,
            timeout_s=self._settings.timeout,
        )
        self._watch.start()
        self._ctx.clock.wait(self._watch.first, min(self._settings.timeout, _START_WAIT_S))

    def stop(self) -> None:
        """Watch no more."""
        if self._watch:
            self._watch.stop()

    def _tell(self, found: Mapping[str, _Slice]) -> None:
        # The same pod has a slice per family where the service has both.
        families = {each.address_type for each in found.values()}
        family = "IPv4" if "IPv4" in families else next(iter(families), "")
        slices = [each for each in found.values() if each.address_type == family]
        hosts = [host for each in slices for endpoint in each.endpoints or [] for host in self._hosts(endpoint)]
        self._listener.resolved([f"{host}:{port}" for host in hosts for port in self._settings.ports])

    def _hosts(self, endpoint: _Endpoint) -> list[str]:
        if endpoint.conditions and endpoint.conditions.ready is False:
            return []
        if self._settings.return_hostnames:
            return [f"{endpoint.hostname}.{self._service}.{self._namespace}"] if endpoint.hostname else []
        return [f"[{address}]" if ":" in address else address for address in endpoint.addresses]
