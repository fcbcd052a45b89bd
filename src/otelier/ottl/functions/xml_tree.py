"""XML as a tree: read strictly, changed, written.

Documents may have several roots, as fragments in logs do. There are no entities but XML's own five and numbers of
characters, and declarations of types are dropped: nothing in a document can make it larger.
"""

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..values import OttlError

DEPTH_MAX = 250
"""Elements inside of each other; a document that goes deeper is refused."""
Kind: TypeAlias = Literal["document", "element", "text", "cdata", "comment", "instruction"]

_TOKEN = re.compile(
    r"<!--(?P<comment>.*?)-->|<!\[CDATA\[(?P<cdata>.*?)\]\]>|<\?(?P<instruction>.*?)\?>"
    r"|<!(?P<type>[^>\[]*+(?:\[.*?\])?+[^>]*+)>"
    r"|</(?P<end>[^\s>]++)\s*+>|<(?P<start>[^\s/>!?<&][^\s/>]*+)"
    r"(?P<attributes>(?:[^>\"']|\"[^\"]*+\"|'[^']*+')*?)(?P<empty>/?)>"
    r"|(?P<text>[^<]++)",
    re.DOTALL,
)
"""Nothing is tried twice (`*+`): what is no XML costs no more time than what is."""
_ATTRIBUTE = re.compile(r"\s+([^\s=\"'<>/]+)\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")
_SINGLE_QUOTED = re.compile(r"='([^'\"]*)'")
_ENTITY = re.compile(r"&(#x[0-9A-Fa-f]+|#[0-9]+|\w*);?")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_ESCAPES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&#34;", "'": "&#39;"})


@dataclass(slots=True, eq=False)
class Node:
    """Part of a document. `name` has its prefix; an instruction, such as the XML declaration, is all in `text`."""

    kind: Kind
    name: str = ""
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    children: "list[Node]" = field(default_factory=list["Node"])
    parent: "Node | None" = None

    @property
    def local_name(self) -> str:
        """Without prefix."""
        return self.name.rpartition(":")[2]

    def add(self, child: "Node") -> None:
        """Behind the other children."""
        child.parent = self
        self.children.append(child)

    @property
    def elements(self) -> "list[Node]":
        """Children that are elements."""
        return [child for child in self.children if child.kind == "element"]

    def string(self) -> str:
        """All text inside."""
        if self.kind in ("element", "document"):
            return "".join(child.string() for child in self.children if child.kind not in ("comment", "instruction"))
        return self.text


def read_xml(text: str) -> Node:
    """Raises OttlError, with the line, for what is no XML."""
    document = Node("document")
    open_elements = [document]
    end = 0
    while token := _TOKEN.match(text, end):
        end = token.end()
        _take(token, open_elements, text)
    if end < len(text):
        raise _error(text, end, "something that is neither text nor a tag")
    if len(open_elements) > 1:
        raise _error(text, end, f"<{open_elements[-1].name}> is never closed")
    if text and not document.elements:
        raise OttlError("this is no XML: there is no element")
    return document


def _take(token: re.Match[str], open_elements: list[Node], text: str) -> None:
    parent = open_elements[-1]
    kind = token.lastgroup
    if token["text"] is not None:
        # What stands in front of the first element belongs to nothing.
        if parent.kind == "element" or parent.elements:
            parent.add(Node("text", text=_unescaped(token["text"], text, token.start())))
    elif token["end"] is not None:
        if parent.name != token["end"]:
            raise _error(text, token.start(), f"</{token['end']}> closes what isn't open")
        open_elements.pop()
    elif token["start"] is not None:
        element = Node("element", token["start"], attributes=_attributes(token, text))
        parent.add(element)
        if not token["empty"]:
            open_elements.append(element)
            if len(open_elements) > DEPTH_MAX:
                raise _error(text, token.start(), f"more than {DEPTH_MAX} elements inside of each other")
    elif kind in ("comment", "cdata", "instruction"):
        parent.add(Node(kind, text=token[kind]))


def _attributes(token: re.Match[str], text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    source = token["attributes"]
    end = 0
    while attribute := _ATTRIBUTE.match(source, end):
        end = attribute.end()
        value = attribute[2] if attribute[2] is not None else attribute[3]
        found[attribute[1]] = _unescaped(value, text, token.start())
    if source[end:].strip():
        raise _error(text, token.start(), f'an attribute of <{token["start"]}> isn\'t written as name="value"')
    return found


def _unescaped(part: str, text: str, position: int) -> str:
    def character(entity: re.Match[str]) -> str:
        name = entity[1]
        try:
            if not entity[0].endswith(";"):
                raise ValueError
            if name.startswith("#"):
                return chr(int("0" + name[1:], 16) if name[1] == "x" else int(name[1:]))
            return _ENTITIES[name]
        except (KeyError, ValueError, OverflowError):
            raise _error(text, position, f"the entity {entity[0]} is unknown") from None

    return _ENTITY.sub(character, part) if "&" in part else part


def _error(text: str, position: int, reason: str) -> OttlError:
    line = text.count("\n", 0, position) + 1
    return OttlError(f"this is no XML: {reason} (line {line})")


def write_xml(node: Node) -> str:
    """The node's text; elements without content have an end tag, too."""
    match node.kind:
        case "document":
            return "".join(map(write_xml, node.children))
        case "element":
            attributes = "".join(f' {name}="{value.translate(_ESCAPES)}"' for name, value in node.attributes.items())
            return f"<{node.name}{attributes}>{''.join(map(write_xml, node.children))}</{node.name}>"
        case "text":
            return node.text.translate(_ESCAPES)
        case "cdata":
            return f"<![CDATA[{node.text}]]>"
        case "comment":
            return f"<!--{node.text}-->"
        case "instruction":
            return "<?" + _SINGLE_QUOTED.sub(r'="\1"', node.text.strip()) + "?>"
