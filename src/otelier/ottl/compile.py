"""The tree of a statement made into Python closures over frames."""

from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

from ..component.nearest import did_you_mean
from .any_value import type_name
from .ast import (
    And,
    Argument,
    Arithmetic,
    Call,
    Comparison,
    Condition,
    Constant,
    Expression,
    ListOf,
    MapOf,
    Name,
    Negative,
    Not,
    Or,
    Path,
    Statement,
    Truth,
)
from .calls import bind
from .contexts import CONTEXTS, Context
from .frame import Frame
from .functions.registry import FUNCTIONS, Function
from .lex import ParseError
from .operations import arithmetic, comparison, negative
from .paths import Access, Evaluate, PathError, item, resolve
from .values import OttlError, Value

Test: TypeAlias = Callable[[Frame], bool]
"""A condition for one item. Raises OttlError."""
Run: TypeAlias = Callable[[Frame], None]
"""A statement for one item. Raises OttlError."""


class Compiler:
    """Of one text in one context. `prefixed`: paths have to say whose they are, as `span.name` does."""

    def __init__(self, text: str, context: Context, *, prefixed: bool) -> None:
        self._text = text
        self._context = context
        self._prefixed = prefixed

    def statement(self, node: Statement) -> Run:
        """Raises ParseError."""
        function = self._function(node.editor, "editor")
        edit = bind(node.editor, function, self)
        if node.where is None:
            return edit
        where = self.condition(node.where)

        def run(frame: Frame) -> None:
            if where(frame):
                edit(frame)

        return run

    def condition(self, node: Condition) -> Test:
        """Raises ParseError."""
        match node:
            case Comparison():
                return self._comparison(node)
            case Truth():
                return self._truth(node)
            case Not():
                inner = self.condition(node.condition)
                return lambda frame: not inner(frame)
            case And():
                every = tuple(map(self.condition, node.conditions))
                return lambda frame: all(test(frame) for test in every)
            case Or():
                some = tuple(map(self.condition, node.conditions))
                return lambda frame: any(test(frame) for test in some)

    def value(self, node: Expression) -> Evaluate:
        """Raises ParseError."""
        match node:
            case Constant():
                constant = node.value
                return lambda _: constant
            case Name():
                number = self._enum(node)
                return lambda _: number
            case Path():
                return self._access(node).get
            case Call():
                return self._call(node)
            case ListOf():
                items = tuple(map(self.value, node.items))
                return lambda frame: [each(frame) for each in items]
            case MapOf():
                entries = tuple((key, self.value(value)) for key, value in node.entries)
                return lambda frame: {key: value(frame) for key, value in entries}
            case Negative():
                inner = self.value(node.value)
                return lambda frame: negative(inner(frame))
            case Arithmetic():
                left, right = self.value(node.left), self.value(node.right)
                calculate = arithmetic(node.operator)
                return lambda frame: calculate(left(frame), right(frame))

    def target(self, node: Expression) -> Access:
        """A path that can be set. Raises ParseError."""
        if not isinstance(node, Path):
            self.fail(node, f"expected a path that can be changed, such as `attributes`, got `{node}`")
        access = self._access(node)
        if access.set is None:
            self.fail(node, f"`{node}` can only be read")
        return access

    def fail(self, node: Argument | Expression, message: str) -> NoReturn:
        """Raise ParseError at the node."""
        raise ParseError(self._text, node.at, message)

    # -- parts --------------------------------------------------------------------------------

    def _comparison(self, node: Comparison) -> Test:
        compare = comparison(node.operator)
        left = self.value(node.left)
        if isinstance(node.right, Constant | Name):
            constant = self.value(node.right)(_NO_FRAME)
            return lambda frame: compare(left(frame), constant)
        right = self.value(node.right)
        return lambda frame: compare(left(frame), right(frame))

    def _truth(self, node: Truth) -> Test:
        value = self.value(node.value)
        if isinstance(node.value, Constant):
            return value
        name = node.value.name

        def test(frame: Frame) -> bool:
            found = value(frame)
            if type(found) is not bool:
                raise OttlError(f"a condition has to be true or false, {name} answers {type_name(found)}")
            return found

        return test

    def _access(self, node: Path) -> Access:
        keys = tuple(map(self.value, node.fields[-1].keys))
        try:
            return resolve(node, self._context, keys, prefixed=self._prefixed)
        except PathError as error:
            self.fail(node, str(error))

    def _call(self, node: Call) -> Evaluate:
        value = bind(node, self._function(node, "converter"), self)
        if not node.keys:
            return value
        keys = tuple(map(self.value, node.keys))

        def indexed(frame: Frame) -> Value:
            found = value(frame)
            for key in keys:
                place = key(frame)
                if isinstance(found, dict) and place not in found:
                    raise OttlError(f"{node.name} answers no key {place!r}")
                found = item(found, place)
            return found

        return indexed

    def _function(self, node: Call, kind: str) -> Function:
        function = FUNCTIONS.get(node.name)
        if function is None or function.kind != kind:
            hint = did_you_mean(node.name, [each.name for each in FUNCTIONS.values() if each.kind == kind])
            self.fail(node, f"there is no {kind} `{node.name}`" + (f"; {hint}" if hint.startswith("did") else ""))
        if function.contexts and self._context.name not in function.contexts:
            where = " or ".join(sorted(function.contexts))
            self.fail(node, f"{node.name} needs the context {where}, this one is {self._context.name}")
        return function

    def _enum(self, node: Name) -> int:
        number = self._context.enums.get(node.text)
        if number is not None:
            return number
        if node.text in FUNCTIONS:
            self.fail(node, f"`{node.text}` is a function; call it as `{node.text}(…)`")
        having = [name for name, context in CONTEXTS.items() if node.text in context.enums]
        if having:
            self.fail(
                node, f"`{node.text}` is not known in the context {self._context.name}, only in {', '.join(having)}"
            )
        hint = did_you_mean(node.text, self._context.enums)
        message = f"there is no enum `{node.text}`" + (f"; {hint}" if hint.startswith("did") else "")
        raise ParseError(self._text, node.at, message)


_NO_FRAME: Any = None
