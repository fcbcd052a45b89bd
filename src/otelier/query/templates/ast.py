"""Templates as data. `at`: characters from the beginning of the whole text, for errors; `str` writes a node back."""

from dataclasses import dataclass, field
from typing import TypeAlias

from ...component.go_text import quoted


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`: the data."""

    at: int

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Nil:
    """`nil`."""

    at: int

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class Bool:
    """`true` or `false`."""

    at: int
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True, slots=True)
class Number:
    """A number that has no type yet: what it is as an integer and as a float, if it can be that."""

    at: int
    text: str
    integer: int | None
    floating: float | None

    @property
    def is_float(self) -> bool:
        """It was written as one."""
        return self.text[0] != "'" and self.text[:2].lower() != "0x" and any(each in ".eEpP" for each in self.text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class String:
    """A text in quotes."""

    at: int
    written: str
    value: str

    def __str__(self) -> str:
        return self.written


@dataclass(frozen=True, slots=True)
class Field:
    """`.a.b`: of the data."""

    at: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x.a.b`; the first name has the dollar sign."""

    at: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Chain:
    """`(…).a.b`."""

    at: int
    node: "Operand"
    names: tuple[str, ...]

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return inner + "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a function."""

    at: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Command:
    """An operand with its arguments."""

    at: int
    arguments: "tuple[Operand, ...]"

    def __str__(self) -> str:
        return " ".join(f"({each})" if isinstance(each, Pipe) else str(each) for each in self.arguments)


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each given what the one before is worth; and the variables that get the last value."""

    at: int
    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False
    """The variables are there already."""

    def __str__(self) -> str:
        names = ", ".join(self.variables)
        head = f"{names} {'=' if self.assigns else ':='} " if names else ""
        return head + " | ".join(map(str, self.commands))


Operand: TypeAlias = Dot | Nil | Bool | Number | String | Field | Variable | Chain | Identifier | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    """What stands between the actions."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """`{{ pipeline }}`."""

    at: int
    pipe: Pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


@dataclass(frozen=True, slots=True)
class Branch:
    """`if`, `with` or `range`."""

    at: int
    word: str
    pipe: Pipe
    body: "tuple[Node, ...]"
    otherwise: "tuple[Node, ...]"

    def __str__(self) -> str:
        return f"{{{{{self.word} {self.pipe}}}}}"


@dataclass(frozen=True, slots=True)
class Call:
    """`{{ template "name" pipeline }}`."""

    at: int
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return f"{{{{template {quoted(self.name)}{f' {self.pipe}' if self.pipe else ''}}}}}"


@dataclass(frozen=True, slots=True)
class Leave:
    """`break` or `continue`."""

    at: int
    word: str

    def __str__(self) -> str:
        return f"{{{{{self.word}}}}}"


Node: TypeAlias = Text | Action | Branch | Call | Leave


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text: its own nodes, and the templates that it defines."""

    name: str
    text: str
    nodes: tuple[Node, ...]
    defined: "dict[str, tuple[Node, ...]]" = field(default_factory=dict[str, tuple[Node, ...]])
