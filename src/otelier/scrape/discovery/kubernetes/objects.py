"""What is read of Kubernetes' objects; names are those of its API."""

import msgspec

from ....kubernetes import Object


class Address(msgspec.Struct, frozen=True):
    """Of a node."""

    type: str = ""
    address: str = ""


class Port(msgspec.Struct, frozen=True, rename="camel"):
    """Of a service, an endpoint, a container; each says a part of it."""

    name: str | None = None
    port: int | None = None
    container_port: int = 0
    protocol: str | None = None
    app_protocol: str | None = None


class _DaemonEndpoint(msgspec.Struct, frozen=True):
    port: int = msgspec.field(name="Port", default=0)


class _DaemonEndpoints(msgspec.Struct, frozen=True, rename="camel"):
    kubelet_endpoint: _DaemonEndpoint = _DaemonEndpoint()


class _NodeStatus(msgspec.Struct, frozen=True, rename="camel"):
    addresses: list[Address] = []
    daemon_endpoints: _DaemonEndpoints = _DaemonEndpoints()


class _NodeSpec(msgspec.Struct, frozen=True):
    provider_id: str = msgspec.field(name="providerID", default="")


class Node(Object):
    """`nodes`."""

    spec: _NodeSpec = _NodeSpec()
    status: _NodeStatus = _NodeStatus()


class Namespace(Object):
    """`namespaces`."""


class _ServiceSpec(msgspec.Struct, frozen=True, rename="camel"):
    type: str = ""
    cluster_ip: str = msgspec.field(name="clusterIP", default="")
    load_balancer_ip: str = msgspec.field(name="loadBalancerIP", default="")
    external_name: str = ""
    ports: list[Port] = []


class Service(Object):
    """`services`."""

    spec: _ServiceSpec = _ServiceSpec()


class Container(msgspec.Struct, frozen=True, rename="camel"):
    """Of a pod."""

    name: str = ""
    image: str = ""
    ports: list[Port] = []


class ContainerStatus(msgspec.Struct, frozen=True):
    """What has become of it."""

    name: str = ""
    container_id: str = msgspec.field(name="containerID", default="")


class _PodSpec(msgspec.Struct, frozen=True, rename="camel"):
    node_name: str = ""
    containers: list[Container] = []
    init_containers: list[Container] = []


class Condition(msgspec.Struct, frozen=True):
    """Of a pod."""

    type: str = ""
    status: str = ""


class _PodStatus(msgspec.Struct, frozen=True, rename="camel"):
    phase: str = ""
    host_ip: str = msgspec.field(name="hostIP", default="")
    pod_ip: str = msgspec.field(name="podIP", default="")
    conditions: list[Condition] = []
    container_statuses: list[ContainerStatus] = []
    init_container_statuses: list[ContainerStatus] = []


class Pod(Object):
    """`pods`."""

    spec: _PodSpec = _PodSpec()
    status: _PodStatus = _PodStatus()


class Reference(msgspec.Struct, frozen=True):
    """To an object."""

    kind: str = ""
    name: str = ""
    namespace: str = ""


class EndpointAddress(msgspec.Struct, frozen=True, rename="camel"):
    """One of `endpoints`."""

    ip: str = ""
    hostname: str = ""
    node_name: str | None = None
    target_ref: Reference | None = None


class Subset(msgspec.Struct, frozen=True, rename="camel"):
    """Addresses and their ports."""

    addresses: list[EndpointAddress] | None = None
    not_ready_addresses: list[EndpointAddress] | None = None
    ports: list[Port] | None = None


class Endpoints(Object):
    """`endpoints`."""

    subsets: list[Subset] | None = None


class EndpointConditions(msgspec.Struct, frozen=True):
    """None: not said."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(msgspec.Struct, frozen=True, rename="camel"):
    """One of a slice."""

    addresses: list[str] = []
    conditions: EndpointConditions = EndpointConditions()
    hostname: str | None = None
    node_name: str | None = None
    zone: str | None = None
    target_ref: Reference | None = None
    deprecated_topology: dict[str, str] | None = None


class EndpointSlice(Object, rename="camel"):
    """`endpointslices`."""

    address_type: str = ""
    endpoints: list[Endpoint] | None = None
    ports: list[Port] | None = None


class _Path(msgspec.Struct, frozen=True):
    path: str = ""


class _Http(msgspec.Struct, frozen=True):
    paths: list[_Path] = []


class _Rule(msgspec.Struct, frozen=True):
    host: str = ""
    http: _Http | None = None


class _Tls(msgspec.Struct, frozen=True):
    hosts: list[str] = []


class _IngressSpec(msgspec.Struct, frozen=True, rename="camel"):
    ingress_class_name: str | None = None
    rules: list[_Rule] = []
    tls: list[_Tls] = []


class Ingress(Object):
    """`ingresses`."""

    spec: _IngressSpec = _IngressSpec()
