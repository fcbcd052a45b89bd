"""A query written back: read again it is the same. A metric query that is long gets a line for each level."""

from collections.abc import Sequence

from ...component.go_text import quoted
from ..promql.numbers import shortest
from . import ast

_WIDTH = 100
_INDENT = "  "
_UNITS = (("w", 604_800 * 10**9), ("d", 86_400 * 10**9), ("h", 3600 * 10**9), ("m", 60 * 10**9), ("s", 10**9))
_SMALL = (("ms", 10**6), ("us", 10**3), ("ns", 1))
_BINDS = {
    "or": 0, "and": 1, "unless": 1, "==": 2, "!=": 2, ">": 2, ">=": 2, "<": 2, "<=": 2, "+": 3, "-": 3, "*": 4, "/": 4,
    "%": 4, "^": 5,
}  # fmt: skip


def text(query: ast.Query) -> str:
    """On one line if it is short."""
    if isinstance(query, ast.LogQuery):
        flat = _lines(query)
        return flat if len(flat) <= _WIDTH else "\n  ".join([_selector(query), *map(_stage, query.stages)])
    return _metric(query, 0)


def _metric(query: ast.Metric, depth: int) -> str:
    flat = _flat(query)
    if len(flat) + len(_INDENT) * depth <= _WIDTH or isinstance(
        query, ast.RangeAggregation | ast.Number | ast.VectorOf
    ):
        return flat
    inside, end = "\n" + _INDENT * (depth + 1), "\n" + _INDENT * depth
    match query:
        case ast.VectorAggregation():
            return f"{_head(query)}({_count(query).rstrip()}{inside}{_metric(query.of, depth + 1)}{end})"
        case ast.LabelReplace():
            return f"label_replace({inside}{_metric(query.of, depth + 1)},{inside}{_replacement(query)}{end})"
        case ast.Binary():
            left, right = (f"({inside}{_metric(side, depth + 1)}{end})" for side in (query.left, query.right))
            return f"{left} {_operator(query)} {right}"


def _flat(query: ast.Metric) -> str:
    match query:
        case ast.Number(value):
            return shortest(value)
        case ast.VectorOf(value):
            return f"vector({shortest(value)})"
        case ast.RangeAggregation():
            return _range_aggregation(query)
        case ast.VectorAggregation():
            return f"{_head(query)}({_count(query)}{_flat(query.of)})"
        case ast.LabelReplace():
            return f"label_replace({_flat(query.of)}, {_replacement(query)})"
        case ast.Binary():
            return f"{_side(query, query.left)} {_operator(query)} {_side(query, query.right)}"


def _side(query: ast.Binary, side: ast.Metric) -> str:
    inner = isinstance(side, ast.Binary) and (_BINDS[side.op] <= _BINDS[query.op] or query.op == "^")
    return f"({_flat(side)})" if inner else _flat(side)


def _operator(query: ast.Binary) -> str:
    parts: list[str] = [query.op]
    if query.as_bool:
        parts.append("bool")
    if query.on:
        parts.append(f"{'ignoring' if query.on.without else 'on'} {_names(query.on.labels)}")
    if query.many:
        parts.append(f"group_{query.many} {_names(query.include)}")
    return " ".join(parts)


def _head(query: ast.VectorAggregation) -> str:
    by = _grouping(query.grouping) if query.grouping.labels or query.grouping.without else ""
    return f"{query.op} {by}" if by else query.op


def _count(query: ast.VectorAggregation) -> str:
    return f"{query.count}, " if query.count else ""


def _replacement(query: ast.LabelReplace) -> str:
    return ", ".join(map(quoted, (query.to, query.replacement, query.source, query.pattern)))


def _range_aggregation(query: ast.RangeAggregation) -> str:
    share = f"{shortest(query.quantile)}, " if query.op == "quantile_over_time" else ""
    unwrap = f" {_unwrap(query.unwrap)}" if query.unwrap else ""
    offset = f" offset {duration(query.offset_ns)}" if query.offset_ns else ""
    by = f" {_grouping(query.grouping)}" if query.grouping else ""
    return f"{query.op}({share}{_lines(query.query)}{unwrap} [{duration(query.range_ns)}]{offset}){by}"


def _unwrap(unwrap: ast.Unwrap) -> str:
    label = f"{unwrap.conversion}({unwrap.label})" if unwrap.conversion else unwrap.label
    return " ".join([f"| unwrap {label}", *(f"| {_test(test)}" for test in unwrap.tests)])


def _grouping(grouping: ast.Grouping) -> str:
    return f"{'without' if grouping.without else 'by'} {_names(grouping.labels)}"


def _names(names: Sequence[str]) -> str:
    return f"({', '.join(names)})"


def _lines(query: ast.LogQuery) -> str:
    return " ".join([_selector(query), *map(_stage, query.stages)])


def _selector(query: ast.LogQuery) -> str:
    return f"{{{', '.join(map(_matcher, query.matchers))}}}"


def _matcher(matcher: ast.Matcher) -> str:
    return f"{matcher.label}{matcher.op}{quoted(matcher.value)}"


def _stage(stage: ast.Stage) -> str:
    match stage:
        case ast.LineFilter(op, values):
            return f"{op} {' or '.join(map(_value, values))}"
        case ast.WordFilter(words):
            return f"| words {quoted(words)}"
        case ast.LabelFilter(test):
            return f"| {_test(test)}"
        case ast.LineFormat(template):
            return f"| line_format {quoted(template.text)}"
        case ast.LabelFormat(changes):
            return "| label_format " + ", ".join(
                f"{label}={change if isinstance(change, str) else quoted(change.text)}" for label, change in changes
            )
        case ast.Drop(labels):
            return f"| drop {_labels(labels)}"
        case ast.Keep(labels):
            return f"| keep {_labels(labels)}"
        case ast.Decolorize():
            return "| decolorize"
        case _:
            return f"| {_parser(stage)}"


def _parser(stage: ast.Parser) -> str:
    match stage:
        case ast.Json(paths):
            return " ".join(["json", ", ".join(f"{label}={quoted(_path(path))}" for label, path in paths)]).strip()
        case ast.Logfmt(keys, strict, keep_empty):
            flags = ["--strict"] * strict + ["--keep-empty"] * keep_empty
            return " ".join(["logfmt", *flags, ", ".join(f"{label}={quoted(key)}" for label, key in keys)]).strip()
        case ast.Pattern(pattern):
            return f"pattern {quoted(pattern)}"
        case ast.Regexp(pattern):
            return f"regexp {quoted(pattern)}"
        case ast.Unpack():
            return "unpack"


def _path(path: Sequence[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f'["{part}"]' for part in path)


def _labels(labels: Sequence[str | ast.Matcher]) -> str:
    return ", ".join(each if isinstance(each, str) else _matcher(each) for each in labels)


def _value(value: str | ast.Ip) -> str:
    return quoted(value) if isinstance(value, str) else f"ip({quoted(value.text)})"


def _test(test: ast.LabelTest) -> str:
    match test:
        case ast.Matcher():
            return _matcher(test)
        case ast.NumberTest(label, op, value, unit):
            return f"{label} {op} {_amount(value, unit)}"
        case ast.IpTest(label, op, ip):
            return f"{label} {op} {_value(ip)}"
        case ast.Both(parts):
            return " and ".join(f"({_test(part)})" if isinstance(part, ast.Either) else _test(part) for part in parts)
        case ast.Either(parts):
            return " or ".join(map(_test, parts))


def _amount(value: float, unit: str) -> str:
    match unit:
        case "duration":
            return duration(round(value * 1e9))
        case "bytes":
            return f"{shortest(value)}B"
        case _:
            return shortest(value)


def duration(ns: int) -> str:
    """`1h30m`, `250ms`."""
    if ns <= 0:
        return f"-{duration(-ns)}" if ns else "0s"
    parts: list[str] = []
    for unit, size in (*_UNITS, *_SMALL):
        if ns >= size:
            parts.append(f"{ns // size}{unit}")
            ns %= size
    return "".join(parts)
