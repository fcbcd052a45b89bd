"""What a query means that the grammar can't say: types, ranges, and what stands where.

An attribute's type is known only for a span, so it fits everywhere; intrinsics and constants have theirs.
"""

from typing import Literal, NoReturn, TypeAlias

from ..._core import Pattern
from . import ast
from .errors import TraceqlError, meant
from .text import written
from .tree import Node, walk
from .words import CONSTANTS, SAFE_HINTS, TYPES

Type: TypeAlias = ast.ConstantType | Literal["array"]
"""None stands for what is known only for a span."""

NUMBERS = ("int", "float", "duration")
_BY_MAX = 5
_BY_MAX_OF_BUCKETS = 4
_A = {"int": "an int", "float": "a float", "duration": "a duration", "string": "a string", "bool": "a boolean",
      "status": "a status", "kind": "a kind", "nil": "nil", "array": "an array"}  # fmt: skip


def check(query: ast.Query, text: str) -> None:
    """Raises TraceqlError for the first thing that is wrong; `text` is where its positions point to."""
    _Check(text).query(query)


class _Check:
    def __init__(self, text: str) -> None:
        self._text = text

    def query(self, query: ast.Query) -> None:
        if isinstance(query.root, ast.Pipeline):
            self._search(query.root)
        else:
            self._series(query.root)
        for hint in query.hints:
            self._hint(hint)

    # -- pipelines ----------------------------------------------------------------------------

    def _search(self, pipeline: ast.Pipeline) -> None:
        """The outermost one: it may be sorted."""
        stages = list(pipeline.stages)
        places = [place for place, stage in enumerate(stages) if isinstance(stage, ast.Sort)]
        if places:
            sort = stages.pop(places[0])
            assert isinstance(sort, ast.Sort)
            if not all(isinstance(stage, ast.Select) for stage in stages[places[0] :]):
                self._fail(sort, "sort() is the last stage; only select() may follow")
            for key in sort.keys:
                self._sort_key(key)
        for stage in stages:
            self._stage(stage)

    def _pipeline(self, pipeline: ast.Pipeline) -> None:
        for stage in pipeline.stages:
            self._stage(stage)

    def _stage(self, stage: ast.Stage) -> None:
        match stage:
            case ast.GroupBy(expression):
                self._typed(expression)
                self._about_spans(expression, "by()")
            case ast.ScalarFilter():
                self._scalar(stage.left)
                self._scalar(stage.right)
            case ast.Sort():
                self._fail(stage, "sort() belongs to the outermost pipeline of a search")
            case ast.Select() | ast.Coalesce():
                pass
            case _:
                self._spanset(stage)

    def _spanset(self, spanset: ast.Spanset) -> None:
        match spanset:
            case ast.Filter(condition):
                self._condition(condition)
            case ast.Without(operand):
                self._spanset(operand)
            case ast.Pipeline():
                self._pipeline(spanset)
            case ast.Combination(_, left, right):
                self._spanset(left)
                self._spanset(right)
            case ast.Structural(operator, left, right):
                for side in (left, right):
                    if isinstance(side, ast.Without):
                        self._fail(side, f"!{{ }} is about a whole trace, {operator} about spans; join them with &&")
                    self._spanset(side)

    def _condition(self, condition: ast.Expression) -> None:
        type_ = self._typed(condition)
        if type_ not in (None, "bool"):
            form = {"status": "status = {}", "kind": "kind = {}"}.get(type_, "")
            form = form.format(written(condition)) if isinstance(condition, ast.Constant) else ""
            about = not isinstance(condition, ast.Constant)
            hint = meant(form) or (f"compare it, as in {written(condition)} != nil" if about else "")
            self._fail(condition, f"the condition in braces is {_A[type_]}, not a boolean", hint)

    def _sort_key(self, key: ast.SortKey) -> None:
        if isinstance(key.value, ast.Aggregate):
            self._scalar(key.value)
        else:
            self._typed(key.value)
            self._about_spans(key.value, "sort()")

    def _scalar(self, scalar: ast.Scalar) -> None:
        match scalar:
            case ast.Aggregate(function, operand) if operand is not None:
                type_ = self._typed(operand)
                if type_ is not None and type_ not in NUMBERS:
                    self._fail(operand, f"{function}() takes numbers; {written(operand)} is {_A[type_]}")
                self._about_spans(operand, f"{function}()")
            case ast.ScalarArithmetic(_, left, right):
                self._scalar(left)
                self._scalar(right)
            case ast.Measured(pipeline, inner):
                self._pipeline(pipeline)
                self._scalar(inner)
            case _:
                pass

    def _about_spans(self, expression: ast.Expression, function: str) -> None:
        if not any(isinstance(each, ast.Attribute | ast.Intrinsic) for each in walk(expression)):
            self._fail(expression, f"{function} is the same for every span; name an attribute or intrinsic")

    # -- expressions --------------------------------------------------------------------------

    def _typed(self, expression: ast.Expression) -> Type | None:
        """Its type, after a check of all that is in it."""
        match expression:
            case ast.Constant():
                return expression.type
            case ast.Attribute():
                return None
            case ast.Intrinsic(name):
                return TYPES[name]
            case ast.Negative(operand):
                return self._number("-", operand)
            case ast.Arithmetic(operator, left, right):
                types = {self._number(operator, left), self._number(operator, right)}
                return next((each for each in (None, "duration", "float", "int") if each in types), None)
            case ast.Array():
                return self._fail(expression, "a list stands only at the right of = != =~ !~")
            case _:
                self._boolean(expression)
                return "bool"

    def _boolean(self, expression: ast.Comparison | ast.Logical | ast.Not) -> None:
        match expression:
            case ast.Comparison():
                self._comparison(expression)
            case ast.Logical(operator, operands):
                for operand in operands:
                    self._logical(operator, operand)
            case ast.Not(operand):
                self._logical("!", operand)

    def _number(self, operator: str, operand: ast.Expression) -> Type | None:
        type_ = self._typed(operand)
        if type_ is not None and type_ not in NUMBERS:
            self._fail(operand, f"{operator} takes numbers; {written(operand)} is {_A[type_]}")
        return type_

    def _logical(self, operator: str, operand: ast.Expression) -> None:
        type_ = self._typed(operand)
        if type_ not in (None, "bool"):
            hint = "write a whole condition at each side, as in .a = 1 || .a = 2" if operator != "!" else ""
            self._fail(operand, f"{operator} takes booleans; {written(operand)} is {_A[type_]}", hint)

    def _comparison(self, comparison: ast.Comparison) -> None:
        operator, left, right = comparison.operator, comparison.left, comparison.right
        if operator in ("=~", "!~"):
            self._match(comparison)
            return
        left_type = self._typed(left)
        if isinstance(right, ast.Array):
            if operator not in ("=", "!="):
                self._fail(right, f"{operator} doesn't take a list")
            for item in right.items:
                self._comparable(operator, left, left_type, item, item.type)
            return
        right_type = self._typed(right)
        self._comparable(operator, left, left_type, right, right_type)
        if operator not in ("=", "!="):
            for side, type_ in ((left, left_type), (right, right_type)):
                if type_ is not None and type_ != "string" and type_ not in NUMBERS:
                    hint = "join two comparisons with &&" if isinstance(side, ast.Comparison) else ""
                    self._fail(side, f"{operator} orders numbers and strings; {written(side)} is {_A[type_]}", hint)

    def _comparable(
        self,
        operator: str,
        left: ast.Expression,
        left_type: Type | None,
        right: ast.Expression,
        right_type: Type | None,
    ) -> None:
        if "nil" in (left_type, right_type):
            self._with_nil(
                operator, right if left_type == "nil" else left, right_type if left_type == "nil" else left_type
            )
        elif left_type and right_type and not _alike(left_type, right_type):
            message = f"{written(left)} is {_A[left_type]}, {written(right)} is {_A[right_type]}"
            self._fail(right, f"{message}: they can't be compared", _hint(left, left_type, right))

    def _with_nil(self, operator: str, other: ast.Expression, type_: Type | None) -> None:
        if operator not in ("=", "!="):
            self._fail(other, f"nil has no order; there are = nil and != nil, not {operator} nil")
        if type_ == "nil":
            return
        if isinstance(other, ast.Constant):
            self._fail(other, f"{written(other)} is never nil")
        never = type_ is not None or (isinstance(other, ast.Attribute) and _is_service(other))
        if operator == "=" and never:
            hint = meant(
                f"!({written(other)} != nil)" if isinstance(other, ast.Intrinsic) and ":" in other.name else ""
            )
            if not hint and type_ in ("string", None):
                hint = meant(f'{written(other)} = ""')
            self._fail(other, f"{written(other)} is never nil", hint)

    def _match(self, comparison: ast.Comparison) -> None:
        operator, right = comparison.operator, comparison.right
        left_type = self._typed(comparison.left)
        if left_type not in (None, "string"):
            self._fail(comparison.left, f"{operator} matches strings; {written(comparison.left)} is {_A[left_type]}")
        for item in right.items if isinstance(right, ast.Array) else (right,):
            if not isinstance(item, ast.Constant) or not isinstance(item.value, str):
                self._fail(item, f"{operator} takes a pattern in quotes")
            try:
                Pattern(item.value)
            except ValueError as error:
                self._fail(item, f"{written(item)} is no pattern of RE2: {error}")

    # -- metrics ------------------------------------------------------------------------------

    def _series(self, series: ast.Series) -> None:
        match series:
            case ast.Metrics(pipeline, measure):
                self._pipeline(pipeline)
                if isinstance(measure, ast.Measure):
                    self._measure(measure)
                else:
                    self._compare(measure)
            case ast.MetricsMath(_, left, right):
                for side in (left, right):
                    self._no_compare(side, "calculated with")
                    self._series(side)
            case ast.Refined(inner, stages):
                self._no_compare(inner, "filtered or ranked")
                self._series(inner)
                for stage in stages:
                    if isinstance(stage, ast.Ranked) and stage.limit < 1:
                        self._fail(stage, f"{stage.function}() takes 1 or more")
            case ast.Constant():
                pass

    def _measure(self, measure: ast.Measure) -> None:
        function, operand = measure.function, measure.operand
        if isinstance(operand, ast.Intrinsic) and (type_ := TYPES[operand.name]) not in (None, *NUMBERS):
            self._fail(operand, f"{function}() takes numbers; {written(operand)} is {_A[type_]}")
        for quantile in measure.quantiles:
            if not 0 <= quantile <= 1:
                self._fail(measure, f"quantiles are between 0 and 1; {quantile:g} isn't", _meant_quantile(quantile))
        most = _BY_MAX_OF_BUCKETS if function in ("quantile_over_time", "histogram_over_time") else _BY_MAX
        if len(measure.by) > most:
            self._fail(measure.by[most], f"{function}() is grouped by {most} fields at most")

    def _compare(self, compare: ast.Compare) -> None:
        self._spanset(compare.selection)
        if compare.top < 1:
            self._fail(compare, "compare() tells 1 value or more of each attribute")
        if (compare.start_ns or compare.end_ns) and not 0 < compare.start_ns < compare.end_ns:
            self._fail(compare, "the selection of compare() must end after it starts, in nanoseconds since 1970")

    def _no_compare(self, series: ast.Series, what: str) -> None:
        if isinstance(series, ast.Metrics) and isinstance(series.measure, ast.Compare):
            self._fail(series.measure, f"the series of compare() can't be {what}")

    def _hint(self, hint: ast.Hint) -> None:
        """Unknown ones, and those of other databases, say nothing."""
        type_, value = hint.value.type, hint.value.value
        if hint.name not in SAFE_HINTS or type_ == "bool":
            return
        if hint.name == "exemplars" and type_ == "int" and isinstance(value, int) and value >= 0:
            return
        if (
            hint.name.endswith("sample")
            and type_ in ("int", "float")
            and isinstance(value, int | float)
            and 0 < value <= 1
        ):
            return
        wanted = "true or false"
        if hint.name == "exemplars":
            wanted = "true, false or how many"
        if hint.name.endswith("sample"):
            wanted = "true, or the part to look at, more than 0 and at most 1"
        self._fail(hint.value, f"{hint.name} is {wanted}, not {written(hint.value)}")

    def _fail(self, node: Node, message: str, hint: str = "") -> NoReturn:
        raise TraceqlError(self._text, node.at, message, hint)


def _alike(left: Type, right: Type) -> bool:
    return left == right or (left in NUMBERS and right in NUMBERS)


def _hint(left: ast.Expression, left_type: Type | None, right: ast.Expression) -> str:
    """The constant as the other side's type has it: `"error"` is error for a status, `500` is "500" for a string."""
    if isinstance(left, ast.Comparison):
        return "join two comparisons with &&"
    if not isinstance(right, ast.Constant):
        return ""
    if left_type == "string":
        return meant(f'"{written(right)}"')
    if not isinstance(right.value, str):
        return ""
    word = right.value.lower()
    known = CONSTANTS.get(word)
    if known is not None:
        return meant(word) if known.type == left_type else ""
    return meant(right.value) if left_type in NUMBERS and right.value[:1].isdigit() else ""


def _is_service(attribute: ast.Attribute) -> bool:
    return attribute.scope == "resource" and attribute.name == "service.name" and not attribute.parent


def _meant_quantile(quantile: float) -> str:
    return meant(f"{quantile / 100:g}") if 1 < quantile <= 100 else ""
