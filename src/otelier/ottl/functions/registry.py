"""Registration of functions: a Python function's signature is the OTTL function's.

    @converter("Concat")
    def concat(values: list[Value], delimiter: str) -> str:
        "Join …"

Converters get evaluated arguments and answer a value. Editors get a `Target` for the path that they change. A parameter
with a default is optional; its name is the one by which OTTL may call it (`name = value`). The annotation is checked
before each call: `str`, `int`, `float` and `bool` take exactly these types (a wrong one is an error that names the
parameter), `StringLike`, `IntLike` and `FloatLike` convert as OTTL's own "like" getters do (None stays None),
`Annotated[str, call]` also calls something that raises OttlError for what can't be meant, such as a regular expression
that is none; constants are checked when the statement is read. `Value` takes all, `FunctionRef` a converter's name
without parentheses. A parameter of type `Frame` is not the statement's to give: it is the item that the statement runs
on, for functions that look around, which name the `contexts` where they can.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from ..values import Value

StringLike: TypeAlias = str | None
IntLike: TypeAlias = int | None
FloatLike: TypeAlias = float | None


class Target(Protocol):
    """A path of one item that an editor reads and writes."""

    def get(self) -> Value:
        """What is there; None if nothing is."""
        ...

    def set(self, value: Value) -> None:
        """Put a value there. Raises OttlError where it can't be."""
        ...


class FunctionRef(Protocol):
    """A converter handed to another function, such as `SHA256` in `replace_pattern(…, function = SHA256)`."""

    def __call__(self, value: Value) -> Value:
        """Of one value."""
        ...


@dataclass(frozen=True, slots=True)
class Function:
    """One OTTL function, as data."""

    name: str
    kind: Literal["editor", "converter"]
    call: Callable[..., Value]
    parameters: Mapping[str, inspect.Parameter]
    contexts: frozenset[str] = frozenset()
    """Where it can be used, such as "span"; empty: everywhere."""

    @property
    def doc(self) -> str:
        """First line of what it does."""
        return (inspect.getdoc(self.call) or "").partition("\n")[0]


FUNCTIONS: dict[str, Function] = {}
"""By name."""

_F = TypeVar("_F", bound=Callable[..., Any])


def converter(name: str, *, contexts: Iterable[str] = ()) -> Callable[[_F], _F]:
    """Register a converter; `contexts`: the only ones where it can be used."""
    return _register(name, "converter", contexts)


def editor(name: str, *, contexts: Iterable[str] = ()) -> Callable[[_F], _F]:
    """Register an editor; `contexts`: the only ones where it can be used."""
    return _register(name, "editor", contexts)


def _register(name: str, kind: Literal["editor", "converter"], contexts: Iterable[str]) -> Callable[[_F], _F]:
    def add(call: _F) -> _F:
        if name in FUNCTIONS:
            raise TypeError(f"{name} is registered twice")
        FUNCTIONS[name] = Function(name, kind, call, inspect.signature(call).parameters, frozenset(contexts))
        return call

    return add
