"""Plain values to configuration structs, every problem of every key at once.

As in the Collector, a struct starts from its defaults and the keys that are there replace them, so that
`sending_queue: {queue_size: 10}` leaves the queue's other keys as its owner set them. Null stands for the default
too, except that it makes a group of keys present: with `grpc: GrpcSettings | None = None`, a file with `grpc:` and
nothing behind gives `GrpcSettings()`, and one without `grpc` gives None.

Scalars are taken generously where that can mean one thing only: text gets numbers as they were written, numbers and
booleans take text that spells them, a list takes a single scalar. Everything else is a problem.
"""

import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from ..component.config import Config, Duration, Secret
from ..component.errors import ConfigError, Problem
from ..component.nearest import did_you_mean
from .convert import (
    LISTS,
    MAPPINGS,
    MismatchError,
    broken_bounds,
    convert,
    has_shape,
    is_struct,
    named,
    said,
    takes_text,
)
from .document import Document
from .nodes import Path, shown, steps
from .secrets import looks_secret

C = TypeVar("C", bound=Config)


def decode(config_type: type[C], value: Any, path: Path, document: Document) -> C:
    """The struct for `value`, which stands at `path` of `document`. Raises ConfigError with all problems."""
    decoder = _Decoder(document)
    struct = decoder.struct(config_type, value, path, None)
    if decoder.problems:
        raise ConfigError(decoder.problems)
    return struct


class _Invalid:
    """In place of a value whose problem was reported."""


_INVALID = _Invalid()
_COLLECTED: dict[Any, Callable[[list[Any]], Any]] = {tuple: tuple, set: set, frozenset: frozenset}


class _Decoder:
    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Problem] = []

    def struct(self, kind: type[Config], value: Any, path: Path, under: Any) -> Any:
        """A struct whose absent keys come from `under`, if that is one of the same kind, else from its defaults."""
        if value is not None and not isinstance(value, dict):
            return self._expected(kind, value, path)
        given = cast("dict[str, Any]", value or {})
        fields = _fields(kind)
        before = len(self.problems)
        for key in given:
            if key not in fields:
                hint = kind.instead_of(key) or did_you_mean(key, fields)
                self._report_key((*path, key), f"unknown key `{key}`", hint)
        values = {field.name: self._field(field, given, (*path, key), under) for key, field in fields.items()}
        return self._made(kind, values, path) if len(self.problems) == before else _INVALID

    def _field(self, field: msgspec.structs.FieldInfo, given: dict[str, Any], path: Path, under: Any) -> Any:
        key = path[-1]
        default = getattr(under, field.name) if under is not None else _default(field)
        if key in given and (given[key] is not None or self._null_counts(field.type, path)):
            return self.value(field.type, given[key], path, default)
        if default is msgspec.NODEFAULT:
            state = "has no value" if key in given else "is missing"
            self._report_key(path, f"key `{key}` {state}", "it has no default")
        return default

    def _null_counts(self, kind: Any, path: Path) -> bool:
        """A null that is more than the default: it makes a group of keys present, or is text (an unset `${env:X}`)."""
        members = _members(_split(kind)[0])
        text = self._document.text(path)
        return any(is_struct(m) or (text is not None and takes_text(m)) for m in members)

    def _made(self, kind: type[Config], values: dict[str, Any], path: Path) -> Any:
        struct = kind(**values)
        before = len(self.problems)
        for below, message in struct.problems():
            self._report((*path, *steps(below)), message)
        return struct if len(self.problems) == before else _INVALID

    def value(self, kind: Any, value: Any, path: Path, default: Any = None) -> Any:
        """`value` as `kind`, or `_INVALID` after its problem was reported."""
        kind, bounds = _split(kind)
        members = _members(kind)
        found = self._union(members, value, path, default)
        if found is _INVALID or (found is None and type(None) in members):
            return found
        for broken in broken_bounds(bounds, found):
            return self._report(path, f"{broken}, got {self._said(kind, value, path)}")
        return found

    def _union(self, members: tuple[Any, ...], value: Any, path: Path, default: Any) -> Any:
        """The first member that takes the value; those of the value's own form are asked first."""
        wanted = [member for member in members if member is not type(None)]
        if value is None and len(wanted) < len(members) and not any(map(is_struct, wanted)):
            return None
        if len(wanted) == 1:
            return self._one(wanted[0], value, path, default)
        shaped = [member for member in wanted if has_shape(member, value)]
        attempts: list[list[Problem]] = []
        reported = self.problems
        for member in sorted(wanted, key=lambda member: member not in shaped):
            self.problems = []
            found = self.value(member, value, path, default)
            attempt, self.problems = self.problems, reported
            if not attempt:
                return found
            attempts.append(attempt)
        if len(shaped) == 1 or (shaped and isinstance(value, dict | list)):
            self.problems += min(attempts[: len(shaped)], key=len)
            return _INVALID
        return self._expected(typing.Union[tuple(wanted)], value, path)  # noqa: UP007 - made at run time

    def _one(self, kind: Any, value: Any, path: Path, default: Any) -> Any:
        origin = typing.get_origin(kind) or kind
        if origin is typing.Annotated:
            return self.value(kind, value, path, default)
        if is_struct(kind):
            return self.struct(kind, value, path, default if type(default) is kind else None)
        if kind is Any or kind is object:
            return value
        if origin in MAPPINGS:
            return self._mapping(kind, value, path)
        if origin in LISTS:
            return self._list(kind, value, path)
        return self._scalar(kind, value, path)

    def _mapping(self, kind: Any, value: Any, path: Path) -> Any:
        if value is None:
            return {}
        if not isinstance(value, dict):
            return self._expected(kind, value, path)
        of_key, of_value = typing.get_args(kind) or (str, Any)
        given = cast("dict[str, Any]", value)
        found: dict[Any, Any] = {}
        for key, entry in given.items():
            here = (*path, key)
            name = self._key(of_key, key, here)
            item = self.value(of_value, entry, here)
            found[name] = item
        return _INVALID if any(x is _INVALID for pair in found.items() for x in pair) else found

    def _key(self, kind: Any, key: str, path: Path) -> Any:
        kind, bounds = _split(kind)
        try:
            found = convert(kind, key, key)
        except MismatchError as error:
            return self._report_key(path, error.message or f"expected {named(kind)} as a key", error.hint)
        for broken in broken_bounds(bounds, found):
            return self._report_key(path, f"the key `{key}` {broken}")
        return found

    def _list(self, kind: Any, value: Any, path: Path) -> Any:
        origin = typing.get_origin(kind) or kind
        of_item, *more = typing.get_args(kind) or (Any,)
        if isinstance(value, dict):
            return self._expected(kind, value, path)
        given = cast("list[Any]", value) if isinstance(value, list) else [value]
        if given in ([None], [""]) and not isinstance(value, list):
            given = []
        if origin is tuple and more and more != [...]:
            return self._fixed((of_item, *more), given, path)
        found = [
            self.value(of_item, item, (*path, i) if isinstance(value, list) else path) for i, item in enumerate(given)
        ]
        if any(item is _INVALID for item in found):
            return _INVALID
        return _COLLECTED.get(origin, list)(found)

    def _fixed(self, kinds: tuple[Any, ...], given: list[Any], path: Path) -> Any:
        if len(given) != len(kinds):
            return self._report(path, f"expected a list of {len(kinds)}, got one of {len(given)}")
        found = tuple(self.value(kind, given[i], (*path, i)) for i, kind in enumerate(kinds))
        return _INVALID if any(item is _INVALID for item in found) else found

    def _scalar(self, kind: Any, value: Any, path: Path) -> Any:
        text = self._document.text(path)
        if isinstance(value, dict | list):
            # What `${env:X}` stood for, where it only looks like a list or a mapping.
            if not takes_text(kind) or text is None:
                return self._expected(kind, value, path)
            value = text
        if value is None and text is None:
            return self._expected(kind, value, path)
        if text is None:
            text = value if isinstance(value, str) else _written(value)
        try:
            found = convert(kind, value, text)
        except MismatchError as error:
            if error.message:
                return self._report(path, error.message, error.hint)
            return self._expected(kind, value, path, error.hint)
        if isinstance(found, Duration) and isinstance(value, int | float) and value:
            self._document.warn(path, f"{text} without a unit is {text} nanoseconds", f"write {text}s if that is meant")
        return found

    def _expected(self, kind: Any, value: Any, path: Path, hint: str = "") -> _Invalid:
        wanted = " or ".join(dict.fromkeys(named(member) for member in _members(kind)))
        return self._report(path, f"expected {wanted}, got {self._said(kind, value, path)}", hint)

    def _said(self, kind: Any, value: Any, path: Path) -> str:
        secret = Secret in _members(kind) or any(looks_secret(str(step)) for step in path)
        return said(value, self._document.text(path), hidden=secret)

    def _report(self, path: Path, message: str, hint: str = "") -> _Invalid:
        """A problem of the value at `path`, beginning with its key."""
        name = shown(path)
        self.problems.append(self._document.problem(path, f"`{name}`: {message}" if name else message, hint))
        return _INVALID

    def _report_key(self, path: Path, message: str, hint: str = "") -> _Invalid:
        self.problems.append(self._document.problem(path, message, hint, key=True))
        return _INVALID


@cache
def _fields(kind: type[Config]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _split(kind: Any) -> tuple[Any, list[msgspec.Meta]]:
    """A kind without its bounds, and these."""
    if typing.get_origin(kind) is not typing.Annotated:
        return kind, []
    inner, *notes = typing.get_args(kind)
    return inner, [note for note in notes if isinstance(note, msgspec.Meta)]


def _members(kind: Any) -> tuple[Any, ...]:
    """The members of a union, or the only one; "not there" is no value and so no member."""
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return (kind,)
    return tuple(member for member in typing.get_args(kind) if member is not msgspec.UnsetType)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
