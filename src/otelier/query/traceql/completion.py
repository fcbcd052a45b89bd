"""What may come next in a half-typed query, as `complete` tells it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .ast import AttributeScope, Field

WordKind: TypeAlias = Literal["scope", "intrinsic", "constant", "operator", "function", "bracket", "hint"]


@dataclass(frozen=True, slots=True)
class Word:
    """One that may be written as it stands; behind `span.` and `count(` it goes on."""

    text: str
    kind: WordKind


@dataclass(frozen=True, slots=True)
class Names:
    """Attributes of a scope whose names begin with `prefix`; one is written as `written(Attribute(…))`."""

    scope: AttributeScope
    prefix: str
    parent: bool = False


@dataclass(frozen=True, slots=True)
class Values:
    """Values of a field whose texts begin with `prefix`; strings are written in quotes."""

    field: Field
    prefix: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What may replace the text from `start` to the cursor. All words begin with that text; they stand in the order in
    which they should be offered. `names` and `values` are for the store to answer."""

    start: int
    words: tuple[Word, ...] = ()
    names: Names | None = None
    values: Values | None = None
