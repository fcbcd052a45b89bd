"""Text to the tree of `ast`: operators by precedence, one function per kind of node."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from .ast import Aggregate, Binary, Call, Expression, Matching, Number, Paren, Selector, String, Unary, children
from .cursor import Cursor
from .selectors import duration_call, labels, modified, selector, several
from .signatures import AGGREGATIONS, FUNCTIONS
from .types import check

_LEVELS: Mapping[str, int] = MappingProxyType(
    {
        "or": 1,
        **dict.fromkeys(("and", "unless"), 2),
        **dict.fromkeys(("==", "!=", "<=", "<", ">=", ">", "</", ">/"), 3),
        **dict.fromkeys(("+", "-"), 4),
        **dict.fromkeys(("*", "/", "%", "atan2"), 5),
        "^": 6,
    }
)
_LEVELS_MAX = 250
_CALCULATED_MAX = 200
_PRODUCT = 5
_POWER = 6
_COMPARISONS = frozenset({"==", "!=", "<=", "<", ">=", ">"})
_SETS = frozenset({"and", "or", "unless"})
_IN_DURATIONS = frozenset({"+", "-", "*", "/", "%", "^"})


@lru_cache(maxsize=64)
def parse(text: str) -> Expression:
    """A whole query, with types checked. Raises ParseError.

    One request asks several times: for its labels, for its type, to evaluate it.
    """
    cursor = Cursor(text)
    if cursor.empty:
        cursor.fail("no expression found in input", 0)
    found = _Parser(cursor).expression(1)
    if cursor.token.kind != "end":
        cursor.unexpected("the expression", ["an operator", "the end"])
    if (at := _too_deep(found)) is not None:
        cursor.fail(f"more than {_LEVELS_MAX} operators and calls inside of each other or in a row: ask in parts", at)
    check(found, text)
    return found


def parse_selector(text: str) -> Selector:
    """A selector alone, without modifiers: `metric{label="x"}`. Raises ParseError."""
    cursor = Cursor(text)
    if cursor.token.kind != "name" and not cursor.at_sign("{"):
        cursor.unexpected("metric selector", ["a metric", "{"])
    found = selector(cursor)
    if cursor.token.kind != "end":
        cursor.unexpected("metric selector", ["the end"])
    return found


def _too_deep(node: Expression) -> int | None:
    """Where there are more levels than the stack can hold; None: nowhere. A row of operators is as deep as long."""
    level = [node]
    for _ in range(_LEVELS_MAX):
        level = [child for each in level for child in children(each)]
        if not level:
            return None
    return level[0].at


class _Parser:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._calculated = 0

    def expression(self, level: int) -> Expression:
        """Operators that bind at least as tightly as `level`."""
        with self._cursor.deeper():
            left = self._operand()
            while (operator := self._operator()) and _LEVELS[operator] >= level:
                self._cursor.advance()
                left = self._binary(left, operator)
            return left

    def _operator(self) -> str:
        token = self._cursor.token
        word = token.text if token.kind == "sign" else token.word
        return word if word in _LEVELS else ""

    def _binary(self, left: Expression, operator: str) -> Binary:
        cursor = self._cursor
        returns_bool = False
        if cursor.at_word("bool"):
            if operator not in _COMPARISONS:
                cursor.fail("bool modifier can only be used on comparison operators", cursor.token.at)
            cursor.advance()
            returns_bool = True
        matching = self._matching(operator)
        level = _LEVELS[operator]
        right = self.expression(level if operator == "^" else level + 1)
        return Binary(operator, left, right, matching, returns_bool, at=left.at, end=cursor.end)

    def _matching(self, operator: str) -> Matching:
        cursor = self._cursor
        side: Literal["one-to-one", "many-to-one", "one-to-many", "many-to-many"]
        side = "many-to-many" if operator in _SETS else "one-to-one"
        on, matched, include = False, (), ()
        if cursor.at_word("on", "ignoring") and cursor.followed_by("("):
            on = cursor.advance().word == "on"
            matched = labels(cursor, "grouping opts")
            if cursor.at_word("group_left", "group_right"):
                token = cursor.advance()
                if operator in _SETS:
                    cursor.fail(f'no grouping allowed for "{operator}" operation', token.at)
                side = "many-to-one" if token.word == "group_left" else "one-to-many"
                include = labels(cursor, "grouping opts") if cursor.at_sign("(") else ()
                if on and (both := set(matched) & set(include)):
                    cursor.fail(f'label "{min(both)}" must not occur in ON and GROUP clause at once', token.at)
        left, right = self._fills(operator)
        return Matching(side, on, matched, include, left, right)

    def _fills(self, operator: str) -> tuple[Number | None, Number | None]:
        cursor = self._cursor
        left: Number | None = None
        right: Number | None = None
        while cursor.at_word("fill", "fill_left", "fill_right") and cursor.followed_by("("):
            token = cursor.advance()
            if operator in _SETS:
                cursor.fail("filling in missing series not allowed for set operators", token.at)
            if (left is not None and token.word != "fill_right") or (right is not None and token.word != "fill_left"):
                cursor.fail(f"{token.word} may not be set multiple times", token.at)
            cursor.expect("(", "fill")
            value = self._signed_number()
            cursor.expect(")", "fill")
            left = value if token.word != "fill_right" else left
            right = value if token.word != "fill_left" else right
        return left, right

    def _signed_number(self) -> Number:
        cursor = self._cursor
        start = cursor.token.at
        sign = 1
        while cursor.at_sign("+", "-"):
            sign *= -1 if cursor.advance().text == "-" else 1
        token = cursor.token
        if token.kind not in ("number", "duration"):
            cursor.unexpected("fill", ["a number"])
        cursor.advance()
        return Number(sign * token.value, token.kind == "duration", at=start, end=cursor.end)

    def _operand(self) -> Expression:
        token = self._cursor.token
        if token.kind == "sign" and token.text in ("+", "-"):
            self._cursor.advance()
            inner = self.expression(_POWER)
            return Unary("-" if token.text == "-" else "+", inner, at=token.at, end=self._cursor.end)
        return modified(self._cursor, self._primary(), self._duration)

    def _primary(self) -> Expression:
        cursor = self._cursor
        token = cursor.token
        match token.kind:
            case "number" | "duration":
                cursor.advance()
                return Number(token.value, token.kind == "duration", at=token.at, end=token.end)
            case "string":
                cursor.advance()
                return String(token.text, at=token.at, end=token.end)
            case "name":
                return self._named()
            case "sign" if token.text == "{":
                return selector(cursor)
            case "sign" if token.text == "(":
                cursor.advance()
                inner = self.expression(1)
                cursor.expect(")", "parentheses")
                return Paren(inner, at=token.at, end=cursor.end)
            case _:
                return cursor.unexpected("the expression", ["a metric, function, number or string"])

    def _named(self) -> Expression:
        cursor = self._cursor
        token = cursor.token
        if token.word in AGGREGATIONS and cursor.followed_by("(", "by", "without"):
            return self._aggregate()
        if cursor.followed_by("("):
            return self._call()
        if self._operator() or token.word in ("by", "without", "on", "ignoring", "bool", "group_left", "group_right"):
            return self._keyword()
        return selector(cursor)

    def _keyword(self) -> Selector:
        """A keyword where a metric should stand: a metric of that name, unless what follows says otherwise."""
        cursor = self._cursor
        if self._operator():
            following = cursor.followed_by("{", "[", "offset", *_LEVELS)
            if not following and not self._last():
                cursor.unexpected("the expression", ["a metric, function, number or string"])
        return selector(cursor)

    def _last(self) -> bool:
        return self._cursor.followed_by(")", ",", "]", "") or self._cursor.token.end == len(self._cursor.text.rstrip())

    def _call(self) -> Call:
        cursor = self._cursor
        token = cursor.advance()
        name = token.text if token.text in FUNCTIONS else token.word
        if name not in FUNCTIONS:
            cursor.fail(f'unknown function with name "{token.text}"', token.at)
        cursor.expect("(", "a function call")
        arguments = several(cursor, ")", lambda: self.expression(1), f'call to "{name}"')
        return Call(name, tuple(arguments), at=token.at, end=cursor.end)

    def _aggregate(self) -> Aggregate:
        cursor = self._cursor
        token = cursor.advance()
        operator = token.word
        grouping = self._grouping()
        cursor.expect("(", "aggregation")
        arguments = several(cursor, ")", lambda: self.expression(1), "aggregation")
        if grouping is None:
            grouping = self._grouping()
        without, grouped = grouping or (False, ())
        wanted = 1 if AGGREGATIONS[operator] is None else 2
        if not arguments:
            cursor.fail("no arguments for aggregate expression provided", token.at)
        if len(arguments) != wanted:
            cursor.fail(
                "wrong number of arguments for aggregate expression provided, "
                f"expected {wanted}, got {len(arguments)}", token.at
            )  # fmt: skip
        parameter = arguments[0] if wanted == 2 else None
        return Aggregate(operator, arguments[-1], parameter, grouped, without, at=token.at, end=cursor.end)

    def _grouping(self) -> tuple[bool, tuple[str, ...]] | None:
        cursor = self._cursor
        if not (cursor.at_word("by", "without") and cursor.followed_by("(")):
            return None
        without = cursor.advance().word == "without"
        return without, labels(cursor, "grouping opts")

    # -- durations ------------------------------------------------------------------------------

    def _duration(self, level: int = 4) -> Expression:
        """Arithmetic of numbers, durations, step(), range(), min_of and max_of."""
        cursor = self._cursor
        with cursor.deeper():
            left = self._duration_operand()
            while cursor.token.kind == "sign" and (operator := cursor.token.text) in _IN_DURATIONS:
                if _LEVELS[operator] < level:
                    break
                sign = cursor.advance()
                self._calculated += 1
                if self._calculated > _CALCULATED_MAX:
                    cursor.fail(f"more than {_CALCULATED_MAX} operators between lengths of time", sign.at)
                right = self._duration(_LEVELS[operator] + (0 if operator == "^" else 1))
                left = Binary(operator, left, right, at=left.at, end=cursor.end)
            return left

    def _duration_operand(self) -> Expression:
        cursor = self._cursor
        token = cursor.token
        match token.kind:
            case "number" | "duration":
                cursor.advance()
                return Number(token.value, token.kind == "duration", at=token.at, end=token.end)
            case "name":
                return duration_call(cursor, self._duration)
            case "sign" if token.text in ("+", "-"):
                cursor.advance()
                inner = self._duration(_POWER)
                return Unary("-" if token.text == "-" else "+", inner, at=token.at, end=cursor.end)
            case "sign" if token.text == "(":
                cursor.advance()
                inner = self._duration()
                cursor.expect(")", "a duration")
                return Paren(inner, at=token.at, end=cursor.end)
            case _:
                return cursor.unexpected("a duration", ["a number or a duration"])
