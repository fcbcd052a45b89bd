"""Walks over trees of any depth, without recursion."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from . import ast

Node: TypeAlias = Any
"""A dataclass of `ast`."""

_NODES = frozenset(
    each for each in vars(ast).values() if isinstance(each, type) and hasattr(each, "__dataclass_fields__")
)


def children(node: Node) -> list[Node]:
    """The nodes right below, in the order of their text."""
    found: list[Node] = []
    for name in node.__slots__:
        value = getattr(node, name)
        if type(value) in _NODES:
            found.append(value)
        elif isinstance(value, tuple):
            found += [each for each in value if type(each) in _NODES]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return found


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it; no particular order."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += children(node)


def too_deep(node: Node, most: int) -> int | None:
    """Where the tree has more than so many levels; None if nowhere."""
    level = [node]
    for _ in range(most):
        level = [child for each in level for child in children(each)]
        if not level:
            return None
    return level[0].at
