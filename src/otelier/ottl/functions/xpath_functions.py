"""Values and functions of XPath 1.0, and a few of 2.0 that are handy: ends-with, matches, lower-case, upper-case."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..values import OttlError
from .conversions import parse_double
from .patterns import regular_expression
from .xml_tree import Node


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute as something that can be selected."""

    parent: Node
    name: str

    def string(self) -> str:
        """Its value."""
        return self.parent.attributes[self.name]


Item: TypeAlias = Node | Attribute
Result: TypeAlias = list[Item] | str | float | bool


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression is about, and where that stands among those selected with it."""

    item: Item
    position: int
    size: int


Expression: TypeAlias = Callable[[Context], Any]


def string(value: Result) -> str:
    """Of a selection, the first one's text."""
    match value:
        case list():
            return value[0].string() if value else ""
        case bool():
            return "true" if value else "false"
        case float() | int():
            return str(int(value)) if float(value).is_integer() else str(value)
        case str():
            return value


def number(value: Result) -> float:
    """NaN for text that is none."""
    if isinstance(value, bool | float):
        return float(value)
    found = parse_double(string(value).strip())
    return math.nan if found is None else found


def truth(value: Result) -> bool:
    """False are an empty selection or text, 0 and NaN."""
    return bool(value) and not (isinstance(value, float) and math.isnan(value))


def compare(symbol: str, left: Result, right: Result) -> bool:
    """A selection compares as any one of its nodes does."""
    if isinstance(left, list) and not isinstance(right, bool):
        return any(compare(symbol, item.string(), right) for item in left)
    if isinstance(right, list) and not isinstance(left, bool):
        return any(compare(symbol, left, item.string()) for item in right)
    if symbol in ("=", "!="):
        if isinstance(left, bool) or isinstance(right, bool):
            same = truth(left) == truth(right)
        elif isinstance(left, float) or isinstance(right, float):
            same = number(left) == number(right)
        else:
            same = left == right
        return same == (symbol == "=")
    a, b = number(left), number(right)
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[symbol]


def arithmetic(symbol: str, left: Result, right: Result) -> float:
    """Division by 0 gives NaN or an infinity."""
    a, b = number(left), number(right)
    if symbol in ("div", "mod") and b == 0:
        return math.nan if symbol == "mod" or a == 0 or math.isnan(a) else math.copysign(math.inf, a)
    match symbol:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "div":
            return a / b
        case _:
            return math.fmod(a, b)


@dataclass(frozen=True, slots=True)
class Function:
    """Of the context and the arguments' values."""

    call: Callable[[Context, list[Any]], Result]
    at_least: int
    at_most: int

    def bound(self, text: str, name: str, arguments: list[Expression]) -> Expression:
        """The call as an expression. Raises OttlError for a wrong number of arguments."""
        if not self.at_least <= len(arguments) <= self.at_most:
            raise OttlError(f"the XPath {text!r} gives {name}() {len(arguments)} arguments")
        return lambda context: self.call(context, [argument(context) for argument in arguments])


def _substring(arguments: list[Any]) -> str:
    first = number(arguments[1])
    end = first + (number(arguments[2]) if len(arguments) > 2 else math.inf)
    return "".join(c for place, c in enumerate(string(arguments[0]), 1) if first <= place < end)


def _name(context: Context, arguments: list[Any]) -> str:
    items: list[Item] = arguments[0] if arguments else [context.item]
    return items[0].name if items else ""


def _translate(text: str, old: str, new: str) -> str:
    table = {ord(c): new[n : n + 1] or None for n, c in reversed(list(enumerate(old)))}
    return text.translate(table)


def _own(context: Context, arguments: list[Any]) -> str:
    return string(arguments[0]) if arguments else context.item.string()


def _before(text: str, part: str) -> str:
    return text.partition(part)[0] if part in text else ""


def _of_texts(call: Callable[..., Result], count: int) -> Function:
    """A function of so many texts."""
    return Function(lambda c, a: call(*map(string, a)), count, count)


def _of_number(call: Callable[[float], Result]) -> Function:
    return Function(lambda c, a: call(number(a[0])), 1, 1)


FUNCTIONS: Mapping[str, Function] = {
    "position": Function(lambda c, a: float(c.position), 0, 0),
    "last": Function(lambda c, a: float(c.size), 0, 0),
    "count": Function(lambda c, a: float(len(a[0])), 1, 1),
    "sum": Function(lambda c, a: sum((number([node]) for node in a[0]), 0.0), 1, 1),
    "name": Function(_name, 0, 1),
    "local-name": Function(lambda c, a: _name(c, a).rpartition(":")[2], 0, 1),
    "not": Function(lambda c, a: not truth(a[0]), 1, 1),
    "true": Function(lambda c, a: True, 0, 0),
    "false": Function(lambda c, a: False, 0, 0),
    "boolean": Function(lambda c, a: truth(a[0]), 1, 1),
    "string": Function(_own, 0, 1),
    "number": Function(lambda c, a: number(_own(c, a)), 0, 1),
    "string-length": Function(lambda c, a: float(len(_own(c, a))), 0, 1),
    "normalize-space": Function(lambda c, a: " ".join(_own(c, a).split()), 0, 1),
    "concat": Function(lambda c, a: "".join(map(string, a)), 2, 100),
    "contains": Function(lambda c, a: string(a[1]) in string(a[0]), 2, 2),
    "starts-with": _of_texts(str.startswith, 2),
    "ends-with": _of_texts(str.endswith, 2),
    "matches": Function(lambda c, a: regular_expression(string(a[1])).search(string(a[0])), 2, 2),
    "lower-case": _of_texts(str.lower, 1),
    "upper-case": _of_texts(str.upper, 1),
    "substring": Function(lambda c, a: _substring(a), 2, 3),
    "substring-before": _of_texts(_before, 2),
    "substring-after": Function(lambda c, a: string(a[0]).partition(string(a[1]))[2], 2, 2),
    "translate": _of_texts(_translate, 3),
    "floor": _of_number(lambda x: float(math.floor(x))),
    "ceiling": _of_number(lambda x: float(math.ceil(x))),
    "round": _of_number(lambda x: float(math.floor(x + 0.5))),
}
