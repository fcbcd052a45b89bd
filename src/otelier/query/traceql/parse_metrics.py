"""Metrics: what is measured of spans, and what is done with the series."""

from typing import TypeAlias, cast

from .ast import (
    Arithmetic,
    Compare,
    Constant,
    Expression,
    Field,
    Filter,
    Hint,
    Measure,
    Metrics,
    MetricsMath,
    PointFilter,
    Ranked,
    Refined,
    Scalar,
    ScalarArithmetic,
)
from .lex import Token
from .parse_expression import SUM, ExpressionParser
from .words import MEASURES, RANKS

AnySeries: TypeAlias = Metrics | Refined | MetricsMath

SERIES = (Metrics, Refined, MetricsMath)
"""But constants."""
ORDERS = ("=", "!=", "<", "<=", ">", ">=")
_WITHOUT_OPERAND = ("rate", "count_over_time")
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


class SeriesParser(ExpressionParser):
    """Measures, second stages, hints."""

    def _measure(self) -> Measure | Compare:
        token = self._advance()
        self._expect("(")
        if token.value == "compare":
            return self._compare(token)
        function = MEASURES[token.value]
        operand: Field | None = None
        quantiles: list[float] = []
        if function not in _WITHOUT_OPERAND:
            if self._is(")"):
                self._fail(self._token, f"{function}() needs a field, as in {function}(duration)")
            operand = self._only_field()
        if function == "quantile_over_time":
            while self._taken(","):
                quantiles.append(self._quantile())
            if not quantiles:
                self._unexpected(", and a quantile, as in quantile_over_time(duration, .99)")
        if not self._taken(")"):
            self._unexpected(f") after {function}(" + ("" if operand is None else "…"))
        by: tuple[Field, ...] = ()
        if self._calls(("by",)):
            self._advance()
            self._advance()
            by = self._several(self._only_field)
        return Measure(function, operand, tuple(quantiles), by, at=token.at)

    def _only_field(self) -> Field:
        if self._token.kind not in ("attribute", "scoped", "name"):
            self._unexpected("a field, as in span.http.method or duration")
        return self._field()

    def _quantile(self) -> float:
        token = self._token
        number = self._item()
        if number.type not in ("int", "float"):
            self._fail(token, "a quantile is a number between 0 and 1")
        return float(cast("float", number.value))

    def _compare(self, token: Token) -> Compare:
        selection = self._filter()
        numbers: list[int] = []
        while self._taken(",") and len(numbers) < 3:
            numbers.append(self._whole_number())
        if len(numbers) == 2:
            self._fail(token, "compare() takes a start and an end, in nanoseconds: compare({ … }, 10, start, end)")
        self._expect(")")
        top, start, end = (*numbers, *(10, 0, 0)[len(numbers) :])
        return Compare(selection, top, start, end, at=token.at)

    def _filter(self) -> Filter:
        """`{ … }`."""
        token = self._token
        self._expect("{")
        if self._taken("}"):
            return Filter(Constant(True, "bool", at=token.at), at=token.at)
        with self._deeper():
            condition = self._expression()
        self._close("}")
        return Filter(condition, at=token.at)

    def _whole_number(self) -> int:
        token = self._token
        if token.kind != "int":
            self._unexpected("a whole number")
        return cast("int", self._constant().value)

    # -- second stages ------------------------------------------------------------------------

    def _refined(self, series: AnySeries) -> AnySeries:
        """With the second stages that follow, if any. Those of `(… > 1) > 2` are put together."""
        stages: list[Ranked | PointFilter] = []
        while True:
            token = self._token
            if token.kind == "sign" and token.value in ORDERS:
                self._advance()
                value = self._point()
                stages.append(PointFilter(token.value, value, at=token.at))
            elif self._taken("|"):
                stages.append(self._ranked())
            elif not stages:
                return series
            elif isinstance(series, Refined):
                return Refined(series.series, (*series.stages, *stages), at=series.at)
            else:
                return Refined(series, tuple(stages), at=series.at)

    def _ranked(self) -> Ranked:
        token = self._token
        if not self._calls(RANKS):
            self._unexpected("topk(n) or bottomk(n), which is what may follow metrics")
        self._advance()
        self._expect("(")
        limit = self._whole_number()
        self._expect(")")
        return Ranked("topk" if token.value == "topk" else "bottomk", limit, at=token.at)

    def _point(self) -> Constant:
        token = self._token
        if token.kind == "sign" and token.value in ("=", ">", "<"):
            self._no_operand()
        if self._is("{") or (self._is("(") and self._follows("{")):
            self._fail(token, "series are compared with a number, not with spans or series")
        return self._folded(self._operation(SUM), token, durations=True)

    def _folded(self, value: Expression | Scalar, token: Token, *, durations: bool = False) -> Constant:
        """Arithmetic of numbers, done: whole numbers stay whole (1 / 2 is 0). A duration may only stand alone."""
        match value:
            case Constant(type="int" | "float"):
                return value
            case Constant(type="duration") if durations:
                return value
            case Arithmetic() | ScalarArithmetic() if value.operator in ("+", "-", "*", "/"):
                left, right = self._folded(value.left, token), self._folded(value.right, token)
                return self._calculated(value.operator, left, right)
            case Constant(type="duration"):
                self._fail(token, "durations can't be calculated with here; series of durations are in seconds")
            case _:
                return self._fail(token, "expected a number, or + - * / of numbers")
        return None

    def _calculated(self, operator: str, left: Constant, right: Constant) -> Constant:
        a, b = cast("float", left.value), cast("float", right.value)
        whole = left.type == right.type == "int"
        if operator == "/" and not b:
            self._fail_at(right.at, "division by zero")
        match operator:
            case "+":
                result = a + b
            case "-":
                result = a - b
            case "*":
                result = a * b
            case _:
                result = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if whole else a / b
        if not _INT_MIN <= result <= _INT_MAX if whole else result - result != 0:
            self._fail_at(left.at, "the result is too large")
        return Constant(result, left.type if whole else "float", at=left.at)

    # -- hints --------------------------------------------------------------------------------

    def _hints(self) -> tuple[Hint, ...]:
        if not self._calls(("with",)):
            return ()
        self._advance()
        self._advance()
        return self._several(self._hint)

    def _hint(self) -> Hint:
        token = self._token
        if token.kind != "name":
            self._unexpected("a hint, as in with(most_recent=true)")
        self._advance()
        self._expect("=")
        return Hint(token.value, self._item(), at=token.at)
