"""LogQL to its tree: metric queries. Streams and stages are in `parse_lines`."""

from collections.abc import Callable
from typing import TypeAlias, cast, get_args

from . import ast
from .lex import number_of
from .parse_lines import log_query, looks_like_lines, ranged_query
from .words import Words

_RightSide: TypeAlias = Callable[[], ast.Metric]

_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and", "unless"),
    ("==", "!=", ">", ">=", "<", "<="),
    ("+", "-"),
    ("*", "/", "%"),
)
"""Weakest first; `^` binds stronger and to the right."""
_RANGE_OPS = frozenset(get_args(ast.RangeOp))
_VECTOR_OPS = frozenset(get_args(ast.VectorOp))
_COUNTED = frozenset({"topk", "bottomk"})
_UNGROUPED = frozenset({"sort", "sort_desc"})
_NOT_YET = frozenset(
    {
        "sum_over_time", "avg_over_time", "max_over_time", "min_over_time", "first_over_time", "last_over_time",
        "stdvar_over_time", "stddev_over_time", "quantile_over_time", "rate_counter", "stddev", "stdvar",
        "label_replace", "approx_topk",
    }
)  # fmt: skip


def parse(text: str) -> ast.Query:
    """A query for lines or a metric query. Raises LogqlError."""
    words = Words(text)
    if words.is_kind("end"):
        words.fail('the query is empty; a stream selector such as {service_name="shop"} is the least')
    query: ast.Query = log_query(words) if looks_like_lines(words) else _binary(words, 0)
    if not words.is_kind("end"):
        words.fail(f"{words.now} can't follow here")
    return query


def parse_lines(text: str) -> ast.LogQuery:
    """A query for lines only. Raises LogqlError."""
    words = Words(text)
    query = log_query(words)
    if not words.is_kind("end"):
        words.fail(f"{words.now} can't follow here")
    return query


def _binary(words: Words, level: int) -> ast.Metric:
    if level == len(_LEVELS):
        return _power(words)
    left = _binary(words, level + 1)
    while (words.is_sign(*_LEVELS[level]) or words.is_name(*_LEVELS[level])) and words.now.kind != "end":
        left = _combined(words, left, lambda: _binary(words, level + 1))
    return left


def _power(words: Words) -> ast.Metric:
    left = _unary(words)
    if words.is_sign("^"):
        return _combined(words, left, lambda: _power(words))
    return left


def _combined(words: Words, left: ast.Metric, right_side: _RightSide) -> ast.Metric:
    op = words.take()
    as_bool = False
    if words.is_name("bool"):
        if op.text not in _LEVELS[2]:
            words.fail("`bool` goes with comparisons only")
        words.take()
        as_bool = True
    on = _matching(words)
    right = right_side()
    scalars = isinstance(left, ast.Number), isinstance(right, ast.Number)
    if op.text in ("and", "or", "unless") and any(scalars):
        words.fail(f"`{op.text}` takes series on both sides, not a number", op.at)
    return ast.Binary(cast("ast.BinaryOp", op.text), left, right, as_bool, on)


def _matching(words: Words) -> ast.Grouping | None:
    on = None
    if words.is_name("on", "ignoring"):
        ignoring = words.take().text == "ignoring"
        on = ast.Grouping(_names(words), without=ignoring)
    if words.is_name("group_left", "group_right"):
        words.fail(f"{words.now} isn't supported: series are joined one to one; aggregate the other side first")
    return on


def _unary(words: Words) -> ast.Metric:
    if words.is_sign("-", "+"):
        sign = words.take().text
        number = _number(words)
        return ast.Number(-number if sign == "-" else number)
    return _primary(words)


def _primary(words: Words) -> ast.Metric:
    if words.now.kind == "number":
        return ast.Number(_number(words))
    if words.is_sign("("):
        words.take()
        words.deeper()
        inner = _binary(words, 0)
        words.expect(")", " to close the parenthesis")
        words.shallower()
        return inner
    name = words.now
    if name.kind != "name":
        words.fail(f"expected a stream selector `{{…}}`, a function or a number, found {name}")
    if name.text in _RANGE_OPS:
        return _range_aggregation(words)
    if name.text in _VECTOR_OPS:
        return _vector_aggregation(words)
    if name.text == "vector":
        return _vector(words)
    if name.text in _NOT_YET:
        words.fail(f"`{name.text}` isn't supported; supported are {_listed(_RANGE_OPS)} over lines")
    return words.fail(f"`{name.text}` is no function; there are {_listed(_RANGE_OPS | _VECTOR_OPS | {'vector'})}")


def _range_aggregation(words: Words) -> ast.Metric:
    op = cast("ast.RangeOp", words.take().text)
    words.expect("(")
    words.deeper()
    query, range_ns, offset_ns = ranged_query(words)
    words.expect(")", f" to close `{op}`")
    words.shallower()
    if words.is_name("by", "without"):
        words.fail(f"`{op}` takes no grouping: write sum by (…) ({op}(…))")
    return ast.RangeAggregation(op, query, range_ns, offset_ns)


def _vector_aggregation(words: Words) -> ast.Metric:
    op = words.take()
    grouping = _grouping(words)
    words.expect("(", f" behind `{op.text}`")
    words.deeper()
    count = 0
    if op.text in _COUNTED:
        number = words.word("number", f"how many series, as in {op.text}(5, …)")
        if not number.text.isdecimal() or int(number.text) == 0:
            words.fail(f"`{op.text}` takes a whole number above 0", number.at)
        count = int(number.text)
        words.expect(",")
    of = _binary(words, 0)
    words.expect(")", f" to close `{op.text}`")
    words.shallower()
    if isinstance(of, ast.Number):
        words.fail(f"`{op.text}` takes series, not a number", op.at)
    grouping = grouping or _grouping(words)
    if grouping and op.text in _UNGROUPED:
        words.fail(f"`{op.text}` takes no grouping", op.at)
    return ast.VectorAggregation(cast("ast.VectorOp", op.text), of, grouping or ast.Grouping(), count)


def _vector(words: Words) -> ast.Metric:
    words.take()
    words.expect("(")
    sign = -1.0 if words.skip("-") else 1.0
    value = sign * _number(words)
    words.expect(")")
    return ast.VectorOf(value)


def _grouping(words: Words) -> ast.Grouping | None:
    if not words.is_name("by", "without"):
        return None
    without = words.take().text == "without"
    return ast.Grouping(_names(words), without)


def _names(words: Words) -> tuple[str, ...]:
    words.expect("(")
    names: list[str] = []
    while not words.is_sign(")"):
        names.append(words.word("name", "the name of a label").text)
        if not words.skip(","):
            break
    words.expect(")")
    return tuple(names)


def _number(words: Words) -> float:
    return number_of(words.word("number", "a number").text)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
