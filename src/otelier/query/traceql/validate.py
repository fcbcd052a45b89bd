"""What a query means that the grammar can't say: types, ranges, and what stands where."""

from . import ast
from .errors import meant
from .text import written
from .validate_expression import NAMED, NUMBERS, ExpressionCheck
from .words import SAFE_HINTS, TYPES

_BY_MAX = 5
_BY_MAX_OF_BUCKETS = 4


def check(query: ast.Query, text: str) -> None:
    """Raises TraceqlError for the first thing that is wrong; `text` is where its positions point to."""
    _Check(text).query(query)


class _Check(ExpressionCheck):
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
            self._fail(condition, f"the condition in braces is {NAMED[type_]}, not a boolean", hint)

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
                    self._fail(operand, f"{function}() takes numbers; {written(operand)} is {NAMED[type_]}")
                self._about_spans(operand, f"{function}()")
            case ast.ScalarArithmetic(_, left, right):
                self._scalar(left)
                self._scalar(right)
            case ast.Measured(pipeline, inner):
                self._pipeline(pipeline)
                self._scalar(inner)
            case _:
                pass

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
            self._fail(operand, f"{function}() takes numbers; {written(operand)} is {NAMED[type_]}")
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


def _meant_quantile(quantile: float) -> str:
    return meant(f"{quantile / 100:g}") if 1 < quantile <= 100 else ""
