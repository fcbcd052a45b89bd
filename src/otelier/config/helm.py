"""Values files of the Collector's Helm chart: the configuration stands under `config`, null takes away a default."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from ..component.errors import Problem
from .nodes import Node

_SECTIONS = ("receivers", "processors", "exporters", "connectors", "extensions")
_LISTS = ("receivers", "processors", "exporters")


def config_of(root: Node) -> tuple[Node, Problem | None] | None:
    """The part that is the Collector's configuration, and what to say about the rest; None for any other file."""
    assert isinstance(root.value, dict)
    inner = root.value.get("config")
    if inner is None or not isinstance(inner.value, dict) or {"receivers", "service"} & root.value.keys():
        return None
    others = [f"`{key}`" for key in root.value if key != "config"]
    message = f"read as a Helm values file: only what is under `config` counts, not {', '.join(others)}"
    return inner, Problem(message, inner.place) if others else None


def without_removed(root: Node, files: Collection[str]) -> Node:
    """Without the pipelines, and the components that no pipeline names, that one of these values files sets to null.

    `jaeger: null` takes the chart's receiver away there; anywhere else it is a receiver with all defaults.
    """

    def kept(section: Node, named: Collection[str] = ()) -> Node:
        if not isinstance(section.value, dict):
            return section
        nodes = {
            key: node
            for key, node in section.value.items()
            if node.value is not None or node.at.file not in files or key in named
        }
        return replace(section, value=nodes)

    service = root.child("service")
    named = set(_named(service)) if service else set[str]()
    changed = {key: kept(node, named) for key in _SECTIONS if (node := root.child(key))}
    if service and isinstance(service.value, dict) and (pipelines := service.child("pipelines")):
        changed["service"] = replace(service, value={**service.value, "pipelines": kept(pipelines)})
    assert isinstance(root.value, dict)
    return replace(root, value={**root.value, **changed})


def _named(service: Node) -> Iterator[str]:
    """What pipelines and the list of extensions name."""
    pipelines = service.child("pipelines")
    lists = [pipeline.child(key) for pipeline in (pipelines.children() if pipelines else ()) for key in _LISTS]
    for node in (service.child("extensions"), *lists):
        yield from (str(each.value) for each in (node.children() if node else ()))
