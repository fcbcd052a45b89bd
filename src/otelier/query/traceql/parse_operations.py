"""Operators of spansets, numbers and series.

They share their levels (those of `parse_expression`, structural operators with the comparisons), so that
`({} | count()) > 2` and `({} | rate()) > 2` need no look-ahead: what was found is checked where it is used.
"""

from abc import ABC, abstractmethod
from typing import NoReturn, TypeAlias

from .ast import (
    Aggregate,
    Combination,
    Constant,
    Filter,
    Measured,
    Metrics,
    MetricsMath,
    Pipeline,
    Refined,
    Scalar,
    ScalarArithmetic,
    ScalarFilter,
    Spanset,
    Stage,
    Structural,
    Without,
)
from .lex import Token
from .parse_expression import COMPARISON, LOGIC, POWER, PRODUCT, SUM
from .parse_metrics import ORDERS, SERIES, SeriesParser
from .tree import walk
from .words import (
    AGGREGATES,
    CONSTANTS,
    INTRINSICS,
    MEASURES,
    meant_function,
)

Part: TypeAlias = "Stage | Scalar | Metrics | Refined | MetricsMath"
"""Whatever an operand, or parentheses, may turn out to be."""

_STRUCTURAL = (">", "<", ">>", "<<", "~", "!>", "!<", "!>>", "!<<", "!~", "&>", "&<", "&>>", "&<<", "&~")
_SPANSETS = (Filter, Without, Combination, Structural, Pipeline)
SCALARS = (Constant, Aggregate, Measured, ScalarArithmetic)
ARITHMETIC = ("+", "-", "*", "/", "%", "^")
_LEVELS = {
    **dict.fromkeys(("&&", "||"), LOGIC),
    **dict.fromkeys((*ORDERS, *_STRUCTURAL), COMPARISON),
    **dict.fromkeys(("+", "-"), SUM),
    **dict.fromkeys(("*", "/", "%"), PRODUCT),
    "^": POWER,
}


class OperationParser(SeriesParser, ABC):
    """What stands between two pipes."""

    def _outer(self, loosest: int) -> Part:
        """Operators of this level and tighter ones."""
        left = self._outer_operand()
        while True:
            token = self._token
            level = _LEVELS.get(token.value, 0) if token.kind == "sign" else 0
            if level < loosest:
                return left
            if token.value in ORDERS and isinstance(left, SERIES):
                left = self._refined(left)
                continue
            self._advance()
            if level == POWER:
                with self._deeper():
                    right = self._outer(POWER)
            else:
                right = self._outer(level + 1)
            if isinstance(left, _SPANSETS) and isinstance(right, _SPANSETS) and level <= COMPARISON:
                left = self._spanset(token, left, right)
            elif isinstance(left, SERIES) or isinstance(right, SERIES):
                left = self._math(token, left, right)
            else:
                left = self._scalar(token, left, right)

    def _spanset(self, token: Token, left: Spanset, right: Spanset) -> Spanset:
        operator = token.value
        if operator in ("&&", "||"):
            return Combination(operator, left, right, at=left.at)
        if operator not in _STRUCTURAL:
            self._fail(token, f"{operator} doesn't relate spans; there are && || > < >> << ~, with ! or & before them")
        return Structural(operator, left, right, at=left.at)

    def _math(self, token: Token, left: Part, right: Part) -> MetricsMath:
        if token.value in ORDERS:
            self._fail(token, "series are compared with numbers behind them: ({ } | rate()) > 10")
        if token.value not in ("+", "-", "*", "/"):
            self._fail(token, f"{token.value} can't be applied to series; there are + - * /")
        sides: list[Metrics | Refined | MetricsMath | Constant] = []
        for side in (left, right):
            if isinstance(side, SERIES):
                sides.append(side)
            elif isinstance(side, Constant | ScalarArithmetic):
                sides.append(self._folded(side, token))
            else:
                self._fail(token, "series can only be calculated with other series, in parentheses, and numbers")
        return MetricsMath(token.value, sides[0], sides[1], at=left.at)

    def _scalar(self, token: Token, left: Part, right: Part) -> ScalarArithmetic | ScalarFilter:
        operator = token.value
        if not isinstance(left, SCALARS) or not isinstance(right, SCALARS) or operator not in (*ORDERS, *ARITHMETIC):
            self._mismatch(token, left, right)
        if operator in ARITHMETIC:
            return ScalarArithmetic(operator, left, right, at=left.at)
        if not has_aggregate(left) and not has_aggregate(right):
            self._fail(token, "one side has to be about spans, as in count() > 2")
        return ScalarFilter(operator, left, right, at=left.at)

    def _outer_operand(self) -> Part:
        token = self._token
        if token.kind in ("int", "float", "duration"):
            return self._constant()
        if token.kind == "name" and token.value in ("minInt", "maxInt"):
            return self._constant_word() or self._no_part()
        if self._is("{"):
            return self._filter()
        if self._calls(AGGREGATES):
            return self._aggregate()
        if self._is("(") or self._is("!"):
            with self._deeper():
                self._advance()
                return self._group() if token.value == "(" else self._without(token)
        if self._taken("-"):
            if self._token.kind not in ("int", "float", "duration"):
                self._unexpected("a number after -")
            return self._negated(self._constant(), token)
        return self._no_part()

    def _without(self, token: Token) -> Without:
        operand = self._outer_operand()
        if not isinstance(operand, _SPANSETS):
            self._fail(token, "! stands before spans, as in !{ status = error }")
        return Without(operand, at=token.at)

    def _aggregate(self) -> Aggregate:
        token = self._advance()
        function = AGGREGATES[token.value]
        self._expect("(")
        if function == "count":
            if not self._taken(")"):
                self._unexpected(") after count(, which counts spans", "{ … } | count() > 1")
            return Aggregate("count", at=token.at)
        if self._is(")"):
            self._fail(self._token, f"{function}() needs what to take, as in {function}(duration)")
        with self._deeper():
            operand = self._expression()
        self._close(")")
        return Aggregate(function, operand, at=token.at)

    @abstractmethod
    def _group(self) -> Part:
        """What stands behind `(`, up to and with the `)`."""

    # -- complaints ----------------------------------------------------------------------------

    def _mismatch(self, token: Token, left: Part, right: Part) -> NoReturn:
        operator = token.value
        if isinstance(left, ScalarFilter) or isinstance(right, ScalarFilter):
            self._fail(token, f"{operator} can't be applied to a comparison; use a pipe: {{ }} | count() > 1 | {{ … }}")
        if operator in ARITHMETIC:
            self._fail(token, f"{operator} is for numbers and for series in parentheses, not for spans")
        if operator in ORDERS:
            self._fail(token, "spans can't be compared with a number; count them: { } | count() > 1")
        self._fail(token, f"{operator} is for spans; at one side of it is a number")

    def _no_part(self) -> NoReturn:
        token = self._token
        wanted = "spans in braces, as in { status = error }, or a function"
        before = self._before()
        compared = before is not None and before.kind == "sign" and before.value in ORDERS
        match token.kind:
            case "name" | "string" | "attribute" | "scoped" if compared and not self._follows("("):
                self._fail(token, f"expected a number to compare with, got {self._written(token)}")
            case "name" if token.value in (*AGGREGATES, *MEASURES):
                self._fail(token, f"{token.value} needs parentheses", f"{token.value}()")
            case "name" if self._follows("("):
                self._fail(token, f"there is no function {token.value}", meant_function(token.value))
            case "attribute" | "scoped":
                self._fail(token, f"conditions stand in braces: {{ {self._written(token)} … }}")
            case "name" if token.value in INTRINSICS or token.value in CONSTANTS:
                self._fail(token, f"conditions stand in braces: {{ {token.value} … }}")
            case "sign" if form := self._doubled():
                self._unexpected(wanted, form)
            case _:
                self._unexpected(wanted)


def has_aggregate(scalar: Scalar) -> bool:
    """Whether it is about spans at all."""
    return any(isinstance(each, Aggregate) for each in walk(scalar))
