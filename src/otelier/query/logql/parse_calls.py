"""LogQL to its tree: what has a name and parentheses in metric queries."""

import difflib
from collections.abc import Callable
from typing import TypeAlias, cast, get_args

from . import ast
from .lex import Token, number_of
from .parse_lines import ranged_query
from .patterns import check
from .words import Words

Inner: TypeAlias = Callable[[], ast.Metric]
"""Reads the metric query that a function is given."""

_LINE_OPS = frozenset(get_args(ast.LineRangeOp))
_UNWRAPPED_OPS = frozenset(get_args(ast.UnwrappedRangeOp))
_GROUPED_OPS = _UNWRAPPED_OPS - {"sum_over_time", "absent_over_time", "rate", "rate_counter"}
_VECTOR_OPS = frozenset(get_args(ast.VectorOp))
_COUNTED = frozenset({"topk", "bottomk", "approx_topk"})
_UNGROUPED = frozenset({"sort", "sort_desc"})
_ALL = _LINE_OPS | _UNWRAPPED_OPS | _VECTOR_OPS | {"vector", "label_replace"}


def is_function(name: str) -> bool:
    """Whether `call` knows it."""
    return name in _ALL


def call(words: Words, name: Token, inner: Inner) -> ast.Metric:
    """What begins with this name. Raises LogqlError."""
    if name.text in _LINE_OPS | _UNWRAPPED_OPS:
        return _range_aggregation(words)
    if name.text in _VECTOR_OPS:
        return _vector_aggregation(words, inner)
    if name.text == "vector":
        return _vector(words)
    if name.text == "label_replace":
        return _label_replace(words, inner)
    near = difflib.get_close_matches(name.text, _ALL, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"there are {_listed(_ALL)}"
    return words.fail(f"`{name.text}` is no function; {hint}")


def _range_aggregation(words: Words) -> ast.Metric:
    name = words.take()
    op = cast("ast.RangeOp", name.text)
    words.expect("(")
    words.deeper()
    quantile = 0.0
    if op == "quantile_over_time":
        sign = -1.0 if words.skip("-") else 1.0
        quantile = sign * number_of(words.word("number", "the quantile, as in quantile_over_time(0.99, …)").text)
        words.expect(",")
    query, unwrap, range_ns, offset_ns = ranged_query(words)
    words.expect(")", f" to close `{op}`")
    words.shallower()
    if unwrap is None and op not in _LINE_OPS:
        words.fail(f"`{op}` takes numbers: add `| unwrap label`", name.at)
    if unwrap is not None and op not in _UNWRAPPED_OPS:
        words.fail(f"`{op}` counts lines: leave `unwrap` out, or use one of {_listed(_UNWRAPPED_OPS)}", name.at)
    if words.is_name("by", "without") and op not in _GROUPED_OPS:
        words.fail(f"`{op}` takes no grouping: write sum by (…) ({op}(…))")
    return ast.RangeAggregation(op, query, range_ns, offset_ns, unwrap, grouping(words), quantile)


def _vector_aggregation(words: Words, inner: Inner) -> ast.Metric:
    op = words.take()
    by = grouping(words)
    words.expect("(", f" behind `{op.text}`")
    words.deeper()
    count = 0
    if op.text in _COUNTED:
        number = words.word("number", f"how many series, as in {op.text}(5, …)")
        if not number.text.isdecimal() or int(number.text) == 0:
            words.fail(f"`{op.text}` takes a whole number above 0", number.at)
        count = int(number.text)
        words.expect(",")
    of = inner()
    words.expect(")", f" to close `{op.text}`")
    words.shallower()
    if isinstance(of, ast.Number):
        words.fail(f"`{op.text}` takes series, not a number", op.at)
    by = by or grouping(words)
    if by and op.text in _UNGROUPED | {"approx_topk"}:
        words.fail(f"`{op.text}` takes no grouping", op.at)
    return ast.VectorAggregation(cast("ast.VectorOp", op.text), of, by or ast.Grouping(), count)


def _vector(words: Words) -> ast.Metric:
    words.take()
    words.expect("(")
    sign = -1.0 if words.skip("-") else 1.0
    value = sign * number_of(words.word("number", "a number").text)
    words.expect(")")
    return ast.VectorOf(value)


def _label_replace(words: Words, inner: Inner) -> ast.Metric:
    name = words.take()
    words.expect("(")
    words.deeper()
    of = inner()
    given: list[Token] = []
    for what in ("the label to make", "what it becomes", "the label that is read", "the pattern for the whole of it"):
        words.expect(",")
        given.append(words.word("string", f"{what}, in quotes"))
    words.expect(")", " to close `label_replace`")
    words.shallower()
    if isinstance(of, ast.Number):
        words.fail("`label_replace` takes series, not a number", name.at)
    to, replacement, source, pattern = given
    check(words, pattern.at, pattern.text)
    return ast.LabelReplace(of, to.text, replacement.text, source.text, pattern.text)


def grouping(words: Words) -> ast.Grouping | None:
    """`by (a, b)` or `without (a, b)`, if it is next. Raises LogqlError."""
    if not words.is_name("by", "without"):
        return None
    without = words.take().text == "without"
    return ast.Grouping(names(words), without)


def names(words: Words) -> tuple[str, ...]:
    """`(a, b)`. Raises LogqlError."""
    words.expect("(")
    found: list[str] = []
    while not words.is_sign(")"):
        found.append(words.word("name", "the name of a label").text)
        if not words.skip(","):
            break
    words.expect(")")
    return tuple(found)


def _listed(names_: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names_))
