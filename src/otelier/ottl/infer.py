"""Which context statements mean that don't say it: the one that knows every path, function and enum in them."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from ..component.nearest import did_you_mean
from ..telemetry import Signal
from .ast import Call, Condition, Name, Path, Statement
from .contexts import CONTEXTS, INFERENCE_ORDER, Context, context_named
from .functions.registry import FUNCTIONS
from .values import OttlError

_ENUMS = frozenset(name for context in CONTEXTS.values() for name in context.enums)


def infer(nodes: Iterable[Statement | Condition], signal: Signal) -> Context:
    """The highest in order of those that paths name, or below it, one that has the functions and enums, too.

    Raises OttlError that says which prefix is missing.
    """
    every = [part for node in nodes for part in parts(node)]
    named = {context.name for context in map(_named, every) if context}
    candidates = [CONTEXTS[name] for name in INFERENCE_ORDER if signal in CONTEXTS[name].signals]
    first = next((context for context in candidates if context.name in named), None)
    if named and first is None:
        raise OttlError(f"{' and '.join(sorted(named))} are not in {signal}")
    fitting = [context for context in candidates if _knows(context, every, named)]
    if first in fitting:
        return first
    if named and fitting:
        return fitting[-1]
    if not named:
        return _without_paths(every, candidates, fitting)
    raise OttlError(f"no context knows all of it: paths name {', '.join(sorted(named))}")


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


def _named(part: Any) -> Context | None:
    return context_named(part.fields[0].name) if isinstance(part, Path) else None


def _knows(context: Context, every: list[Any], named: set[str]) -> bool:
    if not named <= {level.name for level in context.levels}:
        return False
    for part in every:
        if isinstance(part, Name) and part.text in _ENUMS and part.text not in context.enums:
            return False
        function = FUNCTIONS.get(part.name) if isinstance(part, Call) else None
        if function and function.contexts and context.name not in function.contexts:
            return False
    return True


def _without_paths(every: list[Any], candidates: list[Context], fitting: list[Context]) -> Context:
    paths = [part for part in every if isinstance(part, Path) and part.fields[0].name != "otelcol"]
    if paths:
        path = paths[0]
        owners = [c.name for c in candidates if ".".join(field.name for field in path.fields) in c.own.members]
        if owners:
            choices = " or ".join(f"`{name}.{path}`" for name in owners)
            raise OttlError(f"`{path}` doesn't say whose; write {choices}, or give the group a `context`")
        hint = did_you_mean(path.fields[0].name, [context.name for context in candidates])
        raise OttlError(f"`{path}` begins with no context's name" + (f"; {hint}" if hint else ""))
    if not fitting:
        raise OttlError("no context knows all of its functions and enums; give the group a `context`")
    return fitting[-1]
