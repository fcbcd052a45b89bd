"""Groups of targets from endpoints and endpoint slices, with what is known of their service and pods."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ....kubernetes import Object
from ....server.address import Address
from ...target import ADDRESS, TargetGroup
from .objects import Endpoint, EndpointAddress, Endpoints, EndpointSlice, Node, Pod, Port, Reference, Service
from .roles import (
    META,
    container_labels,
    containers,
    described,
    in_namespace,
    label_name,
    node_labels,
    pod_labels,
    service_labels,
    source,
)

_SERVICE = "kubernetes.io/service-name"
"""The label of a slice that names its service."""


@dataclass(frozen=True, slots=True)
class Around:
    """What else is known, by namespace/name; nodes by name."""

    services: Mapping[str, Service]
    pods: Mapping[str, Pod]
    nodes: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class _Backend:
    """An address with a port, or without."""

    host: str
    port: Port | None
    reference: Reference | None
    node: str
    labels: dict[str, str]


def endpoints_group(endpoints: Endpoints, around: Around) -> TargetGroup:
    """Each address with each port; where pods stand behind them, their other ports, too."""
    labels = in_namespace(endpoints) | described(endpoints, "endpoints")
    labels |= _of_service(endpoints, endpoints.metadata.name, around)
    targets = _targets(endpoints, list(_of_endpoints(endpoints)), around)
    return TargetGroup(source("endpoints", endpoints), tuple(targets), labels)


def slice_group(slice_: EndpointSlice, around: Around) -> TargetGroup:
    """The same of a slice."""
    labels = in_namespace(slice_) | described(slice_, "endpointslice")
    labels[f"{META}endpointslice_address_type"] = slice_.address_type
    labels |= _of_service(slice_, (slice_.metadata.labels or {}).get(_SERVICE, ""), around)
    targets = _targets(slice_, list(_of_slice(slice_)), around)
    return TargetGroup(source("endpointslice", slice_), tuple(targets), labels)


def _of_service(item: Object, name: str, around: Around) -> dict[str, str]:
    service = around.services.get(f"{item.metadata.namespace}/{name}")
    return service_labels(service) if service else {}


def _of_endpoints(endpoints: Endpoints) -> Iterator[_Backend]:
    for subset in endpoints.subsets or []:
        for port in subset.ports or []:
            for ready, addresses in (("true", subset.addresses), ("false", subset.not_ready_addresses)):
                yield from (_of_address(address, port, ready) for address in addresses or [])


def _of_address(address: EndpointAddress, port: Port, ready: str) -> _Backend:
    labels = {
        f"{META}endpoint_port_name": port.name or "",
        f"{META}endpoint_port_protocol": port.protocol or "TCP",
        f"{META}endpoint_ready": ready,
    }
    if address.target_ref:
        labels[f"{META}endpoint_address_target_kind"] = address.target_ref.kind
        labels[f"{META}endpoint_address_target_name"] = address.target_ref.name
    if address.node_name:
        labels[f"{META}endpoint_node_name"] = address.node_name
    if address.hostname:
        labels[f"{META}endpoint_hostname"] = address.hostname
    return _Backend(address.ip, port, address.target_ref, address.node_name or "", labels)


def _of_slice(slice_: EndpointSlice) -> Iterator[_Backend]:
    for port in slice_.ports or []:
        for endpoint in slice_.endpoints or []:
            labels = _labels_of(endpoint, port)
            for host in endpoint.addresses:
                yield _Backend(host, port, endpoint.target_ref, endpoint.node_name or "", labels)


def _labels_of(endpoint: Endpoint, port: Port) -> dict[str, str]:
    said = endpoint.conditions
    reference = endpoint.target_ref
    labels = {
        "endpoint_conditions_ready": _word(said.ready),
        "endpoint_conditions_serving": _word(said.serving),
        "endpoint_conditions_terminating": _word(said.terminating),
        "endpoint_hostname": endpoint.hostname,
        "endpoint_node_name": endpoint.node_name,
        "endpoint_zone": endpoint.zone,
        "address_target_kind": reference.kind if reference else None,
        "address_target_name": reference.name if reference else None,
        "port": None if port.port is None else str(port.port),
        "port_name": port.name,
        "port_protocol": port.protocol,
        "port_app_protocol": port.app_protocol,
    }
    for key, text in (endpoint.deprecated_topology or {}).items():
        labels[f"endpoint_topology_{label_name(key)}"] = text
        labels[f"endpoint_topology_present_{label_name(key)}"] = "true"
    return {f"{META}endpointslice_{name}": text for name, text in labels.items() if text is not None}


def _word(said: bool | None) -> str | None:
    return None if said is None else str(said).lower()


def _targets(item: Object, backends: list[_Backend], around: Around) -> Iterator[dict[str, str]]:
    served: dict[str, tuple[Pod, set[int]]] = {}
    for backend in backends:
        number = backend.port.port if backend.port else None
        found = {ADDRESS: str(Address(backend.host, number)) if number is not None else backend.host} | backend.labels
        if node := around.nodes.get(backend.node):
            found |= node_labels(node)
        pod = _pod(item, backend.reference, around)
        if pod:
            found |= pod_labels(pod)
            numbers = served.setdefault(f"{pod.metadata.namespace}/{pod.metadata.name}", (pod, set()))[1]
            if number is not None:
                numbers.add(number)
                found |= _container_behind(pod, number)
        yield found
    for pod, numbers in served.values():
        yield from _others(pod, numbers, around)


def _container_behind(pod: Pod, number: int) -> dict[str, str]:
    for container in containers(pod):
        for port in container.ports:
            if port.container_port == number:
                return container_labels(pod, container, port)
    return {}


def _others(pod: Pod, served: set[int], around: Around) -> Iterator[dict[str, str]]:
    """Ports of a pod that are no endpoints."""
    node = around.nodes.get(pod.spec.node_name)
    more = node_labels(node) if node else {}
    for container in containers(pod):
        for port in container.ports:
            if pod.status.pod_ip and port.container_port not in served:
                labels = container_labels(pod, container, port)
                yield {ADDRESS: str(Address(pod.status.pod_ip, port.container_port))} | pod_labels(pod) | labels | more


def _pod(item: Object, reference: Reference | None, around: Around) -> Pod | None:
    if reference is None or reference.kind != "Pod":
        return None
    return around.pods.get(f"{reference.namespace or item.metadata.namespace}/{reference.name}")
