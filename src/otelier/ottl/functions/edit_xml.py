"""Converters that answer a changed XML document, or a part of one."""

from ..values import OttlError
from .registry import converter
from .xml_tree import Node, read_xml, write_xml
from .xpath import compile_xpath
from .xpath_functions import Attribute, Item


@converter("GetXML")
def get_xml(target: str, xpath: str) -> str:
    """The elements that an XPath selects, one behind the other; of text and attributes their value."""
    return "".join(map(_written, compile_xpath(xpath)(read_xml(target))))


def _written(item: Item) -> str:
    if isinstance(item, Attribute):
        return item.string()
    if item.kind == "element":
        return write_xml(item)
    return item.text if item.kind in ("text", "cdata") else ""


@converter("RemoveXML")
def remove_xml(target: str, xpath: str) -> str:
    """Without the nodes that an XPath selects."""
    document = read_xml(target)
    doomed: set[Node] = set()
    for item in compile_xpath(xpath)(document):
        if isinstance(item, Attribute):
            del item.parent.attributes[item.name]
        else:
            doomed.add(item)
    for parent in {node.parent for node in doomed if node.parent}:
        parent.children = [child for child in parent.children if child not in doomed]
    return write_xml(document)


@converter("InsertXML")
def insert_xml(target: str, xpath: str, value: str) -> str:
    """With a document added behind the children of each element that an XPath selects."""
    document = read_xml(target)
    for item in compile_xpath(xpath)(document):
        if isinstance(item, Attribute) or item.kind not in ("document", "element"):
            raise OttlError(f"InsertXML adds to elements, and {xpath!r} selects something else")
        for child in read_xml(value).children:
            item.add(child)
    return write_xml(document)


@converter("ConvertAttributesToElementsXML")
def convert_attributes_to_elements_xml(target: str, xpath: str = "/") -> str:
    """With elements in the place of attributes, in all that an XPath selects."""
    document = read_xml(target)
    for item in compile_xpath(xpath)(document):
        if isinstance(item, Attribute):
            _to_elements(item.parent, [item.name])
        else:
            _all_to_elements(item)
    return write_xml(document)


def _all_to_elements(node: Node) -> None:
    for child in node.elements:
        _all_to_elements(child)
    _to_elements(node, list(node.attributes))


def _to_elements(node: Node, names: list[str]) -> None:
    for name in names:
        element = Node("element", name)
        if text := node.attributes.pop(name, ""):
            element.add(Node("text", text=text))
        node.add(element)


@converter("ConvertTextToElementsXML")
def convert_text_to_elements_xml(target: str, xpath: str = "/", elementName: str = "value") -> str:  # noqa: N803
    """With an element around each text that stands beside elements, in all that an XPath selects."""
    document = read_xml(target)
    for item in compile_xpath(xpath)(document):
        if isinstance(item, Node):
            _wrap(item, elementName)
    return write_xml(document)


def _wrap(node: Node, name: str) -> None:
    mixed = node.kind == "element" and node.elements
    for place, child in enumerate(node.children):
        if child.kind == "text" and mixed:
            element = Node("element", name, parent=node)
            element.add(child)
            node.children[place] = element
        elif child.kind == "element":
            _wrap(child, name)
