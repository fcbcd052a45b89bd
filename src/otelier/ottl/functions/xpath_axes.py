"""Where XPath's steps lead: axes, and the order of a document."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from .xml_tree import Node
from .xpath_functions import Attribute, Item

Nodes: TypeAlias = list[Item]


def in_order(items: Iterable[Item]) -> Nodes:
    """Each once, in the order of the document."""
    found = list(dict.fromkeys(items))
    if len(found) < 2:
        return found
    places = {item: place for place, item in enumerate(_everything(root(found[0])))}
    return sorted(found, key=places.__getitem__)


def _everything(node: Node) -> Iterator[Item]:
    yield node
    yield from _attributes(node)
    for child in node.children:
        yield from _everything(child)


def root(item: Item) -> Node:
    """The document it is in."""
    node = item.parent if isinstance(item, Attribute) else item
    while node.parent:
        node = node.parent
    return node


def _attributes(item: Item) -> Iterator[Item]:
    return (Attribute(item, name) for name in item.attributes) if isinstance(item, Node) else iter(())


def _children(item: Item) -> Iterator[Item]:
    return iter(item.children) if isinstance(item, Node) else iter(())


def _descendants(item: Item) -> Iterator[Item]:
    for child in _children(item):
        yield child
        yield from _descendants(child)


def _ancestors(item: Item) -> Iterator[Item]:
    node = item.parent
    while node:
        yield node
        node = node.parent


def _siblings(item: Item, direction: int) -> Iterator[Item]:
    if not isinstance(item, Node) or not item.parent:
        return iter(())
    place = item.parent.children.index(item)
    around = item.parent.children
    return iter(around[place + 1 :] if direction > 0 else around[:place][::-1])


def _with_self(axis: Callable[[Item], Iterator[Item]]) -> Callable[[Item], Iterator[Item]]:
    return lambda item: iter([item, *axis(item)])


AXES: Mapping[str, Callable[[Item], Iterator[Item]]] = {
    "child": _children,
    "descendant": _descendants,
    "descendant-or-self": _with_self(_descendants),
    "self": lambda item: iter([item]),
    "parent": lambda item: iter([item.parent] if item.parent else []),
    "ancestor": _ancestors,
    "ancestor-or-self": _with_self(_ancestors),
    "attribute": _attributes,
    "following-sibling": lambda item: _siblings(item, 1),
    "preceding-sibling": lambda item: _siblings(item, -1),
}
