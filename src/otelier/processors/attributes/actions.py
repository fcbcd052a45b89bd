"""Actions on attributes as users write them, and the native steps that they become.

`processors.attributes`, `processors.resource` and whatever else edits attributes by such a list share them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from ..._core import Pattern
from ...component import Config
from ...ottl import forms

Metadata: TypeAlias = Mapping[str, tuple[str, ...]]
_SETS = ("insert", "update", "upsert")


class Action(Config):
    key: str = ""
    """Attribute to act on; `delete` and `hash` may have a `pattern` instead, or as well."""
    action: Literal["insert", "update", "upsert", "delete", "hash", "extract", "convert", ""] = ""
    """`insert` sets what isn't there, `update` what is there, `upsert` both; `delete`; `hash` puts the value's SHA-256
    in its place; `extract` makes an attribute of each named group of `pattern`; `convert` changes the type."""
    value: Any = None
    """Constant to set: text, number, boolean, list or map."""
    from_attribute: str = ""
    """Attribute to copy from; nothing is set where it isn't there."""
    from_context: str = ""
    """What the receiver knows of the sender: `metadata.<header>` (needs `include_metadata` there); several values are
    joined with `;`. Nothing is set where it isn't there."""
    default_value: Any = None
    """Set instead where `from_attribute` or `from_context` gives nothing."""
    pattern: str = ""
    """Regular expression (RE2): keys for `delete` and `hash`, the value for `extract`."""
    converted_type: Literal["int", "double", "string", ""] = ""
    """New type for `convert`."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What each action needs and what it doesn't take."""
        if not self.action:
            yield "action", "must be set: insert, update, upsert, delete, hash, extract or convert"
            return
        yield from self._needed()
        yield from self._unused()
        if self.pattern:
            yield from self._pattern()
        if self.from_context.startswith("client."):
            yield "from_context", "the sender's address is not known here; use `metadata.` and a header's name"

    def _needed(self) -> Iterator[tuple[str, str]]:
        if self.action in ("delete", "hash"):
            if not self.key and not self.pattern:
                yield "key", f"must be set (or pattern) for {self.action}"
        elif not self.key:
            yield "key", f"must be set for {self.action}"
        if self.action in _SETS and not self._sources():
            yield "value", f"must be set (or from_attribute, from_context) for {self.action}"
        if len(self._sources()) > 1:
            yield self._sources()[1], f"is one source too many: {self._sources()[0]} is set, too"
        if self.action == "extract" and not self.pattern:
            yield "pattern", "must be set for extract, with a named group: (?P<name>…)"
        if self.action == "convert" and not self.converted_type:
            yield "converted_type", "must be set for convert: int, double or string"

    def _unused(self) -> Iterator[tuple[str, str]]:
        for key in () if self.action in _SETS else self._sources():
            yield key, f"{self.action} does not use it; leave it out"
        if self.pattern and self.action not in ("delete", "hash", "extract"):
            yield "pattern", f"{self.action} does not use it; leave it out"
        if self.converted_type and self.action != "convert":
            yield "converted_type", f"{self.action} does not use it; leave it out"
        if self.default_value is not None and not (self.from_attribute or self.from_context):
            yield "default_value", "stands in for from_attribute or from_context, of which neither is set"

    def _pattern(self) -> Iterator[tuple[str, str]]:
        try:
            groups = Pattern(self.pattern).names[1:]
        except ValueError as error:
            yield "pattern", str(error)
            return
        if self.action == "extract" and not groups:
            yield "pattern", "has no group to extract; write one as (?P<name>…)"
        elif self.action == "extract" and not all(groups):
            yield "pattern", "every group needs a name, (?P<name>…); one that shall extract nothing is (?:…)"

    def _sources(self) -> list[str]:
        given = {
            "value": self.value is not None,
            "from_attribute": bool(self.from_attribute),
            "from_context": bool(self.from_context),
        }
        return [key for key, is_given in given.items() if is_given]


def context_keys(actions: Sequence[Action]) -> tuple[str, ...]:
    """The metadata that decides what the actions do, in lower case."""
    return tuple(_header(action.from_context) for action in actions if action.from_context)


def native(actions: Sequence[Action], level: forms.Level, metadata: Metadata) -> list[forms.Action]:
    """The native actions, for batches with this metadata."""
    return [made for action in actions for made in _native(action, level, metadata)]


def _native(action: Action, level: forms.Level, metadata: Metadata) -> Iterator[forms.Action]:
    match action.action:
        case "insert" | "update" | "upsert":
            yield from _set(action, action.action, level, metadata)
        case "delete":
            if action.key:
                yield forms.delete(action.key)
            if action.pattern:
                yield forms.delete_matching(action.pattern)
        case "hash":
            if action.key:
                yield forms.hash_attribute(action.key)
            if action.pattern:
                yield forms.hash_matching(action.pattern)
        case "extract":
            yield forms.extract(action.key, action.pattern)
        case "convert" if action.converted_type:
            yield forms.convert(action.key, action.converted_type)
        case _:
            raise AssertionError(action)  # `problems` has told it


def _set(action: Action, how: forms.How, level: forms.Level, metadata: Metadata) -> Iterator[forms.Action]:
    default = action.default_value
    if action.from_attribute:
        if default is None:
            yield forms.copy_attribute(action.key, action.from_attribute, how)
        else:
            source = forms.attribute(level, action.from_attribute)
            yield forms.set_attribute(action.key, forms.call("Coalesce", source, forms.constant(default)), how)
        return
    value = action.value
    if action.from_context:
        found = metadata.get(_header(action.from_context))
        value = ";".join(found) if found else default
    if value is not None:
        yield forms.set_attribute(action.key, forms.constant(value), how)


def _header(from_context: str) -> str:
    """Nobody is authenticated yet, so `auth.` finds nothing; without a prefix it is metadata, as it always was."""
    if from_context.startswith("auth."):
        return from_context
    return from_context.removeprefix("metadata.").lower()
