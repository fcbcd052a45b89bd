"""What templates calculate with: Go's values as Python's, each with the name of its type in Go.

Texts are str (bytes that are no UTF-8 as lone surrogates), floats float, booleans bool. Everything else is here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from ...ottl.functions.go_verbs import Flags, formatted
from ...ottl.values import Time, TimeSpan
from ..promql.labels import Labels


class Int(int):
    """A whole number."""

    go_type = "int"


class StringMap(dict[str, str]):
    """Texts by name; one that isn't there is an empty text."""

    go_type = "map[string]string"


class AnyMap(dict[str, Any]):
    """Values by name; one that isn't there is no value."""

    go_type = "map[string]interface {}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an answer."""

    labels: StringMap
    value: float

    @property
    def go_type(self) -> str:
        """As errors name it."""
        return "*template.sample"


class Samples(list[Sample]):
    """The answer to a query."""

    go_type = "template.queryResult"


@dataclass(frozen=True, slots=True)
class Data:
    """What a template of an alert is about, its `.`."""

    fields: Mapping[str, Any]

    @property
    def go_type(self) -> str:
        """As errors name it."""
        return (
            "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; "
            "Value interface {} }"
        )


class _NoValue:
    go_type = "<nil>"


NO_VALUE = _NoValue()
"""What nothing is worth: it is written `<no value>`."""
Value: TypeAlias = Any
"""Of the types above, or str, float, bool, Time, TimeSpan, or a list of such."""


def samples(answer: Iterable[tuple[Labels, float]]) -> Samples:
    """An answer for templates."""
    return Samples(Sample(StringMap(labels), value) for labels, value in answer)


def go_type(value: Value) -> str:
    """As Go's errors name it."""
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case float():
            return "float64"
        case Time():
            return "*time.Time"
        case TimeSpan():
            return "*time.Duration"
        case list() if not isinstance(value, Samples):
            return "[]interface {}"
        case _:
            return cast("str", value.go_type)


def truth(value: Value) -> bool:
    """What `if` takes for true: anything that isn't empty or zero."""
    match value:
        case _NoValue():
            return False
        case bool() | int() | float() | str() | list() | dict():
            return bool(cast("Any", value))
        case _:
            return True


def shown(value: Value) -> str:
    """As an action writes it."""
    match value:
        case str():
            return value
        case _NoValue():
            return "<no value>"
        case Sample(labels, number):
            return f"{{{shown(labels)} {shown(number)}}}"
        case list():
            return "[" + " ".join(map(shown, cast("list[Any]", value))) + "]"
        case Data():
            return "{" + " ".join(map(shown, value.fields.values())) + "}"
        case dict():
            entries = cast("dict[str, Any]", value)
            return "map[" + " ".join(f"{key}:{_inside(entries[key])}" for key in sorted(entries)) + "]"
        case _:
            return formatted(value, "v", Flags())


def _inside(value: Value) -> str:
    return "<nil>" if isinstance(value, _NoValue) else shown(value)


def printed(values: list[Value]) -> str:
    """One behind the other, a space between two of which none is a text."""
    text = ""
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            text += " "
        text += _inside(value)
    return text
