"""Converters of an XML document to a map: ParseXML with all of it, ParseSimplifiedXML with its values."""

from collections import Counter
from typing import cast

from ..values import OttlError, Value
from .registry import converter
from .xml_tree import Node, read_xml


@converter("ParseXML")
def parse_xml(target: str) -> dict[str, Value]:
    """A map for the root: `tag`, and if there are any `attributes`, `content` (all text) and `children`, likewise."""
    roots = [child for child in read_xml(target).children if child.kind in ("element", "text", "cdata")]
    if not roots:
        raise OttlError("this is no XML: there is no element")
    root, *others = roots
    if any(other.kind == "element" or other.text.strip() for other in others):
        raise OttlError("ParseXML takes a document with one root, and there is something behind it")
    return _described(root)


def _described(element: Node) -> dict[str, Value]:
    text = "".join(child.text.strip() for child in element.children if child.kind in ("text", "cdata"))
    entries: dict[str, Value] = {"tag": element.local_name}
    if text:
        entries["content"] = text
    if element.attributes:
        entries["attributes"] = {name.rpartition(":")[2]: value for name, value in element.attributes.items()}
    if element.elements:
        entries["children"] = [_described(child) for child in element.elements]
    return entries


@converter("ParseSimplifiedXML")
def parse_simplified_xml(target: str) -> dict[str, Value]:
    """Elements' text under their names; elements of one name beside each other are a list, empty ones nothing.

    Attributes, comments and text beside elements are left out.
    """
    if not target:
        raise OttlError("this is no XML: there is no element")
    return _simplified(read_xml(target).elements)


def _simplified(elements: list[Node]) -> dict[str, Value]:
    names = Counter(element.local_name for element in elements)
    entries: dict[str, Value] = {}
    for element in elements:
        value: Value = _simplified(element.elements) if element.elements else element.string()
        name = element.local_name
        if not value:
            continue
        if names[name] > 1:
            cast("list[Value]", entries.setdefault(name, [])).append(value)
        else:
            entries[name] = value
    return entries
