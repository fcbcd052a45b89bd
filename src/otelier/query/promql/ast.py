"""PromQL as data.

`at` and `end` are the characters from the beginning of the text to the node's beginning and end. They take no part in
equality, so that two texts that mean the same are equal. `text.py` writes nodes back.
"""

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

MatchOperator: TypeAlias = Literal["=", "!=", "=~", "!~"]
AtModifier: TypeAlias = int | Literal["start", "end"] | None
"""Milliseconds since the epoch, or the query's own start or end."""
Extent: TypeAlias = Literal["", "anchored", "smoothed"]
Side: TypeAlias = Literal["one-to-one", "many-to-one", "one-to-many", "many-to-many"]

NAME = "__name__"


@dataclass(frozen=True, slots=True)
class Number:
    """A number; `duration` if it was written as `5m`, then in seconds."""

    value: float
    duration: bool = field(default=False, compare=False)
    at: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Number):
            return False
        return self.value == other.value or (math.isnan(self.value) and math.isnan(other.value))

    def __hash__(self) -> int:
        return hash(("Number", "nan" if math.isnan(self.value) else self.value))


@dataclass(frozen=True, slots=True)
class String:
    """A string."""

    value: str
    at: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Matcher:
    """`label="value"` and its like."""

    operator: MatchOperator
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """`metric{label="x"} offset 5m @ 100 smoothed`: an instant vector. The name is the first matcher."""

    matchers: tuple[Matcher, ...]
    offset: "Expression | None" = None
    pinned: AtModifier = None
    extent: Extent = ""
    at: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Range:
    """`metric[5m]`: a range vector; modifiers stand at the selector."""

    selector: Selector
    duration: "Expression"
    at: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Subquery:
    """`expression[30m:1m] offset 5m @ 100`: a range vector of an instant query at each step."""

    expression: "Expression"
    duration: "Expression"
    step: "Expression | None" = None
    offset: "Expression | None" = None
    pinned: AtModifier = None
    at: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Paren:
    """`(a)`."""

    expression: "Expression"
    at: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-a` or `+a`."""

    operator: Literal["+", "-"]
    expression: "Expression"
    at: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Matching:
    """How two vectors find each other. `fill_left`, `fill_right`: values for what is missing there."""

    side: Side = "one-to-one"
    on: bool = False
    labels: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    fill_left: Number | None = None
    fill_right: Number | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    """`a + on (x) group_left b`. `returns_bool`: a comparison that answers 0 or 1 instead of filtering."""

    operator: str
    left: "Expression"
    right: "Expression"
    matching: Matching = Matching()
    returns_bool: bool = False
    at: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`sum by (a) (b)` or `topk without (a) (3, b)`."""

    operator: str
    expression: "Expression"
    parameter: "Expression | None" = None
    labels: tuple[str, ...] = ()
    without: bool = False
    at: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Call:
    """`rate(a[5m])`."""

    function: str
    arguments: "tuple[Expression, ...]" = ()
    at: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


Expression: TypeAlias = Number | String | Selector | Range | Subquery | Paren | Unary | Binary | Aggregate | Call
"""Whatever is worth a scalar, a string, an instant vector or a range vector."""


def unwrapped(expression: Expression) -> Expression:
    """Without the parentheses around it."""
    while isinstance(expression, Paren):
        expression = expression.expression
    return expression


def children(node: Expression) -> "tuple[Expression, ...]":
    """What a node is made of, without durations."""
    match node:
        case Range():
            return (node.selector,)
        case Subquery() | Paren() | Unary():
            return (node.expression,)
        case Binary():
            return (node.left, node.right)
        case Aggregate():
            return (node.expression,) if node.parameter is None else (node.parameter, node.expression)
        case Call():
            return node.arguments
        case _:
            return ()
