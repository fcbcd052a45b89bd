"""What a function of templates is: what it takes, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .values import Value

Kind: TypeAlias = Literal["any", "string", "float64", "int", "template.queryResult", "*template.sample"]
"""Go's name of a parameter's type."""


@dataclass(frozen=True, slots=True)
class Function:
    """`takes`: its parameters; `more`: that of any further arguments. It raises CallError."""

    call: Callable[..., Value]
    takes: tuple[Kind, ...] = ()
    more: Kind | None = None
