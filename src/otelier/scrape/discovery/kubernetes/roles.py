"""Groups of targets from objects: nodes, services, pods, ingresses; labels as Prometheus names them."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from ....kubernetes import Object
from ....server.address import Address
from ...target import ADDRESS, TargetGroup
from .objects import Container, ContainerStatus, Ingress, Node, Pod, Port, Service

META = "__meta_kubernetes_"
_NODE_ADDRESSES = ("InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname")
"""The address of a node is the first of these that it has."""
_NO_NAME = re.compile(r"[^a-zA-Z0-9_]")


def label_name(text: str) -> str:
    """What `text` is as a part of a label's name."""
    return _NO_NAME.sub("_", text)


def described(item: Object, role: str) -> dict[str, str]:
    """Name, labels and annotations of an object."""
    found = {f"{META}{role}_name": item.metadata.name}
    for kind, given in (("label", item.metadata.labels), ("annotation", item.metadata.annotations)):
        for key, text in (given or {}).items():
            found[f"{META}{role}_{kind}_{label_name(key)}"] = text
            found[f"{META}{role}_{kind}present_{label_name(key)}"] = "true"
    return found


def in_namespace(item: Object) -> dict[str, str]:
    """Where an object is."""
    return {f"{META}namespace": item.metadata.namespace}


def source(role: str, item: Object) -> str:
    """Names a group."""
    return f"{role}/{item.metadata.namespace}/{item.metadata.name}"


def node_group(node: Node) -> TargetGroup | None:
    """A node's kubelet; None if it has no address."""
    addresses: dict[str, str] = {}
    for each in node.status.addresses:
        addresses.setdefault(each.type, each.address)
    host = next((addresses[kind] for kind in _NODE_ADDRESSES if kind in addresses), None)
    if host is None:
        return None
    target = {
        ADDRESS: str(Address(host, node.status.daemon_endpoints.kubelet_endpoint.port)),
        "instance": node.metadata.name,
    }
    target |= {f"{META}node_address_{label_name(kind)}": text for kind, text in addresses.items()}
    return TargetGroup(source("node", node), (target,), node_labels(node))


def node_labels(node: Node) -> dict[str, str]:
    """Of a node, and of what runs on it where that is asked for."""
    return described(node, "node") | {f"{META}node_provider_id": node.spec.provider_id}


def service_group(service: Service) -> TargetGroup:
    """The ports of a service, by its name in the cluster's DNS."""
    metadata, spec = service.metadata, service.spec
    shared = {f"{META}service_type": spec.type}
    if spec.type == "ExternalName":
        shared[f"{META}service_external_name"] = spec.external_name
    else:
        shared[f"{META}service_cluster_ip"] = spec.cluster_ip
    if spec.type == "LoadBalancer":
        shared[f"{META}service_loadbalancer_ip"] = spec.load_balancer_ip
    targets = tuple(
        {
            ADDRESS: str(Address(f"{metadata.name}.{metadata.namespace}.svc", port.port or 0)),
            f"{META}service_port_name": port.name or "",
            f"{META}service_port_number": str(port.port or 0),
            f"{META}service_port_protocol": port.protocol or "TCP",
        }
        | shared
        for port in spec.ports
    )
    return TargetGroup(source("service", service), targets, service_labels(service))


def service_labels(service: Service) -> dict[str, str]:
    """Of a service, and of its endpoints."""
    return in_namespace(service) | described(service, "service")


def pod_group(pod: Pod, nodes: Mapping[str, Node]) -> TargetGroup | None:
    """Each port of each container; one without ports by the pod's address alone. None: the pod has no address yet."""
    ip = pod.status.pod_ip
    if not ip:
        return None
    targets = tuple(
        {ADDRESS: str(Address(ip, port.container_port)) if port else ip} | container_labels(pod, container, port)
        for container in containers(pod)
        for port in container.ports or [None]
    )
    labels = in_namespace(pod) | pod_labels(pod)
    if node := nodes.get(pod.spec.node_name):
        labels |= node_labels(node)
    return TargetGroup(source("pod", pod), targets, labels)


def pod_labels(pod: Pod) -> dict[str, str]:
    """Of a pod, without its namespace."""
    ready = next((each.status.lower() for each in pod.status.conditions if each.type == "Ready"), "unknown")
    controller = next((each for each in pod.metadata.owner_references or [] if each.controller), None)
    labels = described(pod, "pod") | {
        f"{META}pod_ip": pod.status.pod_ip,
        f"{META}pod_ready": ready,
        f"{META}pod_phase": pod.status.phase,
        f"{META}pod_node_name": pod.spec.node_name,
        f"{META}pod_host_ip": pod.status.host_ip,
        f"{META}pod_uid": pod.metadata.uid,
    }
    if controller:
        labels |= {f"{META}pod_controller_kind": controller.kind, f"{META}pod_controller_name": controller.name}
    return labels


def containers(pod: Pod) -> Iterator[Container]:
    """All, those that run first too."""
    yield from pod.spec.containers
    yield from pod.spec.init_containers


def container_labels(pod: Pod, container: Container, port: Port | None) -> dict[str, str]:
    """Of one port of a container, or of a container without ports."""
    initial = any(container is each for each in pod.spec.init_containers)
    labels = {
        f"{META}pod_container_name": container.name,
        f"{META}pod_container_id": _container_id(pod, container),
        f"{META}pod_container_image": container.image,
        f"{META}pod_container_init": "true" if initial else "false",
    }
    if port:
        labels |= {
            f"{META}pod_container_port_name": port.name or "",
            f"{META}pod_container_port_number": str(port.container_port),
            f"{META}pod_container_port_protocol": port.protocol or "TCP",
        }
    return labels


def _container_id(pod: Pod, container: Container) -> str:
    statuses: list[ContainerStatus] = [*pod.status.container_statuses, *pod.status.init_container_statuses]
    return next((each.container_id for each in statuses if each.name == container.name), "")


def ingress_group(ingress: Ingress) -> TargetGroup:
    """Each path of each rule."""
    labels = in_namespace(ingress) | described(ingress, "ingress")
    if name := ingress.spec.ingress_class_name:
        labels[f"{META}ingress_class_name"] = name
    certain = [host for each in ingress.spec.tls for host in each.hosts]
    targets: list[dict[str, str]] = []
    for rule in ingress.spec.rules:
        scheme = "https" if any(_covers(pattern, rule.host) for pattern in certain) else "http"
        paths = [each.path or "/" for each in rule.http.paths] if rule.http else ["/"]
        targets += [
            {
                ADDRESS: rule.host,
                f"{META}ingress_scheme": scheme,
                f"{META}ingress_host": rule.host,
                f"{META}ingress_path": path,
            }
            for path in paths
        ]
    return TargetGroup(source("ingress", ingress), tuple(targets), labels)


def _covers(pattern: str, host: str) -> bool:
    """Whether a certificate's name is one of the host: `*` stands for one label at the beginning."""
    if pattern == host:
        return True
    first, dot, rest = pattern.partition(".")
    return first == "*" and bool(dot) and host.partition(".")[2] == rest and not _is_ip(host)


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
