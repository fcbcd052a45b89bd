"""Which context statements mean that don't say it: the one that knows every path, function and enum in them."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from ..component.nearest import did_you_mean
from ..telemetry import Signal
from .ast import Call, Condition, Name, Path, Statement
from .contexts import CONTEXTS, INFERENCE_ORDER, Context, context_named
from .functions.registry import FUNCTIONS
from .values import OttlError

_ENUMS = frozenset(name for context in CONTEXTS.values() for name in context.enums)


class InferenceError(OttlError):
    """No context fits. `node`: the number of the statement or condition; `at`: characters from its beginning."""

    def __init__(self, message: str, node: int, at: int) -> None:
        super().__init__(message)
        self.node = node
        self.at = at


def infer(nodes: Sequence[Statement | Condition], signal: Signal) -> Context:
    """The highest in order of those that paths name, or below it, one that has the functions and enums, too.

    Raises InferenceError.
    """
    every = [part for node in nodes for part in parts(node)]
    named = {context.name for context in map(_named, every) if context}
    candidates = [CONTEXTS[name] for name in INFERENCE_ORDER if signal in CONTEXTS[name].signals]
    for at, path in _paths(nodes):
        _check_prefix(at, path, candidates, signal)
    fitting = [context for context in candidates if _knows(context, every, named)]
    first = next((context for context in candidates if context.name in named), None)
    if first in fitting:
        return first
    if fitting:
        return fitting[-1]
    where = f"paths name {', '.join(sorted(named))}" if named else "none has all of these functions and enums"
    raise InferenceError(f"no context knows all of it: {where}; give the parts a group each", 0, 0)


def parts(node: Any) -> Iterator[Any]:
    """The node and everything in it."""
    yield node
    for field in dataclasses.fields(node):
        yield from _parts_of(getattr(node, field.name))


def _parts_of(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for each in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _parts_of(each)
    elif dataclasses.is_dataclass(value):
        yield from parts(value)


def _paths(nodes: Sequence[Statement | Condition]) -> Iterator[tuple[int, Path]]:
    return ((at, part) for at, node in enumerate(nodes) for part in parts(node) if isinstance(part, Path))


def _named(part: Any) -> Context | None:
    return context_named(part.fields[0].name) if isinstance(part, Path) else None


def _knows(context: Context, every: Sequence[Any], named: set[str]) -> bool:
    if not named <= {level.name for level in context.levels}:
        return False
    for part in every:
        if isinstance(part, Name) and part.text in _ENUMS and part.text not in context.enums:
            return False
        function = FUNCTIONS.get(part.name) if isinstance(part, Call) else None
        if function and function.contexts and context.name not in function.contexts:
            return False
    return True


def _check_prefix(node: int, path: Path, candidates: Sequence[Context], signal: Signal) -> None:
    first = path.fields[0].name
    if first == "otelcol":
        return
    context = context_named(first)
    if context in candidates:
        return

    def fail(message: str) -> NoReturn:
        raise InferenceError(message, node, path.at)

    if context:
        fail(f"`{first}` is no context of {signal}")
    name = ".".join(field.name for field in path.fields)
    owners = [each.name for each in candidates if name in each.own.members or name == "cache"]
    if owners:
        choices = " or ".join(f"`{owner}.{path}`" for owner in owners)
        fail(f"`{path}` doesn't say whose; write {choices}, or give the group a `context`")
    hint = did_you_mean(first, [each.name for each in candidates])
    fail(f"`{first}` is no context of {signal}; {hint}")
