"""What pipelines of templates are worth, as Go's package text/template has it, with its errors."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ...ottl.values import Time
from . import ast
from .errors import CallError, TemplateError
from .functions import Function, Kind
from .moments import method
from .values import NO_VALUE, Data, Int, Sample, StringMap, Value, go_type, truth

_MISSING = object()
"""No value comes from the left."""
_ANY = "interface {}"


class Evaluator:
    """Variables and functions of one template while it is carried out. Everything raises TemplateError."""

    def __init__(self, template: ast.Template, functions: Mapping[str, Function]) -> None:
        self._template = template
        self._functions = functions
        self._names = [template.name]
        """Of the templates that are carried out, each within the one before."""
        self._node: object = None
        """Where an error would be."""
        self._variables: list[tuple[str, Value]] = []

    def _fail(self, message: str) -> TemplateError:
        node = cast("Any", self._node)
        before = self._template.text[: node.at].rpartition("\n")
        line = before[0].count("\n") + 1 + bool(before[1]) if before[1] else 1
        column = len(before[2].encode(errors="surrogateescape"))
        where = f'template: {self._template.name}:{line}:{column}: executing "{self._names[-1]}" at <{node}>'
        return TemplateError(f"{where}: {message}")

    def _pipeline(self, pipe: ast.Pipe, dot: Value) -> Value:
        self._node = pipe
        value: Value = _MISSING
        for command in pipe.commands:
            value = self._command(command, dot, value)
        for name in pipe.variables:
            if pipe.assigns:
                self._assign(name, value)
            else:
                self._variables.append((name, value))
        return value

    def _assign(self, name: str, value: Value) -> None:
        for number in reversed(range(len(self._variables))):
            if self._variables[number][0] == name:
                self._variables[number] = (name, value)
                return
        raise self._fail(f"undefined variable: {name}")

    def _command(self, command: ast.Command, dot: Value, final: Value) -> Value:
        first = command.arguments[0]
        match first:
            case ast.Field() | ast.Chain() | ast.Variable():
                return self._fields(first, dot, command.arguments, final)
            case ast.Identifier():
                return self._function(first, command, dot, command.arguments[1:], final)
            case ast.Pipe():
                self._no_arguments(command.arguments, final)
                return self._pipeline(first, dot)
            case _:
                pass
        self._node = first
        self._no_arguments(command.arguments, final)
        match first:
            case ast.Dot():
                return dot
            case ast.Nil():
                raise self._fail("nil is not a command")
            case ast.Number():
                return self._constant(first)
            case ast.Bool() | ast.String():
                return first.value

    def _no_arguments(self, arguments: Sequence[ast.Operand], final: Value) -> None:
        if len(arguments) > 1 or final is not _MISSING:
            raise self._fail(f"can't give argument to non-function {arguments[0]}")

    def _constant(self, node: ast.Number) -> Value:
        if node.is_float and node.floating is not None:
            return node.floating
        if node.integer is None:
            raise self._fail(f"{node.text} overflows int")
        return Int(node.integer)

    # Fields

    def _fields(
        self, node: ast.Field | ast.Chain | ast.Variable, dot: Value, arguments: Sequence[ast.Operand], final: Value
    ) -> Value:
        self._node = node
        names = node.names
        match node:
            case ast.Field():
                value = dot
            case ast.Chain():
                if isinstance(node.node, ast.Nil):
                    raise self._fail(f"indirection through explicit nil in {node}")
                value = self._argument("any", node.node, dot)
            case ast.Variable():
                value = self._variable(node.names[0])
                names = names[1:]
                if not names:
                    self._no_arguments(arguments, final)
                    return value
        for name in names[:-1]:
            value = self._field(value, name, (), _MISSING, dot)
        return self._field(value, names[-1], arguments[1:], final, dot)

    def _variable(self, name: str) -> Value:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        raise self._fail(f"undefined variable: {name}")

    def _field(self, value: Value, name: str, arguments: Sequence[ast.Operand], final: Value, dot: Value) -> Value:
        given = bool(arguments) or final is not _MISSING
        match value:
            case Time():
                return self._method(value, name, arguments, final, dot)
            case Data() | Sample():
                fields = value.fields if isinstance(value, Data) else {"Labels": value.labels, "Value": value.value}
                if name in fields:
                    if given:
                        raise self._fail(f"{name} has arguments but cannot be invoked as function")
                    return fields[name]
            case dict():
                if given:
                    raise self._fail(f"{name} is not a method but has arguments")
                missing = "" if isinstance(value, StringMap) else NO_VALUE
                return cast("dict[str, Any]", value).get(name, missing)
            case _ if value is NO_VALUE:
                return NO_VALUE
            case _:
                pass
        raise self._fail(f"can't evaluate field {name} in type {_type(value)}")

    def _method(self, value: Time, name: str, arguments: Sequence[ast.Operand], final: Value, dot: Value) -> Value:
        found = method(value, name)
        if found is None:
            raise self._fail(f"can't evaluate field {name} in type {go_type(value)}")
        return self._called(name, found, self._node, dot, arguments, final)

    # Functions

    def _function(
        self, node: ast.Identifier, whole: object, dot: Value, arguments: Sequence[ast.Operand], final: Value
    ) -> Value:
        self._node = node
        return self._called(node.name, self._functions[node.name], whole, dot, arguments, final)

    def _called(
        self,
        name: str,
        function: Function,
        whole: object,
        dot: Value,
        arguments: Sequence[ast.Operand],
        final: Value,
    ) -> Value:
        given = len(arguments) + (final is not _MISSING)
        least = len(function.takes)
        if function.more is not None and given < least:
            raise self._fail(f"wrong number of args for {name}: want at least {least} got {len(arguments)}")
        if function.more is None and given != least:
            raise self._fail(f"wrong number of args for {name}: want {least} got {given}")
        kinds = [*function.takes, *[function.more] * (given - least)]
        if name in ("and", "or"):
            return self._decided(name, arguments, dot, final)
        values = [self._argument(cast("Kind", kind), each, dot) for kind, each in zip(kinds, arguments, strict=False)]
        if final is not _MISSING:
            values.append(self._checked(final, cast("Kind", kinds[-1])))
        try:
            return function.call(*values)
        # Numbers may be beyond what can be calculated, texts may be bytes that are no UTF-8.
        except (CallError, TemplateError, ArithmeticError, UnicodeError) as error:
            self._node = whole
            raise self._fail(f"error calling {name}: {error}") from None

    def _decided(self, name: str, arguments: Sequence[ast.Operand], dot: Value, final: Value) -> Value:
        value: Value = NO_VALUE
        for each in arguments:
            value = self._argument("any", each, dot)
            if truth(value) == (name == "or"):
                return value
        return value if final is _MISSING else final

    def _argument(self, kind: Kind, node: ast.Operand, dot: Value) -> Value:
        self._node = node
        match node:
            case ast.Dot():
                return self._checked(dot, kind)
            case ast.Nil():
                if kind in ("string", "float64", "int"):
                    raise self._fail(f"cannot assign nil to {kind}")
                return NO_VALUE
            case ast.Field() | ast.Variable() | ast.Chain():
                return self._checked(self._fields(node, dot, (node,), _MISSING), kind)
            case ast.Pipe():
                return self._checked(self._pipeline(node, dot), kind)
            case ast.Identifier():
                return self._checked(self._function(node, node, dot, (), _MISSING), kind)
            case _:
                return self._literal(kind, node)

    def _literal(self, kind: Kind, node: ast.Bool | ast.Number | ast.String) -> Value:
        match kind, node:
            case "any", ast.Number():
                return self._constant(node)
            case "any", _:
                return node.value
            case "string", ast.String():
                return node.value
            case "float64", ast.Number(floating=float()):
                return node.floating
            case "int", ast.Number(integer=int()):
                return Int(cast("int", node.integer))
            case "string" | "float64" | "int", _:
                word = {"string": "string", "float64": "float", "int": "integer"}[kind]
                raise self._fail(f"expected {word}; found {node}")
            case _:
                raise self._fail(f"can't handle {node} for arg of type {kind}")

    def _checked(self, value: Value, kind: Kind) -> Value:
        """A value where one of that type is wanted."""
        if kind == "any":
            return value
        if value is NO_VALUE:
            if kind in ("string", "float64", "int"):
                raise self._fail(f"invalid value; expected {kind}")
            return value
        if go_type(value) != kind:
            raise self._fail(f"wrong type for value; expected {kind}; got {go_type(value)}")
        return value


def _type(value: Value) -> str:
    return _ANY if value is NO_VALUE else go_type(value)
