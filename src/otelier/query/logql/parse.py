"""LogQL to its tree: metric queries. Functions are in `parse_calls`, streams in `parse_lines`."""

from collections.abc import Callable
from typing import Literal, TypeAlias, cast

from . import ast
from .lex import number_of
from .parse_calls import call, is_function, names
from .parse_lines import log_query, looks_like_lines
from .parse_stages import is_unwrap
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


def parse(text: str) -> ast.Query:
    """A query for lines or a metric query. Raises LogqlError."""
    words = Words(text)
    if words.is_kind("end"):
        words.fail('the query is empty; a stream selector such as {service_name="shop"} is the least')
    query: ast.Query = log_query(words) if looks_like_lines(words) else _binary(words, 0)
    if is_unwrap(words):
        words.fail("`unwrap` stands in a range, as in sum_over_time({…} | unwrap took [5m])")
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
        words.deeper()
        left = _combined(words, left, lambda: _power(words))
        words.shallower()
    return left


def _combined(words: Words, left: ast.Metric, right_side: _RightSide) -> ast.Metric:
    words.one_more_operator()
    op = words.take()
    as_bool = False
    if words.is_name("bool"):
        if op.text not in _LEVELS[2]:
            words.fail("`bool` goes with comparisons only")
        words.take()
        as_bool = True
    on, many, include = _matching(words)
    if many and op.text in ("and", "or", "unless"):
        words.fail(f"`{op.text}` joins all with all: group_{many} does not go with it", op.at)
    right = right_side()
    scalars = isinstance(left, ast.Number), isinstance(right, ast.Number)
    if op.text in ("and", "or", "unless") and any(scalars):
        words.fail(f"`{op.text}` takes series on both sides, not a number", op.at)
    return ast.Binary(cast("ast.BinaryOp", op.text), left, right, as_bool, on, many, include)


def _matching(words: Words) -> tuple[ast.Grouping | None, Literal["", "left", "right"], tuple[str, ...]]:
    """`on (a) group_left (b)`: how series meet, which side is the many, and what it gets from the other one."""
    if words.is_name("group_left", "group_right"):
        words.fail(f"{words.now} stands behind `on (…)` or `ignoring (…)`")
    if not words.is_name("on", "ignoring"):
        return None, "", ()
    ignoring = words.take().text == "ignoring"
    on = ast.Grouping(names(words), without=ignoring)
    if not words.is_name("group_left", "group_right"):
        return on, "", ()
    many = "left" if words.take().text == "group_left" else "right"
    return on, many, _included(words)


def _included(words: Words) -> tuple[str, ...]:
    """`(a, b)`, which may be left out: then a parenthesis begins the other side."""
    if words.is_sign("(") and (
        words.then.text == ")" or (words.then.kind == "name" and not is_function(words.then.text))
    ):
        return names(words)
    return ()


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
    return call(words, name, lambda: _binary(words, 0))


def _number(words: Words) -> float:
    return number_of(words.word("number", "a number").text)
