"""OTTL statements as data, as the parser makes them: names are not resolved, only the grammar is checked.

`at` is where a node begins: characters from the beginning of its text, 0 for the first. It takes no part in equality,
so that two texts that mean the same are equal (as Python compares: 1 is 1.0 is true). `str(node)` is OTTL again, and
parses to an equal node.
"""

import json
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

ArithmeticOperator: TypeAlias = Literal["+", "-", "*", "/"]
ComparisonOperator: TypeAlias = Literal["==", "!=", "<", ">", "<=", ">="]


@dataclass(frozen=True, slots=True)
class Constant:
    """`nil`, `true`, `1`, `1.5`, `"text"` or `0x0a1b` (bytes)."""

    value: bool | int | float | str | bytes | None
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        match self.value:
            case None:
                return "nil"
            case bool():
                return "true" if self.value else "false"
            case str():
                return quoted(self.value)
            case bytes():
                return "0x" + self.value.hex()
            case float():
                return _decimal(self.value)
            case int():
                return str(self.value)


@dataclass(frozen=True, slots=True)
class Name:
    """A capitalised word without parentheses: an enum such as `SPAN_KIND_SERVER`, or as an argument, a converter."""

    text: str
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Field:
    """One step of a path: `attributes["http.method"][0]` has a name and two keys."""

    name: str
    keys: "tuple[Expression, ...]" = ()

    def __str__(self) -> str:
        return self.name + "".join(f"[{key}]" for key in self.keys)


@dataclass(frozen=True, slots=True)
class Path:
    """`span.attributes["a"]`; whether the first field is a context's name, only the context can tell."""

    fields: tuple[Field, ...]
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return ".".join(map(str, self.fields))


@dataclass(frozen=True, slots=True)
class Argument:
    """A value given to a function, by name or by its place."""

    value: "Expression"
    name: str | None = None
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return str(self.value) if self.name is None else f"{self.name} = {self.value}"


@dataclass(frozen=True, slots=True)
class Call:
    """`Split(name, "/")[0]`: a converter and keys into what it answers. As a statement's editor it has no keys."""

    name: str
    arguments: tuple[Argument, ...] = ()
    keys: "tuple[Expression, ...]" = ()
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})" + "".join(f"[{key}]" for key in self.keys)


@dataclass(frozen=True, slots=True)
class ListOf:
    """`["a", 1]`."""

    items: "tuple[Expression, ...]" = ()
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.items))}]"


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{"a": 1}`."""

    entries: "tuple[tuple[str, Expression], ...]" = ()
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return "{" + ", ".join(f"{quoted(key)}: {value}" for key, value in self.entries) + "}"


@dataclass(frozen=True, slots=True)
class Negative:
    """`-a`; a negative number literal is a Constant."""

    value: "Expression"
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return f"-({self.value})"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`a + b`, `a - b`, `a * b` or `a / b`."""

    operator: ArithmeticOperator
    left: "Expression"
    right: "Expression"
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return f"{_inner(self.left)} {self.operator} {_inner(self.right)}"


Expression: TypeAlias = Constant | Name | Path | Call | ListOf | MapOf | Negative | Arithmetic
"""Whatever is worth a value."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`a == b`."""

    operator: ComparisonOperator
    left: Expression
    right: Expression
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition that is a value by itself: `true`, `false` or a converter that answers a boolean."""

    value: Constant | Call
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Not:
    """`not a`."""

    condition: "Condition"
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return f"not ({self.condition})"


@dataclass(frozen=True, slots=True)
class And:
    """`a and b and …`: two conditions or more."""

    conditions: "tuple[Condition, ...]"
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return " and ".join(map(_grouped, self.conditions))


@dataclass(frozen=True, slots=True)
class Or:
    """`a or b or …`: two conditions or more."""

    conditions: "tuple[Condition, ...]"
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return " or ".join(map(_grouped, self.conditions))


Condition: TypeAlias = Comparison | Truth | Not | And | Or
"""Whatever is true or false."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`set(name, "x") where kind == SPAN_KIND_SERVER`."""

    editor: Call
    where: Condition | None = None
    at: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return str(self.editor) if self.where is None else f"{self.editor} where {self.where}"


def quoted(text: str) -> str:
    """The text as an OTTL string literal."""
    return json.dumps(text, ensure_ascii=False)


def _decimal(value: float) -> str:
    """With a point, which makes it a float in OTTL."""
    mantissa, exponent, power = repr(value).partition("e")
    return (mantissa if "." in mantissa else mantissa + ".0") + exponent + power


def _inner(value: Expression) -> str:
    return f"({value})" if isinstance(value, Arithmetic) else str(value)


def _grouped(condition: Condition) -> str:
    return f"({condition})" if isinstance(condition, And | Or) else str(condition)
