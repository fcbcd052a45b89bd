"""Text to the tree of `ast`: pipelines, spansets and the numbers of spansets; series are in `parse_metrics`.

Spansets, numbers and series share their operators' levels (those of `parse_expression`, structural operators with the
comparisons), so that `({} | count()) > 2` and `({} | rate()) > 2` need no look-ahead: what was found is checked where
it is used.
"""

from typing import NoReturn, TypeAlias

from .ast import (
    Aggregate,
    Coalesce,
    Combination,
    Constant,
    Field,
    Filter,
    GroupBy,
    Measured,
    Metrics,
    MetricsMath,
    Pipeline,
    Query,
    Refined,
    Scalar,
    ScalarArithmetic,
    ScalarFilter,
    Select,
    Sort,
    SortKey,
    Spanset,
    Stage,
    Structural,
    Without,
)
from .errors import TraceqlError
from .lex import Token
from .parse_expression import COMPARISON, LOGIC, POWER, PRODUCT, SUM
from .parse_metrics import ORDERS as _ORDERS
from .parse_metrics import SERIES, SeriesParser
from .tree import too_deep, walk
from .words import (
    AGGREGATES,
    CONSTANTS,
    FUNCTIONS,
    INTRINSICS,
    MEASURES,
    RANKS,
    STAGES,
    meant_function,
    meant_operator,
)

DEPTH_MAX = 128
"""Levels of a tree; whoever walks it by recursion needs a few frames for each."""

_Part: TypeAlias = "Stage | Scalar | Metrics | Refined | MetricsMath"
"""Whatever an operand, or parentheses, may turn out to be."""

_STRUCTURAL = (">", "<", ">>", "<<", "~", "!>", "!<", "!>>", "!<<", "!~", "&>", "&<", "&>>", "&<<", "&~")
_SPANSETS = (Filter, Without, Combination, Structural, Pipeline)
_SCALARS = (Constant, Aggregate, Measured, ScalarArithmetic)
_ARITHMETIC = ("+", "-", "*", "/", "%", "^")
_LEVELS = {
    **dict.fromkeys(("&&", "||"), LOGIC),
    **dict.fromkeys((*_ORDERS, *_STRUCTURAL), COMPARISON),
    **dict.fromkeys(("+", "-"), SUM),
    **dict.fromkeys(("*", "/", "%"), PRODUCT),
    "^": POWER,
}


def parse(text: str) -> Query:
    """The whole text; types are not checked (see `validate`). Raises TraceqlError."""
    query = _Parser(text).query()
    if (deep := too_deep(query, DEPTH_MAX)) is not None:
        raise TraceqlError(
            text, deep, f"more than {DEPTH_MAX} operators inside of each other; use parentheses or pipes"
        )
    return query


def parse_field(text: str) -> Field:
    """A field alone, such as `span.a`, `."b c"` or `duration`. Raises TraceqlError."""
    return _Parser(text).field()


class _Parser(SeriesParser):
    def field(self) -> Field:
        """All of the text."""
        field = self._only_field()
        if self._token.kind != "end":
            self._unexpected("nothing behind the field")
        return field

    def query(self) -> Query:
        """All of the text."""
        start = self._token
        found = self._pipeline()
        if isinstance(found, SERIES):
            root = found
        elif isinstance(found, _SCALARS):
            self._naked(found.scalar if isinstance(found, Measured) else found)
        else:
            root = found if isinstance(found, Pipeline) else Pipeline((found,), at=found.at)
        hints = self._hints()
        if self._token.kind != "end":
            self._unexpected_after(found)
        return Query(root, hints, at=start.at)

    # -- pipelines ----------------------------------------------------------------------------

    def _pipeline(self) -> _Part:
        """Stages, as far as they go; of a single one, what it is. A number at the end makes a Measured."""
        start = self._token
        stages: list[Stage] = []
        while True:
            token = self._token
            if self._calls(MEASURES) or self._calls(("compare",)):
                if not stages:
                    self._fail(token, f"{token.value}() stands behind spans: {{ }} | {token.value}(…)")
                return self._refined(Metrics(Pipeline(tuple(stages), at=start.at), self._measure(), at=start.at))
            found = self._stage(first=not stages)
            if isinstance(found, SERIES):
                if stages:
                    self._fail(token, "series can't come behind a pipe")
                return self._refined(found)
            if isinstance(found, _SCALARS):
                if self._is("|"):
                    self._naked(found)
                return self._measured(stages, found, start)
            stages.append(found)
            if not self._taken("|"):
                return found if len(stages) == 1 else Pipeline(tuple(stages), at=start.at)

    def _measured(self, stages: list[Stage], scalar: Scalar, start: Token) -> Scalar:
        if not stages:
            return scalar
        if not _has_aggregate(scalar):
            self._naked(scalar)
        return Measured(Pipeline(tuple(stages), at=start.at), scalar, at=start.at)

    def _stage(self, *, first: bool) -> _Part:
        token = self._token
        if not self._calls(STAGES):
            if self._calls(RANKS):
                self._fail(token, f"{token.value}() stands behind metrics: {{ }} | rate() | {token.value}(…)")
            return self._outer(LOGIC)
        self._advance()
        self._expect("(")
        match token.value:
            case "by":
                expression = self._expression()
                self._close(")")
                return GroupBy(expression, at=token.at)
            case "select":
                return Select(self._several(self._only_field), at=token.at)
            case "sort":
                return Sort(self._several(self._sort_key), at=token.at)
            case _:
                if first:
                    self._fail(token, "coalesce() can't be the first stage: { } | coalesce()")
                self._expect(")")
                return Coalesce(at=token.at)

    def _sort_key(self) -> SortKey:
        token = self._token
        value = self._aggregate() if self._calls(AGGREGATES) else self._expression()
        descending = self._token.kind == "name" and self._token.value == "desc"
        if descending or (self._token.kind == "name" and self._token.value == "asc"):
            self._advance()
        return SortKey(value, descending, at=token.at)

    # -- operators of spansets, numbers and series --------------------------------------------

    def _outer(self, loosest: int) -> _Part:
        """Operators of this level and tighter ones."""
        left = self._outer_operand()
        while True:
            token = self._token
            level = _LEVELS.get(token.value, 0) if token.kind == "sign" else 0
            if level < loosest:
                return left
            if level == COMPARISON and isinstance(left, SERIES):
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

    def _math(self, token: Token, left: _Part, right: _Part) -> MetricsMath:
        if token.value in _ORDERS:
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

    def _scalar(self, token: Token, left: _Part, right: _Part) -> ScalarArithmetic | ScalarFilter:
        operator = token.value
        if (
            not isinstance(left, _SCALARS)
            or not isinstance(right, _SCALARS)
            or operator not in (*_ORDERS, *_ARITHMETIC)
        ):
            self._mismatch(token, left, right)
        if operator in _ARITHMETIC:
            return ScalarArithmetic(operator, left, right, at=left.at)
        if not _has_aggregate(left) and not _has_aggregate(right):
            self._fail(token, "one side has to be about spans, as in count() > 2")
        return ScalarFilter(operator, left, right, at=left.at)

    def _outer_operand(self) -> _Part:
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

    def _group(self) -> _Part:
        """What is in parentheses; a single stage that is no spanset makes a pipeline."""
        part = self._pipeline()
        if not self._taken(")"):
            self._unexpected_after(part, ")")
        return Pipeline((part,), at=part.at) if isinstance(part, ScalarFilter | GroupBy | Select | Sort) else part

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

    # -- complaints ---------------------------------------------------------------------------

    def _naked(self, scalar: Scalar) -> NoReturn:
        self._fail_at(scalar.at, "a number alone selects no traces; compare it, as in count() > 1")

    def _mismatch(self, token: Token, left: _Part, right: _Part) -> NoReturn:
        operator = token.value
        if isinstance(left, ScalarFilter) or isinstance(right, ScalarFilter):
            self._fail(token, f"{operator} can't be applied to a comparison; use a pipe: {{ }} | count() > 1 | {{ … }}")
        if operator in _ARITHMETIC:
            self._fail(token, f"{operator} is for numbers and for series in parentheses, not for spans")
        if operator in _ORDERS:
            self._fail(token, "spans can't be compared with a number; count them: { } | count() > 1")
        self._fail(token, f"{operator} is for spans; at one side of it is a number")

    def _no_part(self) -> NoReturn:
        token = self._token
        wanted = "spans in braces, as in { status = error }, or a function"
        before = self._before()
        compared = before is not None and before.kind == "sign" and before.value in _ORDERS
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

    def _unexpected_after(self, part: _Part, sign: str = "") -> NoReturn:
        """Complains of what follows a part that is whole."""
        token = self._token
        wanted = "an operator or a pipe" if not sign else f"an operator, a pipe or {sign}"
        if token.kind == "name" and self._follows("(") and not meant_operator(token.value):
            known = token.value if token.value in FUNCTIONS else meant_function(token.value)
            self._unexpected(wanted, f"| {known}(…)" if known else "")
        if isinstance(part, SERIES) and token.kind == "name" and token.value == "by":
            self._unexpected(wanted, "by (…)")
        if isinstance(part, SERIES) and token.kind == "sign" and token.value in _ARITHMETIC:
            self._fail(token, "to calculate with metrics, put them in parentheses: ({ } | rate()) * 100")
        if token.kind == "sign" and token.value in (")", "}", "]") and not sign:
            self._fail(token, f"nothing was opened that {token.value} could close")
        if token.kind == "end" and sign:
            self._unexpected(f"{sign}; a parenthesis is still open")
        self._unexpected(wanted)


def _has_aggregate(scalar: Scalar) -> bool:
    return any(isinstance(each, Aggregate) for each in walk(scalar))
