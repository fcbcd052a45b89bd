"""Text to the tree of `ast`: the whole, and pipelines. What stands in braces is in `parse_expression`, series are in
`parse_metrics`, what joins spansets, numbers and series in `parse_operations`.
"""

from typing import NoReturn

from .ast import (
    Coalesce,
    Field,
    GroupBy,
    Measured,
    Metrics,
    Pipeline,
    Query,
    Scalar,
    ScalarFilter,
    Select,
    Sort,
    SortKey,
    Stage,
)
from .errors import TraceqlError
from .lex import Token
from .parse_expression import LOGIC
from .parse_metrics import SERIES
from .parse_operations import ARITHMETIC, SCALARS, OperationParser, Part, has_aggregate
from .tree import too_deep
from .words import (
    AGGREGATES,
    FUNCTIONS,
    MEASURES,
    RANKS,
    STAGES,
    meant_function,
    meant_operator,
)

DEPTH_MAX = 128
"""Levels of a tree; whoever walks it by recursion needs a few frames for each."""


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


class _Parser(OperationParser):
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
        elif isinstance(found, SCALARS):
            self._naked(found.scalar if isinstance(found, Measured) else found)
        else:
            root = found if isinstance(found, Pipeline) else Pipeline((found,), at=found.at)
        hints = self._hints()
        if self._token.kind != "end":
            self._unexpected_after(found)
        return Query(root, hints, at=start.at)

    # -- pipelines ----------------------------------------------------------------------------

    def _pipeline(self) -> Part:
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
            if isinstance(found, SCALARS):
                if self._is("|"):
                    self._naked(found)
                return self._measured(stages, found, start)
            stages.append(found)
            if not self._taken("|"):
                return found if len(stages) == 1 else Pipeline(tuple(stages), at=start.at)

    def _measured(self, stages: list[Stage], scalar: Scalar, start: Token) -> Scalar:
        if not stages:
            return scalar
        if not has_aggregate(scalar):
            self._naked(scalar)
        return Measured(Pipeline(tuple(stages), at=start.at), scalar, at=start.at)

    def _stage(self, *, first: bool) -> Part:
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

    def _group(self) -> Part:
        """What is in parentheses; a single stage that is no spanset makes a pipeline."""
        part = self._pipeline()
        if not self._taken(")"):
            self._unexpected_after(part, ")")
        return Pipeline((part,), at=part.at) if isinstance(part, ScalarFilter | GroupBy | Select | Sort) else part

    # -- complaints ----------------------------------------------------------------------------

    def _naked(self, scalar: Scalar) -> NoReturn:
        self._fail_at(scalar.at, "a number alone selects no traces; compare it, as in count() > 1")

    def _unexpected_after(self, part: Part, sign: str = "") -> NoReturn:
        """Complains of what follows a part that is whole."""
        token = self._token
        wanted = "an operator or a pipe" if not sign else f"an operator, a pipe or {sign}"
        if token.kind == "name" and self._follows("(") and not meant_operator(token.value):
            known = token.value if token.value in FUNCTIONS else meant_function(token.value)
            self._unexpected(wanted, f"| {known}(…)" if known else "")
        if isinstance(part, SERIES) and token.kind == "name" and token.value == "by":
            self._unexpected(wanted, "by (…)")
        if isinstance(part, SERIES) and token.kind == "sign" and token.value in ARITHMETIC:
            self._fail(token, "to calculate with metrics, put them in parentheses: ({ } | rate()) * 100")
        if token.kind == "sign" and token.value in (")", "}", "]") and not sign:
            self._fail(token, f"nothing was opened that {token.value} could close")
        if token.kind == "end" and sign:
            self._unexpected(f"{sign}; a parenthesis is still open")
        self._unexpected(wanted)
