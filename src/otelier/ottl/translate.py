"""Expressions and conditions as native forms (see `forms`), as far as native code agrees with the interpreter."""

from collections.abc import Mapping

from . import forms
from .ast import (
    And,
    Argument,
    Arithmetic,
    Call,
    Comparison,
    Condition,
    Constant,
    Expression,
    Field,
    ListOf,
    MapOf,
    Name,
    Negative,
    Not,
    Or,
    Path,
    Truth,
)
from .contexts import Context
from .functions.registry import FUNCTIONS
from .values import OttlError, Value

LEVELS: Mapping[str, forms.Level] = {
    "resource": "resource",
    "scope": "scope",
    "metric": "metric",
    "span": "item",
    "datapoint": "item",
    "log": "item",
    "spanevent": "event",
}
"""The native level of each context's own items."""
_OF_ANY = {"IsString", "IsBool", "IsInt", "IsDouble", "IsMap", "IsList", "Len", "SHA256"}
_OF_TEXT = {"IsMatch", "String"}
_WITH_CONSTANT = {"IsMatch", "HasPrefix", "HasSuffix"}
_SURE = {"IsString", "IsBool", "IsInt", "IsDouble", "IsMap", "IsList", "IsMatch", "IsRootSpan"}
_FOLDED = {"Duration", "TraceID", "SpanID"}
"""Converters that are called while compiling, if all they are given is constant."""


class NotNativeError(OttlError):
    """Only the interpreter can run it; the text says why."""


class Translator:
    """Of the texts of one group."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def condition(self, node: Condition) -> forms.Form:
        """Raises NotNativeError."""
        match node:
            case Comparison():
                return forms.compare(node.operator, self.value(node.left), self.value(node.right))
            case Truth():
                return self.value(node.value)
            case Not():
                return forms.not_(self.condition(node.condition))
            case And():
                return forms.all_of(map(self.condition, node.conditions))
            case Or():
                return forms.any_of(map(self.condition, node.conditions))

    def value(self, node: Expression) -> forms.Form:
        """Raises NotNativeError."""
        match node:
            case Path():
                return self._path(node)
            case Call():
                return self._call(node)
            case Arithmetic():
                return forms.arithmetic(node.operator, self.value(node.left), self.value(node.right))
            case Negative():
                return forms.negative(self.value(node.value))
            case _:
                return forms.constant(self.constant(node))

    def constant(self, node: Expression) -> Value:
        """Of literals, enums, and lists and maps of them. Raises NotNativeError."""
        match node:
            case Constant():
                return node.value
            case Name() if node.text in self._context.enums:
                return self._context.enums[node.text]
            case ListOf():
                return [self.constant(item) for item in node.items]
            case MapOf():
                return {key: self.constant(value) for key, value in node.entries}
            case _:
                raise NotNativeError(f"`{node}` is not constant")

    def text(self, node: Expression) -> str:
        """A constant string. Raises NotNativeError."""
        found = self.constant(node)
        if not isinstance(found, str):
            raise NotNativeError(f"`{node}` is no constant string")
        return found

    def place(self, node: Expression) -> tuple[forms.Level, Field, str]:
        """Of a path: its level, its last field and all names below the level. Raises NotNativeError."""
        if not isinstance(node, Path):
            raise NotNativeError(f"`{node}` is no path")
        level = self._context.names.get(node.fields[0].name)
        rest = node.fields[1:] if level else node.fields
        level = level or self._context.own
        name = ".".join(field.name for field in rest)
        if not rest or name not in level.members:
            raise NotNativeError(f"`{node}` is only known to the interpreter")
        return LEVELS[level.name], rest[-1], name

    def steps(self, field: Field) -> list[forms.Key]:
        """The keys behind a name. Raises NotNativeError."""
        keys = [self.constant(key) for key in field.keys]
        if any(type(key) not in (str, int) for key in keys):
            raise NotNativeError(f"a key of `{field}` is neither a string nor an int")
        return keys

    def _path(self, node: Path) -> forms.Form:
        level, last, name = self.place(node)
        steps = self.steps(last)
        if name == "attributes":
            if not steps or not isinstance(steps[0], str):
                raise NotNativeError(f"`{node}` is a whole map")
            return forms.attribute(level, steps[0], steps[1:])
        if steps and name != "body":
            raise NotNativeError(f"keys of `{name}` are only known to the interpreter")
        return forms.field(level, name, steps)

    def _call(self, node: Call) -> forms.Form:
        if node.keys:
            raise NotNativeError(f"keys behind `{node.name}(…)`")
        given = list(self.arguments(node).values())
        if node.name in _FOLDED:
            return forms.constant(self._folded(node, given))
        if node.name == "IsRootSpan" and self._context.name == "span":
            return forms.call("IsRootSpan")
        if node.name == "Concat":
            values, delimiter = given
            if not isinstance(values, ListOf):
                raise NotNativeError("Concat of what is no list literal")
            parts = [self._textual(item) for item in values.items]
            return forms.call("Concat", forms.constant(self.text(delimiter)), *parts)
        if node.name in _WITH_CONSTANT:
            value = self._textual(given[0]) if node.name in _OF_TEXT else self.value(given[0])
            return forms.call(node.name, value, forms.constant(self.text(given[1])))
        if node.name in _OF_TEXT:
            return forms.call(node.name, self._textual(given[0]))
        if node.name in _OF_ANY:
            return forms.call(node.name, self.value(given[0]))
        raise NotNativeError(f"{node.name} is not native")

    def _textual(self, node: Expression) -> forms.Form:
        form = self.value(node)
        if may_be_time(form):
            raise NotNativeError(f"the text of a time, `{node}`")
        return form

    def _folded(self, node: Call, given: list[Expression]) -> Value:
        return FUNCTIONS[node.name].call(*(self.constant(argument) for argument in given))

    def arguments(self, call: Call) -> dict[str, Expression]:
        """By the parameters' names, which the group has checked."""
        names = list(FUNCTIONS[call.name].parameters)
        named: list[tuple[str, Argument]] = [
            (argument.name or names[at], argument) for at, argument in enumerate(call.arguments)
        ]
        return {name: argument.value for name, argument in named}


def may_be_time(form: forms.Form) -> bool:
    """Whether its value may be a moment or a duration, which native code knows only to compute and compare."""
    [(kind, given)] = form.items()
    match kind:
        case "constant":
            return "time" in given or "duration" in given
        case "field":
            return given[1].endswith("time")
        case "arithmetic":
            return may_be_time(given[1]) or may_be_time(given[2])
        case "negative":
            return may_be_time(given)
        case _:
            return False


def may_fail(form: forms.Form) -> bool:
    """Whether it may have no value for some item."""
    [(kind, given)] = form.items()
    match kind:
        case "constant":
            return False
        case "attribute" | "field":
            return bool(given[2])
        case "compare":
            return may_fail(given[1]) or may_fail(given[2])
        case "and" | "or":
            return any(map(may_fail, given))
        case "not":
            return may_fail(given)
        case "call":
            return given[0] not in _SURE or any(map(may_fail, given[1]))
        case _:
            return True
