"""Carries templates out, as Go's package text/template does, with its errors."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, cast

from ...ottl.values import Time
from . import ast
from .errors import CallError, TemplateError
from .functions import Function, Kind
from .moments import method
from .values import NO_VALUE, Data, Int, Sample, StringMap, Value, go_type, shown, truth

_DEPTH_MAX = 50
_LENGTH_MAX = 1 << 20
_ROUNDS_MAX = 100_000
"""Of all loops."""
_MISSING = object()
"""No value comes from the left."""
_ANY = "interface {}"


def execute(template: ast.Template, data: Value, functions: Mapping[str, Function]) -> str:
    """The text. Raises TemplateError."""
    running = Execution(template, functions)
    running.walk(template.nodes, data)
    return running.text()


class _Left(Exception):  # noqa: N818 - says what happens
    """`break` or `continue`."""


class Execution:
    """One template while it is carried out."""

    def __init__(self, template: ast.Template, functions: Mapping[str, Function]) -> None:
        self._template = template
        self._functions = functions
        self._names = [template.name]
        self._node: object = None
        self._variables: list[tuple[str, Value]] = []
        self._written: list[str] = []
        self._length = 0
        self._rounds = 0

    def text(self) -> str:
        """All that was written."""
        return "".join(self._written)

    def walk(self, nodes: Sequence[ast.Node], dot: Value) -> None:
        """Raises TemplateError."""
        if not self._variables:
            self._variables.append(("$", dot))
        for node in nodes:
            self._walk(node, dot)

    def define(self, name: str, dot: Value) -> str:
        """What a defined template writes, for the function `tmpl`."""
        before, self._written = self._written, []
        self._call(name, dot)
        text, self._written = self.text(), before
        return text

    def _fail(self, message: str) -> NoReturn:
        node = cast("Any", self._node)
        before = self._template.text[: node.at].rpartition("\n")
        line = before[0].count("\n") + 1 + bool(before[1]) if before[1] else 1
        column = len(before[2].encode(errors="surrogateescape"))
        where = f'template: {self._template.name}:{line}:{column}: executing "{self._names[-1]}" at <{node}>'
        raise TemplateError(f"{where}: {message}")

    def _write(self, text: str) -> None:
        self._length += len(text)
        if self._length > _LENGTH_MAX:
            self._fail(f"the text is longer than {_LENGTH_MAX} characters")
        self._written.append(text)

    def _walk(self, node: ast.Node, dot: Value) -> None:
        if not isinstance(node, ast.Text):
            self._node = node
        match node:
            case ast.Text():
                self._write(node.text)
            case ast.Action():
                value = self._pipeline(node.pipe, dot)
                if not node.pipe.variables:
                    self._write(shown(value))
            case ast.Branch():
                known = len(self._variables)
                try:
                    (self._range if node.word == "range" else self._if)(node, dot)
                finally:
                    del self._variables[known:]
            case ast.Call():
                value = NO_VALUE if node.pipe is None else self._pipeline(node.pipe, dot)
                self._node = node
                self._call(node.name, value)
            case ast.Leave():
                raise _Left(node.word)

    def _if(self, node: ast.Branch, dot: Value) -> None:
        value = self._pipeline(node.pipe, dot)
        if truth(value):
            self.walk(node.body, value if node.word == "with" else dot)
        else:
            self.walk(node.otherwise, dot)

    def _range(self, node: ast.Branch, dot: Value) -> None:
        value = self._pipeline(node.pipe, dot)
        pairs: Iterable[tuple[Value, Value]]
        match value:
            case list():
                pairs = [(Int(number), each) for number, each in enumerate(cast("list[Any]", value))]
            case dict():
                pairs = sorted(cast("dict[str, Any]", value).items())
            case int() if not isinstance(value, bool):
                if len(node.pipe.variables) > 1:
                    self._fail(f"can't use {shown(value)} to iterate over more than one variable")
                pairs = ((Int(number), Int(number)) for number in range(value))
            case _ if value is NO_VALUE:
                pairs = []
            case _:
                self._fail(f"range can't iterate over {shown(value)}")
        empty = True
        for key, each in pairs:
            empty = False
            if not self._once(node, key, each):
                break
        if empty:
            self.walk(node.otherwise, dot)

    def _once(self, node: ast.Branch, key: Value, value: Value) -> bool:
        """Whether to go on."""
        self._rounds += 1
        if self._rounds > _ROUNDS_MAX:
            self._fail(f"loops go round more than {_ROUNDS_MAX} times")
        names = node.pipe.variables
        known = len(self._variables)
        given = {len(names) - 1: value, len(names) - 2: key}
        for number, name in enumerate(names):
            if node.pipe.assigns:
                self._assign(name, given[number])
            else:
                self._variables[known - len(names) + number] = (name, given[number])
        try:
            self.walk(node.body, value)
        except _Left as left:
            return str(left) == "continue"
        finally:
            del self._variables[known:]
        return True

    def _call(self, name: str, dot: Value) -> None:
        nodes = self._template.defined.get(name)
        if nodes is None:
            self._fail(f'template "{name}" not defined')
        if len(self._names) > _DEPTH_MAX:
            self._fail(f"exceeded maximum template depth ({_DEPTH_MAX})")
        variables, self._variables = self._variables, [("$", dot)]
        self._names.append(name)
        self.walk(nodes, dot)
        self._names.pop()
        self._variables = variables

    # Pipelines

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
        self._fail(f"undefined variable: {name}")

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
                self._fail("nil is not a command")
            case ast.Number():
                return self._constant(first)
            case ast.Bool() | ast.String():
                return first.value

    def _no_arguments(self, arguments: Sequence[ast.Operand], final: Value) -> None:
        if len(arguments) > 1 or final is not _MISSING:
            self._fail(f"can't give argument to non-function {arguments[0]}")

    def _constant(self, node: ast.Number) -> Value:
        if node.is_float and node.floating is not None:
            return node.floating
        if node.integer is None:
            self._fail(f"{node.text} overflows int")
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
                    self._fail(f"indirection through explicit nil in {node}")
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
        self._fail(f"undefined variable: {name}")

    def _field(self, value: Value, name: str, arguments: Sequence[ast.Operand], final: Value, dot: Value) -> Value:
        given = bool(arguments) or final is not _MISSING
        match value:
            case Time():
                return self._method(value, name, arguments, final, dot)
            case Data() | Sample():
                fields = value.fields if isinstance(value, Data) else {"Labels": value.labels, "Value": value.value}
                if name in fields:
                    if given:
                        self._fail(f"{name} has arguments but cannot be invoked as function")
                    return fields[name]
            case dict():
                if given:
                    self._fail(f"{name} is not a method but has arguments")
                missing = "" if isinstance(value, StringMap) else NO_VALUE
                return cast("dict[str, Any]", value).get(name, missing)
            case _ if value is NO_VALUE:
                return NO_VALUE
            case _:
                pass
        self._fail(f"can't evaluate field {name} in type {_type(value)}")

    def _method(self, value: Time, name: str, arguments: Sequence[ast.Operand], final: Value, dot: Value) -> Value:
        found = method(value, name)
        if found is None:
            self._fail(f"can't evaluate field {name} in type {go_type(value)}")
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
            self._fail(f"wrong number of args for {name}: want at least {least} got {len(arguments)}")
        if function.more is None and given != least:
            self._fail(f"wrong number of args for {name}: want {least} got {given}")
        kinds = [*function.takes, *[function.more] * (given - least)]
        if name in ("and", "or"):
            return self._decided(name, arguments, dot, final)
        values = [self._argument(cast("Kind", kind), each, dot) for kind, each in zip(kinds, arguments, strict=False)]
        if final is not _MISSING:
            values.append(self._checked(final, cast("Kind", kinds[-1])))
        try:
            return function.call(*values)
        except (CallError, TemplateError) as error:
            self._node = whole
            self._fail(f"error calling {name}: {error}")

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
                    self._fail(f"cannot assign nil to {kind}")
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
                self._fail(f"expected {word}; found {node}")
            case _:
                self._fail(f"can't handle {node} for arg of type {kind}")

    def _checked(self, value: Value, kind: Kind) -> Value:
        """A value where one of that type is wanted."""
        if kind == "any":
            return value
        if value is NO_VALUE:
            if kind in ("string", "float64", "int"):
                self._fail(f"invalid value; expected {kind}")
            return value
        if go_type(value) != kind:
            self._fail(f"wrong type for value; expected {kind}; got {go_type(value)}")
        return value


def _type(value: Value) -> str:
    return _ANY if value is NO_VALUE else go_type(value)
