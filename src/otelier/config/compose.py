"""YAML text to nodes with positions. The grammar is PyYAML's (libyaml, as the Collector's); the limits are ours."""

import base64
import binascii
import re
from dataclasses import replace
from itertools import islice
from typing import Any

import yaml

from ..component.errors import ConfigError, Location, Problem
from .nodes import Node
from .placeholders import HINT as PLACEHOLDER_HINT
from .placeholders import templates
from .scalars import Scalar, resolve

BYTES_MAX = 1 << 20
DEPTH_MAX = 64
NODES_MAX = 100_000
ALIAS_NODES_MAX = 10_000
_TEMPLATES_MAX = 100

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_MERGE = "<<"
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_text(data: bytes, file: str) -> str:
    """Decode a file's bytes; raises ConfigError with the position of the first that isn't UTF-8."""
    if len(data) > BYTES_MAX:
        raise ConfigError([Problem(f"larger than {BYTES_MAX >> 20} MiB", Location(file))])
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ConfigError([Problem("the file is UTF-16, not UTF-8", Location(file, 1, 1), "save it as UTF-8")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise ConfigError([Problem(message, _index_location(before, len(before), file), "save it as UTF-8")]) from None


def compose(text: str, file: str, problems: list[Problem], *, templates_belong: bool = False) -> Node:
    """The only document of `text`. Raises ConfigError if that can't be read; appends what is wrong otherwise.

    `templates_belong`: a `{{…}}` in a text that is no YAML need not be the reason.
    """
    if control := _CONTROL.search(text):
        at = _index_location(text, control.start(), file)
        raise ConfigError([Problem(f"the control character 0x{ord(control[0]):02x} is not allowed", at, "remove it")])
    try:
        return _Composer(text, file, problems).document()
    except yaml.YAMLError as error:
        raise ConfigError([*problems, *_syntax_problems(error, text, file, templates_belong)]) from None


class _Composer:
    def __init__(self, text: str, file: str, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems
        self._lines = text.splitlines()
        self._parser = _Loader(text)
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        """Node and how many nodes it is; None while it is being read."""
        self._nodes = 0
        self._alias_nodes = 0

    def document(self) -> Node:
        self._next()
        root = Node(None, Location(self._file, 1, 1))
        if not self._parser.check_event(yaml.StreamEndEvent):
            self._next()
            root = self._node(0)
            self._next()
        if not self._parser.check_event(yaml.StreamEndEvent):
            start = self._location(self._next())
            if self._node(0).value is not None:
                self._report("a second YAML document begins here", start, "a file holds one; use several --config")
        return root

    def _next(self) -> Any:
        return self._parser.get_event()

    def _location(self, event: Any) -> Location:
        return Location(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _report(self, message: str, at: Location, hint: str = "") -> None:
        self._problems.append(Problem(message, at, hint))

    def _stop(self, message: str, at: Location, hint: str = "") -> ConfigError:
        return ConfigError([*self._problems, Problem(message, at, hint)])

    def _node(self, depth: int) -> Node:
        event = self._next()
        at = self._location(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), at)
        if depth > DEPTH_MAX:
            raise self._stop(f"nested deeper than {DEPTH_MAX} levels", at)
        before = self._nodes
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise self._stop(f"more than {NODES_MAX:,} values in one file", at)
        if event.anchor:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, at)
        else:
            self._check_tag(event.tag, ("map",) if isinstance(event, yaml.MappingStartEvent) else ("seq",), at)
            node = self._mapping(at, depth) if isinstance(event, yaml.MappingStartEvent) else self._list(at, depth)
        if event.anchor:
            self._anchors[event.anchor] = node, self._nodes - before
        return node

    def _alias(self, name: str, at: Location) -> Node:
        if name not in self._anchors:
            raise self._stop(f"`*{name}` names no anchor", at, f"write `&{name}` before the value that is meant")
        target = self._anchors[name]
        if target is None:
            raise self._stop(f"`*{name}` stands inside the value that it names", at)
        node, size = target
        self._nodes += size
        self._alias_nodes += size
        if self._alias_nodes > ALIAS_NODES_MAX:
            raise self._stop(f"aliases stand for more than {ALIAS_NODES_MAX:,} values", at)
        return node

    def _list(self, at: Location, depth: int) -> Node:
        items: list[Node] = []
        while not self._parser.check_event(yaml.SequenceEndEvent):
            items.append(replace(self._node(depth + 1), key_at=None))
        self._next()
        return Node(items, at)

    def _mapping(self, at: Location, depth: int) -> Node:
        items: dict[str, Node] = {}
        inherited: list[Node] = []
        while not self._parser.check_event(yaml.MappingEndEvent):
            event = self._parser.peek_event()
            key_at = self._location(event)
            plain = isinstance(event, yaml.ScalarEvent) and not event.style
            key = self._key(event, depth)
            value = replace(self._node(depth + 1), key_at=key_at)
            if key == _MERGE and plain:
                inherited += self._merged(value)
            elif key in items:
                first = items[key].key_at or at
                self._report(f"key `{key}` is given twice; first at line {first.line}", key_at, "remove one of them")
            elif key is not None:
                items[key] = value
        self._next()
        for source in inherited:
            assert isinstance(source.value, dict)
            for key, node in source.value.items():
                items.setdefault(key, node)
        return Node(items, at)

    def _key(self, event: Any, depth: int) -> str | None:
        node = self._node(depth + 1)
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if isinstance(node.value, dict | list):
            if template := self._template_around(node.at):
                self._report(f"unfilled placeholder `{template[1]}`", template[0], PLACEHOLDER_HINT)
            else:
                self._report("a key must be text, not a list or a mapping", node.at, "is a quote missing?")
            return None
        return node.text if node.text is not None else ""

    def _template_around(self, at: Location) -> tuple[Location, str] | None:
        """`{{ .x }}` is YAML: a mapping whose key is a mapping. `at` is where the inner one begins."""
        for _, column, name in templates(self._lines[at.line - 1]):
            if column < at.column <= column + len(name):
                return replace(at, column=column), name
        return None

    def _merged(self, value: Node) -> list[Node]:
        sources = value.value if isinstance(value.value, list) else [value]
        if all(isinstance(source.value, dict) for source in sources):
            return sources
        self._report("`<<` takes a mapping or a list of mappings", value.place, "quote it if the key itself is meant")
        return []

    def _scalar(self, event: Any, at: Location) -> Node:
        tag, text = event.tag, event.value
        if tag is None:
            value = text if event.style else resolve(text)
            return Node(value, at, text=None if value is None else text)
        if tag == "!":
            return Node(text, at, text=text)
        kind = self._check_tag(tag, ("str", "int", "float", "bool", "null", "timestamp", "binary"), at)
        value = self._tagged(kind, text, at)
        return Node(value, at, text=None if value is None else text)

    def _check_tag(self, tag: str | None, known: tuple[str, ...], at: Location) -> str:
        kind = (tag or _TAG + known[0]).removeprefix(_TAG)
        if tag in (None, "!") or kind in known:
            return kind
        shown = "!!" + kind if tag.startswith(_TAG) else tag
        self._report(f"the tag `{shown}` is not supported", at, "remove it, or quote the value if it is text")
        return "str"

    def _tagged(self, kind: str, text: str, at: Location) -> Scalar:
        if kind in ("str", "timestamp"):
            return text
        if kind == "binary":
            try:
                return base64.b64decode("".join(text.split()), validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                self._report("`!!binary` is not base64 of UTF-8 text", at)
                return text
        value = resolve(text)
        if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value).__name__.replace("NoneType", "null") != kind:
            self._report(f"`{text}` is no value of the tag `!!{kind}`", at)
        return value


_TEXTS = {
    "mapping values are not allowed": (
        "a `:` that can't stand here",
        "check the indentation of this line; quote a value that contains `: `",
    ),
    "could not find expected ':'": ("a key without `:`", "write `key: value`"),
    "did not find expected '-' indicator": ("a key in the middle of a list", "check the indentation of this line"),
    "did not find expected ',' or ']'": ("a list that began with `[` is not closed", "add `]` or a comma"),
    "did not find expected ',' or '}'": ("a mapping that began with `{` is not closed", "add `}` or a comma"),
    "did not find expected key": ("expected a key or the end of the mapping", "check the indentation and the quotes"),
    "did not find expected node content": ("expected a value", "quote it if it is text"),
    "found unexpected end of stream": ("a quote is opened and never closed", ""),
    "unknown escape character": ("unknown escape in double quotes", "double the backslash, or use single quotes"),
}


def _syntax_problems(error: yaml.YAMLError, text: str, file: str, templates_belong: bool) -> list[Problem]:
    if not templates_belong and (
        found := [
            Problem(f"unfilled placeholder `{name}`", Location(file, line, column), PLACEHOLDER_HINT)
            for line, column, name in islice(templates(text), _TEMPLATES_MAX)
        ]
    ):
        return found
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    at = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)
    said = str(getattr(error, "problem", None) or error)
    lines = text.splitlines()
    if "cannot start any token" in said and mark:
        return [_bad_start(lines[at.line - 1][at.column - 1 : at.column], at)]
    began: Any = getattr(error, "context_mark", None)
    since = f"; it began at line {began.line + 1}" if began and mark and began.line != mark.line else ""
    for start, (message, hint) in _TEXTS.items():
        if start in said:
            return [Problem(message + since, at, hint)]
    return [Problem(f"not valid YAML: {said}{since}", at)]


def _bad_start(character: str, at: Location) -> Problem:
    if character == "\t":
        return Problem("a tab; YAML takes only spaces for indentation", at, "replace it by spaces")
    return Problem(f"a value can't begin with `{character}`", at, "quote it")


def _index_location(text: str, index: int, file: str) -> Location:
    lines = text[:index].replace("\r\n", "\n").split("\n")
    return Location(file, len(lines), len(lines[-1]) + 1)
