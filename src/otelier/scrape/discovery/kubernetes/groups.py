"""All groups of a role, from all that is known."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from ....kubernetes import Object
from ...target import TargetGroup
from .endpoints import Around, endpoints_group, slice_group
from .objects import Endpoints, EndpointSlice, Ingress, Node, Pod, Service
from .roles import META, described, ingress_group, node_group, pod_group, service_group

K = TypeVar("K", bound=Object)


def groups(role: str, known: Mapping[str, Mapping[str, Object]]) -> Iterator[TargetGroup]:
    """`known`: objects by kind, each by namespace/name."""
    around = Around(
        dict(_of(Service, known.get("service"))),
        dict(_of(Pod, known.get("pod"))),
        {node.metadata.name: node for _, node in _of(Node, known.get("node"))},
    )
    namespaces = {each.metadata.name: each for each in known.get("namespace", {}).values()}
    for item in known[role].values():
        group = _group(item, around)
        if group and (namespace := namespaces.get(item.metadata.namespace)):
            labels = described(namespace, "namespace")
            del labels[f"{META}namespace_name"]
            group = TargetGroup(group.source, group.targets, {**group.labels, **labels})
        if group:
            yield group


def _group(item: Object, around: Around) -> TargetGroup | None:
    match item:
        case Node():
            return node_group(item)
        case Service():
            return service_group(item)
        case Pod():
            return pod_group(item, around.nodes)
        case Endpoints():
            return endpoints_group(item, around)
        case EndpointSlice():
            return slice_group(item, around)
        case Ingress():
            return ingress_group(item)
        case _:
            raise TypeError(f"{type(item)} is no role")


def _of(kind: type[K], found: Mapping[str, Object] | None) -> Iterator[tuple[str, K]]:
    yield from ((key, each) for key, each in (found or {}).items() if isinstance(each, kind))
