"""XPath 1.0, as far as logs need it: read once into functions, then asked of documents.

Paths with the axes of elements, attributes and siblings and their abbreviations, predicates, unions, comparisons,
arithmetic and the functions of `xpath_functions`. There are no variables and no namespaces: names are compared as
written, with their prefix.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias, cast

from ..values import OttlError
from .xml_tree import Node
from .xpath_axes import AXES, Nodes, in_order, root
from .xpath_functions import FUNCTIONS, Attribute, Context, Expression, Item, arithmetic, compare, truth

_TOKEN = re.compile(
    r"\s*(//|::|\.\.|!=|<=|>=|[/()\[\]@,.|+\-=<>*]|\d+(?:\.\d*)?|\.\d+|\"[^\"]*\"|'[^']*'"
    r"|[^\W\d][\w.\-]*(?::(?!:)[^\W\d][\w.\-]*)?)"
)
_NAME = re.compile(r"[^\W\d]")
_KINDS = {"text": ("text", "cdata"), "comment": ("comment",), "processing-instruction": ("instruction",)}
_Step: TypeAlias = Callable[[Nodes], Nodes]


@lru_cache(1024)
def compile_xpath(text: str) -> Callable[[Node], Nodes]:
    """What an expression selects in a document, in its order. Raises OttlError for what is no XPath or no selection."""
    parser = _Parser(text)
    expression = parser.union()
    parser.finish()

    def select(document: Node) -> Nodes:
        found = expression(Context(document, 1, 1))
        if not isinstance(found, list):
            raise OttlError(f"the XPath {text!r} selects nothing: it is a value")
        return cast("Nodes", found)

    return select


class _Parser:
    """Recursive descent; each method reads one rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        end = 0
        while found := _TOKEN.match(text, end):
            self.tokens.append(found[1])
            end = found.end()
        if text[end:].strip():
            raise OttlError(f"the XPath {text!r} has something unknown at character {end}")
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        position = self.at + ahead
        return self.tokens[position] if position < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        """The next token if it is one of these."""
        if self.peek() in wanted and self.peek():
            self.at += 1
            return self.tokens[self.at - 1]
        return ""

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise self.error(f"{wanted!r} is missing")

    def error(self, reason: str) -> OttlError:
        return OttlError(f"the XPath {self.text!r} can't be read: {reason} at {self.peek() or 'its end'!r}")

    def finish(self) -> None:
        if self.peek():
            raise self.error("something is left over")

    def alternatives(self) -> Expression:
        return self.chain(("or",), self.conjunction, lambda _, a, b: lambda c: truth(a(c)) or truth(b(c)))

    def conjunction(self) -> Expression:
        return self.chain(("and",), self.equality, lambda _, a, b: lambda c: truth(a(c)) and truth(b(c)))

    def equality(self) -> Expression:
        return self.chain(("=", "!=", "<", "<=", ">", ">="), self.sum, lambda o, a, b: lambda c: compare(o, a(c), b(c)))

    def sum(self) -> Expression:
        return self.chain(("+", "-"), self.product, lambda o, a, b: lambda c: arithmetic(o, a(c), b(c)))

    def product(self) -> Expression:
        return self.chain(("*", "div", "mod"), self.signed, lambda o, a, b: lambda c: arithmetic(o, a(c), b(c)))

    def chain(
        self,
        operators: tuple[str, ...],
        operand: Callable[[], Expression],
        join: Callable[[str, Expression, Expression], Expression],
    ) -> Expression:
        left = operand()
        while symbol := self.take(*operators):
            left = join(symbol, left, operand())
        return left

    def signed(self) -> Expression:
        if self.take("-"):
            operand = self.signed()
            return lambda c: arithmetic("-", 0.0, operand(c))
        return self.union()

    def union(self) -> Expression:
        first = self.path()
        others: list[Expression] = []
        while self.take("|"):
            others.append(self.path())
        if not others:
            return first
        return lambda c: in_order(item for part in (first, *others) for item in cast("Nodes", part(c)))

    def path(self) -> Expression:
        token = self.peek()
        if token[:1] in "\"'" and token:
            self.at += 1
            return lambda c: token[1:-1]
        if re.match(r"\.?\d", token):
            self.at += 1
            return lambda c: float(token)
        if self.peek(1) == "(" and token not in (*_KINDS, "node"):
            return self.filtered()
        if token not in ("/", "//"):
            return self.filtered() if self.peek() == "(" else self.steps(_here)
        if token == "/" and not _begins_step(self.peek(1)):  # noqa: S105
            self.at += 1
            return _top
        self.take("/")
        return self.steps(_top)

    def filtered(self) -> Expression:
        """A call or an expression in parentheses, with predicates and steps behind it."""
        if self.take("("):
            inner = self.alternatives()
            self.need(")")
        else:
            inner = self.call()
        predicates = self.predicates()
        if not predicates and self.peek() not in ("/", "//"):
            return inner

        def nodes(context: Context) -> Nodes:
            found = inner(context)
            if not isinstance(found, list):
                raise OttlError(f"the XPath {self.text!r} takes steps from what is no selection")
            return _filtered(cast("Nodes", found), predicates)

        if self.peek() in ("/", "//"):
            self.take("/")
            return self.steps(nodes)
        return nodes

    def call(self) -> Expression:
        name = self.peek()
        self.at += 1
        if name not in FUNCTIONS:
            raise OttlError(f"the XPath {self.text!r} calls {name}(), which is unknown")
        self.need("(")
        arguments: list[Expression] = []
        while not self.take(")"):
            arguments.append(self.alternatives())
            if self.peek() != ")":
                self.need(",")
        return FUNCTIONS[name].bound(self.text, name, arguments)

    def steps(self, start: Callable[[Context], Nodes]) -> Expression:
        steps: list[_Step] = []
        while True:
            if self.take("//"):
                steps.append(
                    lambda nodes: in_order(each for node in nodes for each in AXES["descendant-or-self"](node))
                )
            steps.append(self.step())
            if self.peek() != "//" and not self.take("/"):
                break

        def select(context: Context) -> Nodes:
            nodes = start(context)
            for step in steps:
                nodes = step(nodes)
            return nodes

        return select

    def step(self) -> _Step:
        if self.take("."):
            axis, test = "self", _any
        elif self.take(".."):
            axis, test = "parent", _any
        else:
            axis = "attribute" if self.take("@") else "child"
            if self.peek(1) == "::":
                axis = self.peek()
                self.at += 2
                if axis not in AXES:
                    raise OttlError(f"the XPath {self.text!r} has the axis {axis}, which is unknown")
            test = self.test()
        predicates = self.predicates()
        return lambda nodes: in_order(
            each for node in nodes for each in _filtered([n for n in AXES[axis](node) if test(n)], predicates)
        )

    def test(self) -> Callable[[Item], bool]:
        if self.take("*"):
            return lambda item: isinstance(item, Attribute) or item.kind == "element"
        name = self.peek()
        if not _NAME.match(name):
            raise self.error("a step is missing")
        self.at += 1
        if self.take("("):
            self.need(")")
            kinds = _KINDS.get(name)
            return _any if kinds is None else lambda item: isinstance(item, Node) and item.kind in kinds
        return lambda item: item.name == name

    def predicates(self) -> list[Expression]:
        found: list[Expression] = []
        while self.take("["):
            found.append(self.alternatives())
            self.need("]")
        return found


def _here(context: Context) -> Nodes:
    return [context.item]


def _top(context: Context) -> Nodes:
    return [root(context.item)]


def _begins_step(token: str) -> bool:
    return bool(token) and (token in ("@", "*", ".", "..") or bool(_NAME.match(token)))


def _any(item: Item) -> bool:
    return True


def _filtered(nodes: Nodes, predicates: list[Expression]) -> Nodes:
    for predicate in predicates:
        size = len(nodes)
        kept: Nodes = []
        for position, node in enumerate(nodes, 1):
            answer: Any = predicate(Context(node, position, size))
            if answer == float(position) if isinstance(answer, float) else truth(answer):
                kept.append(node)
        nodes = kept
    return nodes
