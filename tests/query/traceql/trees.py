"""Random TraceQL trees: whatever the grammar can write, types left aside."""

from typing import get_args

from hypothesis import strategies as st

from otelier.query.traceql import ast

_texts = st.text(st.characters(codec="utf-8"), max_size=6)
_names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6) | st.sampled_from(
    ["http.method", "5xx", "span.a"]
)
_numbers = (
    st.builds(ast.Constant, st.integers(-(2**63), 2**63 - 1), st.just("int"))
    | st.builds(ast.Constant, st.floats(allow_nan=False, allow_infinity=False), st.just("float"))
    | st.builds(ast.Constant, st.integers(1 - 2**63, 2**63 - 1), st.just("duration"))
)
constants = (
    _numbers
    | st.builds(ast.Constant, _texts, st.just("string"))
    | st.builds(ast.Constant, st.booleans(), st.just("bool"))
    | st.builds(ast.Constant, st.integers(0, 2), st.just("status"))
    | st.builds(ast.Constant, st.integers(0, 5), st.just("kind"))
    | st.just(ast.Constant(None, "nil"))
)
_plain = _numbers.filter(lambda number: number.type != "duration")
fields = (
    st.builds(ast.Attribute, st.sampled_from(get_args(ast.AttributeScope)), _names)
    | st.builds(ast.Attribute, st.sampled_from(["any", "span", "resource"]), _names, st.just(True))
    | st.builds(ast.Intrinsic, st.sampled_from(get_args(ast.IntrinsicName)))
)


# Deferred, because strategies tell themselves in full, each inside of the next one.
expressions = st.deferred(lambda: _any_expressions)
spansets = st.deferred(lambda: _any_spansets)
scalars = st.deferred(lambda: _any_scalars)
series = st.deferred(lambda: _any_series)


def _recursive(leaves, deeper, *, max_leaves):
    return st.recursive(leaves, lambda inner: deeper(st.deferred(lambda: inner)), max_leaves=max_leaves)


def _some(strategy, least=1):
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


def _words(alias):
    return st.sampled_from(get_args(alias))


_any_expressions = _recursive(
    constants | fields | st.builds(ast.Array, _some(constants)),
    lambda inner: (
        st.builds(ast.Negative, inner)
        | st.builds(ast.Not, inner)
        | st.builds(ast.Arithmetic, _words(ast.ArithmeticOperator), inner, inner)
        | st.builds(ast.Comparison, _words(ast.ComparisonOperator), inner, inner)
        | st.builds(ast.Logical, _words(ast.LogicalOperator), _some(inner, 2))
    ),
    max_leaves=8,
)
_filters = st.builds(ast.Filter, expressions) | st.just(ast.Filter(ast.Constant(True, "bool")))
_aggregates = st.just(ast.Aggregate("count")) | st.builds(
    ast.Aggregate, st.sampled_from(["min", "max", "avg", "sum"]), expressions
)
_sort_keys = st.builds(ast.SortKey, expressions | _aggregates, st.booleans())
_plain_stages = (
    st.builds(ast.GroupBy, expressions)
    | st.builds(ast.Select, _some(fields))
    | st.builds(ast.Sort, _some(_sort_keys))
    | st.builds(ast.ScalarFilter, _words(ast.OrderOperator), _aggregates, _numbers | _aggregates)
)


def _pipelines(spansets):
    """As operands: of one stage only if that is no spanset."""
    several = st.tuples(spansets | _plain_stages, spansets | _plain_stages | st.just(ast.Coalesce()))
    return st.builds(ast.Pipeline, several | st.tuples(_plain_stages))


_any_spansets = _recursive(
    _filters,
    lambda inner: (
        st.builds(ast.Without, inner)
        | st.builds(ast.Combination, _words(ast.LogicalOperator), inner, inner)
        | st.builds(ast.Structural, _words(ast.StructuralOperator), inner, inner)
        | _pipelines(inner)
    ),
    max_leaves=4,
)
_measured = st.builds(
    ast.Measured, _pipelines(spansets) | st.builds(ast.Pipeline, st.tuples(spansets | _plain_stages)), _aggregates
)
_any_scalars = _recursive(
    _numbers | _aggregates | _measured,
    lambda inner: st.builds(ast.ScalarArithmetic, _words(ast.ArithmeticOperator), inner, inner),
    max_leaves=4,
)
_scalar_filters = st.builds(ast.ScalarFilter, _words(ast.OrderOperator), scalars, _aggregates) | st.builds(
    ast.ScalarFilter, _words(ast.OrderOperator), _measured, scalars
)
_stages = spansets | _plain_stages | _scalar_filters
_first_stages = st.builds(
    lambda first, rest: ast.Pipeline((first, *rest)), _stages, _some(_stages | st.just(ast.Coalesce()), 0)
)
searches = _first_stages.filter(
    lambda pipeline: len(pipeline.stages) > 1 or not isinstance(pipeline.stages[0], ast.Pipeline)
)
_by = _some(fields, 0)
_functions = [
    name for name in get_args(ast.MetricsFunction) if name not in ("rate", "count_over_time", "quantile_over_time")
]
_quantiles = _some(st.floats(allow_nan=False, allow_infinity=False))
_times = st.integers(0, 2**63 - 1)
_measures = (
    st.builds(ast.Measure, st.sampled_from(["rate", "count_over_time"]), by=_by)
    | st.builds(ast.Measure, st.sampled_from(_functions), fields, by=_by)
    | st.builds(ast.Measure, st.just("quantile_over_time"), fields, _quantiles, _by)
    | st.builds(ast.Compare, _filters, _times, _times, _times)
)
_second_stages = st.builds(ast.Ranked, st.sampled_from(["topk", "bottomk"]), _times) | st.builds(
    ast.PointFilter, _words(ast.OrderOperator), _numbers
)


def _deeper_series(inner):
    both = st.builds(ast.MetricsMath, _words(ast.SeriesOperator), inner, inner | _plain) | st.builds(
        ast.MetricsMath, _words(ast.SeriesOperator), _plain, inner
    )
    unrefined = (both | inner).filter(lambda series: not isinstance(series, ast.Refined))
    return both | st.builds(ast.Refined, unrefined, _some(_second_stages))


_any_series = _recursive(st.builds(ast.Metrics, _first_stages, _measures), _deeper_series, max_leaves=3)
_hints = st.builds(ast.Hint, st.from_regex(r"[a-z][a-z_]{0,6}", fullmatch=True), constants)
queries = st.builds(ast.Query, searches | series, _some(_hints, 0))
