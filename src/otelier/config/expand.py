"""References in values: `${env:X}`, `${X}`, `${env:X:-default}`, `${file:path}`, `${yaml:…}`; `$$` is a literal `$`.

A value that is nothing but one reference becomes whatever that is as YAML (`0123`: 83), and keeps the text for those
who want text ("0123"). Inside a longer text a reference is text. What a reference gives may hold references itself.
As in the Collector, references in keys are not replaced, and all sources are merged before.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from ..component.errors import ConfigError, Location, Problem
from .compose import BYTES_MAX, DEPTH_MAX, NODES_MAX, compose, read_text
from .nodes import Node
from .providers import ProviderError, Providers, Reference
from .scalars import resolve

ROUNDS_MAX = 1000
_SHOWN_MAX = 60
# Nothing that a YAML parser would have to look at.
_SIMPLE = re.compile(r"[A-Za-z0-9_.]*\Z")


class Expander:
    """Replaces the references of one tree; what is wrong goes to `problems`."""

    def __init__(self, providers: Callable[[Location], Providers], problems: list[Problem]) -> None:
        self._providers_at = providers
        self._problems = problems
        self._nodes = 0

    def expand(self, node: Node) -> Node:
        """The tree without references."""
        if isinstance(node.value, dict):
            return replace(node, value={key: self.expand(child) for key, child in node.value.items()})
        if isinstance(node.value, list):
            return replace(node, value=[self.expand(child) for child in node.value])
        if not isinstance(node.value, str) or "$" not in node.value:
            return node
        value = _Value(self._providers_at(node.at), node, self._problems)
        try:
            expanded = value.whole(node.value, ())
        except ProviderError as error:
            self._problems.append(Problem(error.message + value.said_origin(), node.at, error.hint))
            return node
        self._nodes += value.nodes
        if self._nodes > NODES_MAX:
            raise ConfigError([*self._problems, Problem(f"references give more than {NODES_MAX:,} values", node.at)])
        return expanded


class _Value:
    """One scalar of a file and everything that its references lead to."""

    def __init__(self, providers: Providers, node: Node, problems: list[Problem]) -> None:
        self._providers = providers
        self._node = node
        self._problems = problems
        self._rounds = 0
        self._origins: dict[str, None] = {}
        self.nodes = 0

    def said_origin(self) -> str:
        return f" (from {', '.join(self._origins)})" if self._origins else ""

    def whole(self, text: str, chain: tuple[str, ...]) -> Node:
        """The value of a text, typed if it is one reference. `chain`: the references that led here."""
        if not text.startswith("${") or _closing(text, 2) != len(text) - 1:
            value = self._text(text, chain)
            return replace(self._node, value=value, text=value, origin=", ".join(self._origins))
        reference = self._reference(text[2:-1], chain)
        given, chain = self._retrieve(reference, chain)
        parsed = self._parsed(given, reference)
        if parsed is None or isinstance(parsed.value, str):
            return self.whole(given, chain)
        self.nodes += sum(1 for _ in parsed.walk())
        if self.nodes > NODES_MAX:
            raise ProviderError(f"references give more than {NODES_MAX:,} values")
        found = self._below(parsed, chain, keep_place=reference.scheme != "file")
        at, key_at = self._node.at, self._node.key_at
        return replace(found, at=at, key_at=key_at, text=self._original(given, chain), origin=", ".join(self._origins))

    def _original(self, given: str, chain: tuple[str, ...]) -> str:
        return self._text(given, chain) if "$" in given else given

    def _below(self, node: Node, chain: tuple[str, ...], *, keep_place: bool) -> Node:
        """References in what a reference gave; nodes that came from no file stand where the reference does."""
        if isinstance(node.value, str) and "$" in node.value:
            found = self.whole(node.value, chain)
        elif isinstance(node.value, dict):
            children = {key: self._below(child, chain, keep_place=keep_place) for key, child in node.value.items()}
            found = replace(node, value=children)
        elif isinstance(node.value, list):
            found = replace(node, value=[self._below(child, chain, keep_place=keep_place) for child in node.value])
        else:
            found = node
        origin = ", ".join(self._origins)
        if keep_place:
            return replace(found, at=self._node.at, key_at=node.key_at and self._node.at, origin=origin)
        return replace(found, at=node.at, key_at=node.key_at, origin=origin)

    def _parsed(self, given: str, reference: Reference) -> Node | None:
        """None for what is no YAML, and so is text: a certificate, for one. A YAML file must be YAML."""
        if _SIMPLE.match(given):
            return Node(resolve(given), self._node.at)
        name = reference.rest if reference.scheme == "file" else self._node.at.file
        problems: list[Problem] = []
        node = None
        try:
            node = compose(given, name, problems)
        except ConfigError as error:
            problems = error.problems
        if not problems:
            return node
        if reference.scheme == "file" and name.endswith((".yaml", ".yml")):
            self._problems += problems
            return node or Node(None, self._node.at)
        return None

    def _text(self, text: str, chain: tuple[str, ...], *, unescape: bool = True) -> str:
        """The text with its references replaced by text."""
        parts: list[str] = []
        size = at = 0
        while (dollar := text.find("$", at)) >= 0:
            parts.append(text[at:dollar])
            follows = text[dollar + 1 : dollar + 2]
            if follows == "$":
                parts.append("$" if unescape else "$$")
                at = dollar + 2
            elif follows == "{":
                end = _closing(text, dollar + 2)
                if end < 0:
                    raise ProviderError(
                        f"`{_short(text[dollar:])}` is not closed", "add `}`, or write `$$` for a literal `$`"
                    )
                given, inner = self._retrieve(self._reference(text[dollar + 2 : end], chain), chain)
                parts.append(self._text(given, inner, unescape=unescape))
                size += len(parts[-1])
                at = end + 1
            else:
                parts.append("$")
                at = dollar + 1
            if size > BYTES_MAX:
                raise ProviderError(f"references give more than {BYTES_MAX >> 20} MiB")
        return "".join((*parts, text[at:]))

    def _reference(self, inside: str, chain: tuple[str, ...]) -> Reference:
        """What stands between `${` and `}`; references in there are replaced first."""
        text = self._text(inside, chain, unescape=False) if "$" in inside else inside
        if not chain:
            self._origins[_short("${" + inside + "}")] = None
        return Reference.parse(text, "env")

    def _retrieve(self, reference: Reference, chain: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        name = f"{reference.scheme}:{reference.rest}"
        if name in chain:
            raise ProviderError(f"`{_short(name)}` refers to itself")
        self._rounds += 1
        if self._rounds > ROUNDS_MAX or len(chain) > DEPTH_MAX:
            raise ProviderError(f"references lead on to more than {ROUNDS_MAX} others")
        data = self._providers.retrieve(reference)
        try:
            text = read_text(data, name)
        except ConfigError as error:
            raise ProviderError(error.problems[0].message) from None
        # A file that holds one line, such as a token, ends with a line break that nobody means.
        if reference.scheme == "file" and text.count("\n") == 1:
            text = text.removesuffix("\n").removesuffix("\r")
        return text, (*chain, name)


def _closing(text: str, start: int) -> int:
    """The index of the `}` that closes the reference whose inside begins at `start`; -1 if there is none."""
    depth, at = 1, start
    while at < len(text):
        if text[at] == "$" and text[at + 1 : at + 2] in ("$", "{"):
            depth += text[at + 1] == "{"
            if depth > DEPTH_MAX:
                raise ProviderError(f"references in references, deeper than {DEPTH_MAX}")
            at += 2
            continue
        depth -= text[at] == "}"
        if depth == 0:
            return at
        at += 1
    return -1


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 1] + "…"
