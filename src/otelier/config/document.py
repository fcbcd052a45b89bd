"""The configuration, merged and expanded, with the place of every key and value."""

from typing import Any

from ..component.errors import Location, Problem
from .nodes import Node, Path


class Document:
    """What `load` gives. Paths are keys and list indexes from the top: `("exporters", "otlp", "endpoint")`."""

    def __init__(self, root: Node, warnings: list[Problem]) -> None:
        self._root = root
        self.tree: dict[str, Any] = root.plain()
        """Plain dicts, lists and scalars."""
        self.warnings = warnings
        """What is no error but should be known, by the order of finding, each once."""

    def where(self, path: Path, *, key: bool = False) -> Location:
        """Where a person would look for it; the nearest known place above for what isn't there.

        That is the value itself, or its key where the value is a mapping, a list or empty; `key` asks for the key.
        """
        node, whole = self._find(path)
        if key and whole and node.key_at:
            return node.key_at
        return node.place

    def text(self, path: Path) -> str | None:
        """A scalar as it was written (`0123`, not 83); None for what is empty, a list, a mapping or not there."""
        node, whole = self._find(path)
        return node.text if whole else None

    def origin(self, path: Path) -> str:
        """The references that gave the value, such as `${env:X}`; empty if the file holds it itself."""
        return self._find(path)[0].origin

    def problem(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> Problem:
        """What is wrong at `path`, with its place and the references that led there."""
        origin = self.origin(path)
        return Problem(message + (f" (from {origin})" if origin else ""), self.where(path, key=key), hint)

    def warn(self, path: Path, message: str, hint: str = "") -> None:
        """Add to `warnings`, once."""
        if (warning := self.problem(path, message, hint)) not in self.warnings:
            self.warnings.append(warning)

    def _find(self, path: Path) -> tuple[Node, bool]:
        """The nearest node, and whether it is the one at `path`."""
        node = self._root
        for step in path:
            if (child := node.child(step)) is None:
                return node, False
            node = child
        return node, True
