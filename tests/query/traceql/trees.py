"""Random TraceQL trees: whatever the grammar can write, types left aside."""

from typing import get_args

from hypothesis import strategies as st

from otelier.query.traceql import ast

_letters = st.characters(codec="utf-8")
_names = st.text(_letters, min_size=1, max_size=6) | st.sampled_from(["http.method", "5xx", "span.a"])
_floats = st.floats(allow_nan=False, allow_infinity=False)
_worths = {
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": _floats,
    "duration": st.integers(1 - 2**63, 2**63 - 1),
    "string": st.text(_letters, max_size=6),
    "bool": st.booleans(),
    "status": st.integers(0, 2),
    "kind": st.integers(0, 5),
    "nil": st.none(),
}
_counts = st.integers(0, 2**63 - 1)
_ALL = ast.Filter(ast.Constant(True, "bool"))
_SPANSETS = (ast.Filter, ast.Without, ast.Combination, ast.Structural, ast.Pipeline)


def _one(draw, words):
    return draw(st.sampled_from(words))


def _some(draw, part, least=1):
    return tuple(part() for _ in range(draw(st.integers(least, 3))))


@st.composite
def constants(draw, types=tuple(_worths)):
    type_ = _one(draw, types)
    return ast.Constant(draw(_worths[type_]), type_)


numbers = constants(("int", "float", "duration"))


@st.composite
def fields(draw):
    match draw(st.integers(0, 2)):
        case 0:
            return ast.Intrinsic(_one(draw, get_args(ast.IntrinsicName)))
        case 1:
            return ast.Attribute(_one(draw, get_args(ast.AttributeScope)), draw(_names))
        case _:
            return ast.Attribute(_one(draw, ("any", "span", "resource")), draw(_names), parent=True)


@st.composite
def expressions(draw, depth=3):
    def inner():
        return draw(expressions(depth - 1))

    match _one(draw, ["constant", "field"] + ["array", "-", "!", "sum", "comparison", "logic"] * (depth > 0)):
        case "constant":
            return draw(constants())
        case "field":
            return draw(fields())
        case "array":
            return ast.Array(_some(draw, lambda: draw(constants())))
        case "-":
            return ast.Negative(inner())
        case "!":
            return ast.Not(inner())
        case "sum":
            return ast.Arithmetic(_one(draw, get_args(ast.ArithmeticOperator)), inner(), inner())
        case "comparison":
            return ast.Comparison(_one(draw, get_args(ast.ComparisonOperator)), inner(), inner())
        case _:
            return ast.Logical(_one(draw, get_args(ast.LogicalOperator)), _some(draw, inner, 2))


@st.composite
def aggregates(draw):
    function = _one(draw, get_args(ast.AggregateFunction))
    return ast.Aggregate(function, None if function == "count" else draw(expressions(1)))


@st.composite
def scalars(draw, depth=2):
    match _one(draw, ["number", "aggregate"] + ["pipeline", "sum"] * (depth > 0)):
        case "number":
            return draw(numbers)
        case "aggregate":
            return draw(aggregates())
        case "pipeline":
            return ast.Measured(ast.Pipeline(_stages(draw, depth - 1)), draw(aggregates()))
        case _:
            sides = draw(scalars(depth - 1)), draw(scalars(depth - 1))
            return ast.ScalarArithmetic(_one(draw, get_args(ast.ArithmeticOperator)), *sides)


@st.composite
def spansets(draw, depth=2):
    def inner():
        return draw(spansets(depth - 1))

    match _one(draw, ["all", "filter"] + ["without", "combination", "structural", "pipeline"] * (depth > 0)):
        case "all":
            return _ALL
        case "filter":
            return ast.Filter(draw(expressions()))
        case "without":
            return ast.Without(inner())
        case "combination":
            return ast.Combination(_one(draw, get_args(ast.LogicalOperator)), inner(), inner())
        case "structural":
            return ast.Structural(_one(draw, get_args(ast.StructuralOperator)), inner(), inner())
        case _:
            # In parentheses a pipeline of one spanset is that spanset.
            stages = _stages(draw, depth - 1)
            return stages[0] if len(stages) == 1 and isinstance(stages[0], _SPANSETS) else ast.Pipeline(stages)


def _stages(draw, depth):
    first = draw(_stage(depth, ("spanset", "by", "select", "sort", "scalar")))
    rest = ("spanset", "by", "select", "sort", "scalar", "coalesce")
    return (first, *_some(draw, lambda: draw(_stage(depth, rest)), 0))


@st.composite
def _stage(draw, depth, kinds):
    match _one(draw, kinds):
        case "spanset":
            return draw(spansets(depth))
        case "by":
            return ast.GroupBy(draw(expressions(1)))
        case "select":
            return ast.Select(_some(draw, lambda: draw(fields())))
        case "sort":
            keys = expressions(1) | aggregates()
            return ast.Sort(_some(draw, lambda: ast.SortKey(draw(keys), draw(st.booleans()))))
        case "scalar":
            sides = draw(aggregates()), draw(scalars(depth))
            return ast.ScalarFilter(_one(draw, get_args(ast.OrderOperator)), *sides[:: _one(draw, (1, -1))])
        case _:
            return ast.Coalesce()


@st.composite
def _measures(draw):
    by = _some(draw, lambda: draw(fields()), 0)
    function = _one(draw, (*get_args(ast.MetricsFunction), "compare"))
    match function:
        case "compare":
            return ast.Compare(ast.Filter(draw(expressions(1))), draw(_counts), draw(_counts), draw(_counts))
        case "rate" | "count_over_time":
            return ast.Measure(function, by=by)
        case "quantile_over_time":
            return ast.Measure(function, draw(fields()), _some(draw, lambda: draw(_floats)), by)
        case _:
            return ast.Measure(function, draw(fields()), by=by)


@st.composite
def _second_stages(draw):
    if draw(st.booleans()):
        return ast.Ranked(_one(draw, ("topk", "bottomk")), draw(_counts))
    return ast.PointFilter(_one(draw, get_args(ast.OrderOperator)), draw(numbers))


@st.composite
def series(draw, depth=2, *, refined=True):
    match _one(draw, ["metrics"] + ["math"] * (depth > 0) + ["refined"] * (depth > 0 and refined)):
        case "metrics":
            return ast.Metrics(ast.Pipeline(_stages(draw, 1)), draw(_measures()))
        case "math":
            sides = draw(series(depth - 1)), draw(series(depth - 1) | constants(("int", "float")))
            return ast.MetricsMath(_one(draw, get_args(ast.SeriesOperator)), *sides[:: _one(draw, (1, -1))])
        case _:
            return ast.Refined(draw(series(depth - 1, refined=False)), _some(draw, lambda: draw(_second_stages())))


@st.composite
def queries(draw):
    root = draw(series()) if draw(st.booleans()) else ast.Pipeline(_stages(draw, 2))
    if isinstance(root, ast.Pipeline) and len(root.stages) == 1 and isinstance(root.stages[0], ast.Pipeline):
        root = root.stages[0]
    names = st.from_regex(r"[a-z][a-z_]{0,6}", fullmatch=True)
    return ast.Query(root, _some(draw, lambda: ast.Hint(draw(names), draw(constants())), 0))
