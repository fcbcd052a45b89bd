"""One scalar to one type: what is taken for what, and the words for it."""

import re
import typing
from collections import abc
from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec

from ..component.config import VALUE_TYPES, Config, Duration, Secret
from ..component.id import ComponentID
from ..component.prometheus_values import ByteSize, PrometheusDuration
from .scalars import Scalar, resolve
from .secrets import without_password

LISTS: tuple[Any, ...] = (list, tuple, set, frozenset, abc.Sequence, abc.Set, abc.Collection)
MAPPINGS: tuple[Any, ...] = (dict, abc.Mapping, abc.MutableMapping)

_SHOWN_MAX = 60
_SIZE = re.compile(r"[0-9.]+ *[kKMGT]i?B?")
_OLD_BOOLS = ("yes", "no", "on", "off", "y", "n")


class MismatchError(Exception):
    """A value is not of a type; without a message, what was expected says it all."""

    def __init__(self, message: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def is_struct(kind: Any) -> bool:
    """Whether a kind is a group of keys."""
    return isinstance(kind, type) and issubclass(kind, Config)


def takes_text(kind: Any) -> bool:
    """Whether a kind takes any text as it was written."""
    return kind is str or kind is Secret


def convert(kind: Any, value: Scalar, text: str) -> Any:
    """`value`, written as `text`, as `kind`; raises MismatchError."""
    if kind in VALUE_TYPES:
        return _value_type(kind, value, text)
    if kind is bool:
        return _bool(value)
    if kind is int or kind is float:
        return _number(kind, value)
    if kind is str:
        return text
    if typing.get_origin(kind) is typing.Literal:
        return _choice({arg: arg for arg in typing.get_args(kind)}, value, text)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice({member.value: member for member in kind}, value, text)
    raise TypeError(f"no configuration value can be a {kind!r}")


def _value_type(kind: Any, value: Scalar, text: str) -> Any:
    number = kind is Duration and isinstance(value, int | float)
    try:
        return VALUE_TYPES[kind](value if number else text)
    except ValueError as error:
        raise MismatchError(str(error)) from None


def _bool(value: Scalar) -> bool:
    found = resolve(value) if isinstance(value, str) else value
    if isinstance(found, bool):
        return found
    raise MismatchError(hint="write true or false" if str(value).lower() in _OLD_BOOLS else "")


def _number(kind: type, value: Scalar) -> int | float:
    found = resolve(value) if isinstance(value, str) else value
    if isinstance(found, int | float) and not isinstance(found, bool):
        if kind is float:
            return float(found)
        if isinstance(found, int) or found.is_integer():
            return int(found)
    raise MismatchError(hint="20 GB is 20000000000" if _SIZE.fullmatch(str(value)) else "")


def _choice(choices: dict[Any, Any], value: Scalar, text: str) -> Any:
    for candidate in (value, text):
        for choice, meant in choices.items():
            if choice == candidate and type(choice) is type(candidate):
                return meant
    # The Collector folds the case of some (`error_mode: Ignore`, `action: INSERT`); of none do two differ by it alone.
    folded = [meant for choice, meant in choices.items() if str(choice).casefold() == text.casefold()]
    if len(folded) == 1 and text:
        return folded[0]
    raise MismatchError


def has_shape(kind: Any, value: Any) -> bool:
    """Whether a value is of a kind's own form, before any generosity."""
    kind = typing.get_origin(kind) or kind
    if kind is typing.Annotated or kind is Any or kind is object:
        return True
    if isinstance(value, dict):
        return is_struct(kind) or kind in MAPPINGS
    if isinstance(value, list):
        return kind in LISTS
    if isinstance(value, str):
        return kind in (str, *VALUE_TYPES, typing.Literal) or _is_enum(kind)
    if isinstance(value, bool):
        return kind is bool
    return kind in ((float, int, Duration) if isinstance(value, int) else (float, Duration))


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Secret: "text",
    Duration: "a duration such as 200ms or 1m30s",
    ComponentID: "a name such as otlp or otlp/2",
    PrometheusDuration: "a duration such as 15s or 1m30s",
    ByteSize: "a size such as 512KB or 10MB",
}


def named(kind: Any) -> str:
    """What a kind is to people: `a whole number`."""
    if typing.get_origin(kind) is typing.Annotated:
        return named(typing.get_args(kind)[0])
    if typing.get_origin(kind) is typing.Literal:
        return _one_of(typing.get_args(kind))
    if _is_enum(kind):
        return _one_of([member.value for member in kind])
    if is_struct(kind) or (typing.get_origin(kind) or kind) in MAPPINGS:
        return "keys and values"
    return "a list" if (typing.get_origin(kind) or kind) in LISTS else _WORDS.get(kind, "a value")


def _one_of(choices: typing.Sequence[object]) -> str:
    shown = [f"`{choice}`" for choice in choices if choice != ""]
    return f"one of {', '.join(shown)}" if len(shown) > 1 else "".join(shown)


def said(value: Any, text: str | None, *, hidden: bool) -> str:
    """What a value is to people: `the text "abc"`."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, list):
        return "a list"
    if hidden:
        return "a value that is not shown here"
    shown = without_password(text if text is not None else str(value))
    shown = shown if len(shown) <= _SHOWN_MAX else shown[: _SHOWN_MAX - 1] + "…"
    if isinstance(value, str):
        return f'the text "{shown}"'
    return shown if isinstance(value, bool) else f"the number {shown}"


def broken_bounds(bounds: list[msgspec.Meta], value: Any) -> Iterator[str]:
    """What a value breaks of its bounds: `must be at least 0`."""
    if isinstance(value, Secret):
        value = value.reveal()
    for meta in bounds:
        yield from _broken_range(meta, value)
        yield from _broken_length(meta, value)


def _broken_range(meta: msgspec.Meta, value: Any) -> Iterator[str]:
    """Written so that NaN breaks every bound."""
    shown = Duration if isinstance(value, Duration) else str
    if meta.ge is not None and not value >= meta.ge:
        yield f"must be at least {shown(meta.ge)}"
    if meta.gt is not None and not value > meta.gt:
        yield f"must be more than {shown(meta.gt)}"
    if meta.le is not None and not value <= meta.le:
        yield f"must be at most {shown(meta.le)}"
    if meta.lt is not None and not value < meta.lt:
        yield f"must be less than {shown(meta.lt)}"
    if meta.multiple_of is not None and value % meta.multiple_of:
        yield f"must be a multiple of {meta.multiple_of}"


def _broken_length(meta: msgspec.Meta, value: Any) -> Iterator[str]:
    unit = "characters" if isinstance(value, str) else "entries"
    if meta.min_length is not None and len(value) < meta.min_length:
        yield f"must have at least {meta.min_length} {unit}" if meta.min_length > 1 else "must not be empty"
    if meta.max_length is not None and len(value) > meta.max_length:
        yield f"must have at most {meta.max_length} {unit}"
    if meta.pattern is not None and not re.search(meta.pattern, value):
        yield f"must match `{meta.pattern}`"
