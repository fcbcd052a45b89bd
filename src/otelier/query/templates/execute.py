"""Carries templates out, as Go's package text/template does, with its errors."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from . import ast
from .evaluate import Evaluator
from .functions import Function
from .values import NO_VALUE, Int, Value, shown, truth

_DEPTH_MAX = 50
_LENGTH_MAX = 1 << 20
_ROUNDS_MAX = 100_000
"""Of all loops."""


class _Left(Exception):  # noqa: N818 - says what happens
    """`break` or `continue`."""


class Execution(Evaluator):
    """One template while it is carried out."""

    def __init__(self, template: ast.Template, functions: Mapping[str, Function]) -> None:
        super().__init__(template, functions)
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

    def _write(self, text: str) -> None:
        self._length += len(text)
        if self._length > _LENGTH_MAX:
            raise self._fail(f"the text is longer than {_LENGTH_MAX} characters")
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
                    raise self._fail(f"can't use {shown(value)} to iterate over more than one variable")
                pairs = ((Int(number), Int(number)) for number in range(value))
            case _ if value is NO_VALUE:
                pairs = []
            case _:
                raise self._fail(f"range can't iterate over {shown(value)}")
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
            raise self._fail(f"loops go round more than {_ROUNDS_MAX} times")
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
            raise self._fail(f'template "{name}" not defined')
        if len(self._names) > _DEPTH_MAX:
            raise self._fail(f"exceeded maximum template depth ({_DEPTH_MAX})")
        variables, self._variables = self._variables, [("$", dot)]
        self._names.append(name)
        self.walk(nodes, dot)
        self._names.pop()
        self._variables = variables
