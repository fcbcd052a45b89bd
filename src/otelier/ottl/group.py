"""Groups: statements, or conditions, that run together in one context, parsed and checked when a configuration is read.

A group is data. Whoever executes it (the interpreter, or native code that takes it over) decides by its trees.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from ..component.nearest import did_you_mean
from ..telemetry import Signal
from .ast import Condition, Statement
from .compile import Compiler
from .contexts import CONTEXTS, Context, context_named
from .infer import InferenceError, infer
from .lex import ParseError
from .parse import parse_condition, parse_statement
from .values import OttlError

__all__ = [
    "NATIVE_OFF",
    "ErrorMode",
    "Explanation",
    "Group",
    "GroupError",
    "condition_group",
    "statement_group",
]

ErrorMode: TypeAlias = Literal["propagate", "ignore", "silent"]
_Node = TypeVar("_Node", Statement, Condition)


class GroupError(OttlError):
    """All that is wrong with a group; `problems`: (where: `statements.3`, `conditions.0` or `context`, what)."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{_spoken(where)}{message}" for where, message in problems))


@dataclass(frozen=True, slots=True)
class Group:
    """What runs on every item of one context: the statements, where any of the conditions holds (or there are none).

    A group of `filter` has conditions only. Texts go with the trees, in the same order.
    """

    context: Context
    statements: tuple[Statement, ...]
    conditions: tuple[Condition, ...]
    statement_texts: tuple[str, ...]
    condition_texts: tuple[str, ...]
    error_mode: ErrorMode = "propagate"
    shared_cache: bool = False
    """One cache for all items of the batch and all such groups of the context; otherwise each item begins empty."""
    prefixed: bool = False
    """Paths say whose they are (`span.name`), because the context was not given."""

    def compiler(self, text: str) -> Compiler:
        """For one of the group's texts."""
        return Compiler(text, self.context, prefixed=self.prefixed)


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one group is run."""

    group: Group
    native: bool
    reason: str = ""
    """Why the interpreter runs it."""

    def lines(self) -> Iterator[tuple[str, str]]:
        """(statement or condition, how it is run), for people."""
        how = "native" if self.native else f"interpreted: {self.reason}"
        for text in (*self.group.condition_texts, *self.group.statement_texts):
            yield text, how


NATIVE_OFF = "only the interpreter does this"


def statement_group(
    statements: Sequence[str],
    *,
    signal: Signal,
    context: str = "",
    conditions: Sequence[str] = (),
    error_mode: ErrorMode = "propagate",
    shared_cache: bool = False,
) -> Group:
    """Statements, all in `context` or in the one that they mean. Raises GroupError."""
    reader = _Reader()
    trees = reader.all(statements, "statements", parse_statement)
    tests = reader.all(conditions, "conditions", parse_condition)
    return reader.group(
        Group(
            reader.context(context, (*trees, *tests), (*statements, *conditions), signal),
            trees,
            tests,
            tuple(statements),
            tuple(conditions),
            error_mode,
            shared_cache,
            not context,
        )
    )


def condition_group(
    conditions: Sequence[str], *, signal: Signal, context: str = "", error_mode: ErrorMode = "propagate"
) -> Group:
    """Conditions alone, as `filter`, sampling policies and routes have them. Raises GroupError."""
    return statement_group((), signal=signal, context=context, conditions=conditions, error_mode=error_mode)


class _Reader:
    """Collects problems of one group."""

    def __init__(self) -> None:
        self._problems: list[tuple[str, str]] = []

    def all(self, texts: Sequence[str], where: str, parse: Callable[[str], _Node]) -> tuple[_Node, ...]:
        trees: list[_Node] = []
        for at, text in enumerate(texts):
            try:
                trees.append(parse(text))
            except ParseError as error:
                self._problems.append((f"{where}.{at}", str(error)))
        return tuple(trees)

    def context(
        self, name: str, nodes: Sequence[Statement | Condition], texts: Sequence[str], signal: Signal
    ) -> Context:
        """The one that was named or meant; problems are raised here, because nothing can be checked without."""
        if name:
            found = context_named(name)
            fitting = [each for each, context in CONTEXTS.items() if signal in context.signals]
            if found is None or signal not in found.signals:
                hint = did_you_mean(name, fitting)
                raise GroupError([*self._problems, ("context", f"`{name}` is no context of {signal}; {hint}")])
            return found
        if self._problems:
            raise GroupError(self._problems)
        try:
            return infer(nodes, signal)
        except InferenceError as error:
            statements = sum(isinstance(node, Statement) for node in nodes)
            at = error.node
            where = f"statements.{at}" if at < statements else f"conditions.{at - statements}"
            raise GroupError([(where, str(ParseError(texts[at], error.at, str(error))))]) from None

    def group(self, group: Group) -> Group:
        """The same, after every path, function and enum of it was found."""
        if self._problems:
            raise GroupError(self._problems)
        for at, (tree, text) in enumerate(zip(group.statements, group.statement_texts, strict=True)):
            try:
                group.compiler(text).statement(tree)
            except ParseError as error:
                self._problems.append((f"statements.{at}", str(error)))
        for at, (tree, text) in enumerate(zip(group.conditions, group.condition_texts, strict=True)):
            try:
                group.compiler(text).condition(tree)
            except ParseError as error:
                self._problems.append((f"conditions.{at}", str(error)))
        if self._problems:
            raise GroupError(self._problems)
        return group


def _spoken(where: str) -> str:
    kind, _, at = where.partition(".")
    return f"{kind.removesuffix('s')} {int(at) + 1}, " if at else f"{kind}: "
