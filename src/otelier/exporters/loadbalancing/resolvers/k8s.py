"""k8s: the ready endpoints of a service, by listing its EndpointSlices and then watching them.

The protocol is Kubernetes' "efficient detection of changes": list, watch from the list's resourceVersion, follow
bookmarks, list again on 410 Gone, connect again after a break. The service account must be allowed to list and watch
`endpointslices` of the API group `discovery.k8s.io`.
"""

import random
import threading
from typing import Literal

import msgspec

from ....component import Context, StartError
from ..settings import K8sSettings
from .contract import Listener
from .kubernetes import AccessError, Answer, ApiError, KubernetesApi, api_access, own_namespace

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_WATCH_S = 300
"""Asked of the API for each watch; then a new one begins where it ended."""
_SILENCE_S = 30.0
"""How much later than that a watch must have ended."""
_START_WAIT_S = 10.0
_STOP_WAIT_S = 0.5
"""What is interrupted ends at once; an API that doesn't answer must not use up the time of the stop."""
_GONE = 410


class _GoneError(Exception):
    """The version to watch from is too old: list again."""


class _Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    resource_version: str = ""


class _Conditions(msgspec.Struct):
    ready: bool | None = None
    """Not said means ready, by the API's own words."""


class _Endpoint(msgspec.Struct):
    addresses: list[str] = []
    conditions: _Conditions | None = None
    hostname: str | None = None


class _Slice(msgspec.Struct, rename="camel"):
    metadata: _Metadata
    address_type: str = ""
    endpoints: list[_Endpoint] | None = None


class _List(msgspec.Struct):
    metadata: _Metadata
    items: list[_Slice] | None = None


class _Failure(msgspec.Struct):
    code: int = 0
    message: str = "the watch failed"


class _Event(msgspec.Struct):
    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
    object: msgspec.Raw


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
        self._slices: dict[str, _Slice] = {}
        self._first = threading.Event()
        self._stopping = threading.Event()
        self._answer: Answer | None = None
        self._thread = threading.Thread(target=self._run, name=f"otelier:{ctx.id}:resolver", daemon=True)

    def start(self) -> None:
        """Watch on a thread; waits some time for the first list. Raises StartError if there is no way to the API."""
        try:
            self._api = self._api or api_access(self._settings.kubeconfig)
        except AccessError as error:
            raise StartError(str(error), exit_code=2) from error
        self._namespace = self._namespace or own_namespace()
        self._thread.start()
        self._ctx.clock.wait(self._first, min(self._settings.timeout, _START_WAIT_S))

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        if answer := self._answer:
            answer.interrupt()
        if self._thread.is_alive():
            self._thread.join(_STOP_WAIT_S)

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        version, pause_s = "", _FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                version = version or self._list()
                version = self._watch(version)
                pause_s = _FIRST_PAUSE_S
            except _GoneError:
                version = ""
            except Exception as error:
                if self._stopping.is_set():
                    return
                if not isinstance(error, OSError | msgspec.MsgspecError):
                    self._ctx.log.exception("the resolver has a defect, and tries again")
                self._first.set()
                self._listener.unresolved(str(error))
                # What happened meanwhile may be missed by a version that was never reached: begin anew.
                version = ""
                self._ctx.clock.wait(self._stopping, pause_s * random.uniform(0.5, 1.5))  # noqa: S311
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _list(self) -> str:
        """Answers the version of the list."""
        answer = self._get({}, self._settings.timeout)
        try:
            found = msgspec.json.decode(b"".join(answer.lines()), type=_List)
        finally:
            answer.close()
        self._slices = {each.metadata.name: each for each in found.items or []}
        self._tell()
        self._first.set()
        return found.metadata.resource_version

    def _watch(self, version: str) -> str:
        """Follow changes until the API ends the watch; answers the version reached."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH_S),
        }
        answer = self._get(query, _WATCH_S + _SILENCE_S)
        try:
            for line in answer.lines():
                version = self._follow(msgspec.json.decode(line, type=_Event)) or version
        finally:
            answer.close()
        return version

    def _follow(self, event: _Event) -> str:
        """Answers the version that the event leads to."""
        if event.type == "ERROR":
            failure = msgspec.json.decode(event.object, type=_Failure)
            if failure.code == _GONE:
                raise _GoneError
            raise ApiError(failure.code, failure.message)
        item = msgspec.json.decode(event.object, type=_Slice)
        if event.type == "DELETED":
            self._slices.pop(item.metadata.name, None)
        elif event.type != "BOOKMARK":
            self._slices[item.metadata.name] = item
        if event.type != "BOOKMARK":
            self._tell()
        return item.metadata.resource_version

    def _get(self, query: dict[str, str], timeout_s: float) -> Answer:
        assert self._api, "started"
        path = f"/apis/discovery.k8s.io/v1/namespaces/{self._namespace}/endpointslices"
        selector = {"labelSelector": f"kubernetes.io/service-name={self._service}"}
        try:
            self._answer = self._api.get(path, selector | query, timeout_s)
        except ApiError as error:
            if error.status == _GONE:
                raise _GoneError from error
            raise
        if self._stopping.is_set():
            self._answer.interrupt()
        return self._answer

    def _tell(self) -> None:
        # The same pod has a slice per family where the service has both.
        families = {each.address_type for each in self._slices.values()}
        family = "IPv4" if "IPv4" in families else next(iter(families), "")
        slices = [each for each in self._slices.values() if each.address_type == family]
        hosts = [host for each in slices for endpoint in each.endpoints or [] for host in self._hosts(endpoint)]
        self._listener.resolved([f"{host}:{port}" for host in hosts for port in self._settings.ports])

    def _hosts(self, endpoint: _Endpoint) -> list[str]:
        if endpoint.conditions and endpoint.conditions.ready is False:
            return []
        if self._settings.return_hostnames:
            return [f"{endpoint.hostname}.{self._service}.{self._namespace}"] if endpoint.hostname else []
        return [f"[{address}]" if ":" in address else address for address in endpoint.addresses]
