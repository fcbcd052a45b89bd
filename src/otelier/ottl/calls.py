"""Calls of functions made ready: arguments to parameters, checked when they are constant, else before each call."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias, cast

from ..component.nearest import did_you_mean
from .any_value import type_name
from .ast import Argument, Call, Constant, Expression, ListOf, MapOf, Name, Path
from .frame import Frame
from .functions.registry import FUNCTIONS, Function, FunctionRef, Target
from .likes import LIKES
from .paths import Access, Evaluate
from .values import OttlError, Time, TimeSpan, Value

_Check: TypeAlias = Callable[[Value], Value]
_Given: TypeAlias = Callable[[Frame], Value]
_KINDS: Mapping[Any, str] = {
    str: "a string",
    int: "an int",
    float: "a float",
    bool: "a bool",
    bytes: "bytes",
    list: "a list",
    dict: "a map",
    Time: "a time",
    TimeSpan: "a duration",
}


class Resolver(Protocol):
    """What a call needs of the compiler."""

    def value(self, node: Expression) -> Evaluate:
        """The closure of an expression."""
        ...

    def target(self, node: Expression) -> Access:
        """The access of a path that can be set."""
        ...

    def fail(self, node: Argument | Expression, message: str) -> typing.NoReturn:
        """Raise ParseError at the node."""
        ...


class PathTarget:
    """An editor's target: one path of the frame's item."""

    __slots__ = ("_access", "_frame")

    def __init__(self, access: Access, frame: Frame) -> None:
        self._access = access
        self._frame = frame

    def get(self) -> Value:
        """What is there; to be changed by `set` only."""
        return self._access.get(self._frame)

    def set(self, value: Value) -> None:
        """Put a copy there. Raises OttlError."""
        if self._access.set:
            self._access.set(self._frame, value)


def bind(call: Call, function: Function, resolver: Resolver) -> Evaluate:
    """The closure that calls the function. Raises ParseError for arguments that don't fit."""
    given = _assigned(call, function, resolver)
    of_frame = tuple(name for name, p in function.parameters.items() if p.annotation is Frame)
    arguments: list[tuple[str, _Given]] = []
    constants: dict[str, Value] = {}
    for name, argument in given.items():
        made = _argument(function, function.parameters[name], argument, resolver)
        if isinstance(made, _Constant):
            constants[name] = made.value
        else:
            arguments.append((name, made))
    run, name = function.call, function.name

    def evaluate(frame: Frame) -> Value:
        values = {parameter: give(frame) for parameter, give in arguments}
        for parameter in of_frame:
            values[parameter] = frame
        try:
            return run(**constants, **values)
        except OttlError as error:
            raise OttlError(f"{name}: {error}") from None
        except (ArithmeticError, ValueError, RecursionError) as error:  # a date after the year 9999, and its like
            raise OttlError(f"{name} can't cope with its arguments: {error}") from error

    return evaluate


class _Constant:
    """An argument that is the same for all items."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value


def _assigned(call: Call, function: Function, resolver: Resolver) -> dict[str, Argument]:
    wanted = {name: p for name, p in function.parameters.items() if p.annotation is not Frame}
    order = list(wanted)
    found: dict[str, Argument] = {}
    for at, argument in enumerate(call.arguments):
        name = argument.name
        if name is None:
            if at >= len(order):
                resolver.fail(argument, f"{call.name} takes {_counted(len(order))}: {signature(function)}")
            name = order[at]
        elif name not in wanted:
            hint = did_you_mean(name, order)
            resolver.fail(argument, f"{call.name} has no argument `{name}`" + (f"; {hint}" if hint else ""))
        if name in found:
            resolver.fail(argument, f"`{name}` is given twice")
        found[name] = argument
    missing = [name for name, p in wanted.items() if p.default is inspect.Parameter.empty and name not in found]
    if missing:
        resolver.fail(call, f"`{missing[0]}` is missing: {signature(function)}")
    return found


def _counted(count: int) -> str:
    return "no argument" if count == 0 else f"at most {count} argument{'s' if count > 1 else ''}"


def signature(function: Function) -> str:
    """As a user calls it: `truncate_all(target, limit, [utf8_safe])`."""
    names = [
        name if p.default is inspect.Parameter.empty else f"[{name}]"
        for name, p in function.parameters.items()
        if p.annotation is not Frame
    ]
    return f"{function.name}({', '.join(names)})"


def _argument(
    function: Function, parameter: inspect.Parameter, argument: Argument, resolver: Resolver
) -> "_Constant | _Given":
    node = argument.value
    kinds = _members(parameter.annotation)
    if Target in kinds:
        access = resolver.target(node)
        return lambda frame: PathTarget(access, frame)
    if FunctionRef in kinds:
        return _Constant(_reference(node, resolver))
    check = _check(parameter.annotation)
    value = resolver.value(node)
    if _is_constant(node):
        try:
            return _Constant(check(value(cast("Frame", None))))
        except OttlError as error:
            resolver.fail(argument, f"{function.name}: {parameter.name}: {error}")
    name = parameter.name

    def give(frame: Frame) -> Value:
        found = value(frame)
        try:
            return check(found)
        except OttlError as error:
            raise OttlError(f"{name}: {error}") from None

    return give


def _is_constant(node: Expression) -> bool:
    match node:
        case Constant() | Name():
            return True
        case ListOf():
            return all(map(_is_constant, node.items))
        case MapOf():
            return all(_is_constant(value) for _, value in node.entries)
        case _:
            return False


def _reference(node: Expression, resolver: Resolver) -> FunctionRef:
    name = node.text if isinstance(node, Name) else ""
    if isinstance(node, Path) or not name:
        resolver.fail(node, "expected a converter's name without parentheses, such as SHA256")
    function = FUNCTIONS.get(name)
    if function is None or function.kind != "converter":
        hint = did_you_mean(name, [each.name for each in FUNCTIONS.values() if each.kind == "converter"])
        resolver.fail(node, f"there is no converter `{name}`" + (f"; {hint}" if hint else ""))
    first, *others = function.parameters.values()
    if any(other.default is inspect.Parameter.empty for other in others):
        resolver.fail(node, f"{name} takes more than one argument, so it can't be used here")
    check = _check(first.annotation)
    return lambda value: function.call(check(value))


# -- types ------------------------------------------------------------------------------------


def _members(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _check(annotation: Any) -> _Check:
    """What makes a value fit the annotation, or raises OttlError."""
    if like := LIKES.get(annotation):
        return like
    if annotation in _KINDS:
        return _exactly(annotation)
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _meant(*typing.get_args(annotation))
    if origin is list:
        return _list_of(typing.get_args(annotation)[0])
    if origin is typing.Literal:
        return _one_of(typing.get_args(annotation))
    members = [member for member in _members(annotation) if member is not type(None)]
    if len(members) == 1 and members[0] is not annotation:
        inner = _check(members[0])
        return lambda value: None if value is None else inner(value)
    kinds = tuple(typing.get_origin(member) or member for member in members)
    if not all(isinstance(kind, type) for kind in kinds) or object in kinds or Any in kinds:
        return lambda value: value
    return _exactly(*kinds)


def _exactly(*kinds: type) -> _Check:
    wanted = " or ".join(_KINDS.get(kind, kind.__name__.lower()) for kind in kinds)

    def check(value: Value) -> Value:
        if type(value) not in kinds:
            raise OttlError(f"expected {wanted}, got {type_name(value)}")
        return value

    return check


def _meant(kind: Any, attempt: Callable[[Value], object]) -> _Check:
    inner = _check(kind)

    def check(value: Value) -> Value:
        found = inner(value)
        attempt(found)
        return found

    return check


def _list_of(kind: Any) -> _Check:
    inner = _check(kind)

    def check(value: Value) -> Value:
        if type(value) is not list:
            raise OttlError(f"expected a list, got {type_name(value)}")
        return [inner(each) for each in cast("list[Value]", value)]

    return check


def _one_of(choices: tuple[Any, ...]) -> _Check:
    def check(value: Value) -> Value:
        if value not in choices:
            raise OttlError(f"expected one of {', '.join(map(repr, choices))}, got {value!r}")
        return value

    return check
