"""The configuration as a tree that knows where everything stands."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ..component.errors import Location
from .scalars import Scalar

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes from the top."""


def steps(text: str) -> Path:
    """Of `policies.0.latency`, as structs name what is below them."""
    return tuple(int(step) if step.isdecimal() else step for step in text.split(".") if step)


def shown(path: Path) -> str:
    """The last key with the indexes behind it, `policies[0]`; empty at the top."""
    names = list(path)
    indexes = ""
    while names and isinstance(names[-1], int):
        indexes = f"[{names.pop()}]{indexes}"
    return f"{names[-1]}{indexes}" if names else ""


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a mapping or a list. Immutable, so that YAML aliases share it."""

    value: "Scalar | dict[str, Node] | list[Node]"
    at: Location
    """Its first character."""
    key_at: Location | None = None
    """Its key in a mapping."""
    text: str | None = None
    """A scalar as it was written (`0123`), or what a whole `${…}` stood for, whatever that became as YAML."""
    origin: str = ""
    """The references that gave the value: `${env:X}`."""

    @property
    def place(self) -> Location:
        """Where a person would look: the scalar itself; the key of a mapping, a list or an empty value."""
        if self.key_at and (self.value is None or isinstance(self.value, dict | list)):
            return self.key_at
        return self.at

    def child(self, step: str | int) -> "Node | None":
        """What stands under a key or an index; None if nothing does."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def children(self) -> "list[Node]":
        """The values of a mapping or a list; none for a scalar."""
        if isinstance(self.value, dict):
            return list(self.value.values())
        return self.value if isinstance(self.value, list) else []

    def walk(self) -> "Iterator[Node]":
        """This node and all below it."""
        yield self
        for child in self.children():
            yield from child.walk()

    def plain(self) -> Any:
        """The same as dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def merge(under: Node, over: Node) -> Node:
    """Mappings joined at every depth; anything else of `over` replaces what `under` has, null and lists too."""
    if not isinstance(under.value, dict) or not isinstance(over.value, dict):
        return over
    joined = dict(under.value)
    for key, node in over.value.items():
        joined[key] = merge(joined[key], node) if key in joined else node
    return replace(under, value=joined)
