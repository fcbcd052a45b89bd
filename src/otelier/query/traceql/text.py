"""The tree as text again, in one normal form: `parse(written(query)) == query`.

Names are the short ones where there are two (`duration` for `span:duration`), since these are the names that Tempo
gives to groups and series.
"""

import re
from typing import cast

from ...component.go_text import quoted
from ..kinds import STATUSES
from . import ast
from .lex import NAME_ENDS, UNITS
from .parse_expression import COMPARISON, LOGIC, POWER, PREFIX, PRODUCT, SUM
from .words import KIND_WORDS

_ATOM = POWER + 1
_LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT, "^": POWER}
_BARE = re.compile(rf'[^{NAME_ENDS}"]+')
_STATUS_WORDS = {number: word for word, number in STATUSES.items()}
_KIND_WORDS = {number: word for word, number in KIND_WORDS.items()}
_SHORTEST_UNITS = ("h", "m", "s", "ms", "us", "ns")


def written(node: object) -> str:
    """TraceQL for a node of any kind."""
    match node:
        case ast.Query(root, hints):
            text = _root(root)
            return f"{text} with({', '.join(map(written, hints))})" if hints else text
        case ast.Hint(name, value):
            return f"{name}={written(value)}"
        case ast.Metrics() | ast.Refined() | ast.MetricsMath() | ast.Measure() | ast.Compare():
            return _series(node)
        case ast.Ranked(function, limit):
            return f"| {function}({limit})"
        case ast.PointFilter(operator, value):
            return f"{operator} {written(value)}"
        case ast.Aggregate() | ast.Measured() | ast.ScalarArithmetic():
            return _scalar(node)
        case (
            ast.Filter() | ast.Without() | ast.Combination() | ast.Structural() | ast.Pipeline() | ast.GroupBy()
            | ast.Select() | ast.Coalesce() | ast.Sort() | ast.ScalarFilter()
        ):  # fmt: skip
            return _stage(node)
        case ast.SortKey(value, descending):
            return f"{written(value)} {'desc' if descending else 'asc'}"
        case _:
            return _expression(cast("ast.Expression", node))


def _root(root: ast.Pipeline | ast.Metrics | ast.Refined | ast.MetricsMath) -> str:
    return _stages(root) if isinstance(root, ast.Pipeline) else _series(root)


# -- series -----------------------------------------------------------------------------------


def _series(series: ast.Series | ast.Measure | ast.Compare) -> str:
    match series:
        case ast.Metrics(pipeline, measure):
            return f"{_stages(pipeline)} | {_series(measure)}"
        case ast.Refined(inner, stages):
            return f"{_series(inner)} {' '.join(map(written, stages))}"
        case ast.MetricsMath(operator, left, right):
            return f"{_side(left)} {operator} {_side(right)}"
        case ast.Measure(function, operand, quantiles, by):
            inside = [written(operand)] if operand is not None else []
            inside += [_float(quantile) for quantile in quantiles]
            labels = f" by ({', '.join(map(written, by))})" if by else ""
            return f"{function}({', '.join(inside)}){labels}"
        case ast.Compare(selection, top, start_ns, end_ns):
            times = f", {start_ns}, {end_ns}" if start_ns or end_ns else ""
            most = f", {top}" if top != 10 or times else ""
            return f"compare({written(selection)}{most}{times})"
        case ast.Constant():
            return _constant(series)


def _side(series: ast.Series) -> str:
    return _constant(series) if isinstance(series, ast.Constant) else f"({_series(series)})"


# -- pipelines --------------------------------------------------------------------------------


def _stages(pipeline: ast.Pipeline) -> str:
    return " | ".join(map(_stage, pipeline.stages))


def _stage(stage: ast.Stage) -> str:
    match stage:
        case ast.Filter(condition):
            return "{ }" if condition == _ALL else f"{{ {_expression(condition)} }}"
        case ast.Without(operand):
            return f"!{_operand(operand)}"
        case ast.Combination(operator, left, right) | ast.Structural(operator, left, right):
            return f"{_operand(left)} {operator} {_operand(right)}"
        case ast.Pipeline():
            return f"({_stages(stage)})"
        case ast.GroupBy(expression):
            return f"by({_expression(expression)})"
        case ast.Select(fields):
            return f"select({', '.join(map(_expression, fields))})"
        case ast.Sort(keys):
            return f"sort({', '.join(map(written, keys))})"
        case ast.Coalesce():
            return "coalesce()"
        case ast.ScalarFilter(operator, left, right):
            return f"{_scalar(left)} {operator} {_scalar(right)}"


_ALL = ast.Constant(True, "bool")


def _operand(spanset: ast.Spanset) -> str:
    text = _stage(spanset)
    return f"({text})" if isinstance(spanset, ast.Combination | ast.Structural) else text


def _scalar(scalar: ast.Scalar) -> str:
    match scalar:
        case ast.Constant():
            return _constant(scalar)
        case ast.Aggregate(function, operand):
            return f"{function}({_expression(operand) if operand is not None else ''})"
        case ast.Measured(pipeline, inner):
            return f"({_stages(pipeline)} | {_scalar(inner)})"
        case ast.ScalarArithmetic(operator, left, right):
            return " ".join((_term(left), operator, _term(right)))


def _term(scalar: ast.Scalar) -> str:
    return f"({_scalar(scalar)})" if isinstance(scalar, ast.ScalarArithmetic) else _scalar(scalar)


# -- expressions ------------------------------------------------------------------------------


def _expression(expression: ast.Expression) -> str:
    match expression:
        case ast.Constant():
            return _constant(expression)
        case ast.Array(items):
            return f"[{', '.join(map(_constant, items))}]"
        case ast.Intrinsic(name):
            return name
        case ast.Attribute():
            return _attribute(expression)
        case ast.Negative(operand):
            number = isinstance(operand, ast.Constant) and operand.type in ("int", "float", "duration")
            return f"-({_expression(operand)})" if number else f"-{_inner(operand, _ATOM)}"
        case ast.Not(operand):
            return f"!{_inner(operand, _ATOM)}"
        case ast.Arithmetic(operator, left, right):
            level = _LEVELS[operator]
            right_level = level if level == POWER else level + 1
            return f"{_inner(left, level + (level == POWER))} {operator} {_inner(right, right_level)}"
        case ast.Comparison(operator, left, right):
            return f"{_inner(left, COMPARISON)} {operator} {_inner(right, SUM)}"
        case ast.Logical(operator, operands):
            return f" {operator} ".join(_inner(operand, COMPARISON) for operand in operands)


def _inner(expression: ast.Expression, level: int) -> str:
    """In parentheses, unless it binds at least so tightly."""
    text = _expression(expression)
    return text if _level(expression) >= level else f"({text})"


def _level(expression: ast.Expression) -> int:
    match expression:
        case ast.Logical():
            return LOGIC
        case ast.Comparison():
            return COMPARISON
        case ast.Arithmetic(operator):
            return _LEVELS[operator]
        case ast.Negative():
            return SUM
        case ast.Not():
            return PREFIX
        case ast.Constant(type="int" | "float" | "duration") if _constant(expression).startswith("-"):
            return SUM
        case _:
            return _ATOM


def _attribute(attribute: ast.Attribute) -> str:
    scope = "" if attribute.scope == "any" else attribute.scope
    name = attribute.name
    bare = _BARE.fullmatch(name) and not (attribute.scope == "any" and _misread(name, attribute.parent))
    if not bare:
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{'parent.' if attribute.parent else ''}{scope}{'' if attribute.parent and not scope else '.'}{name}"


def _misread(name: str, parent: bool) -> bool:
    """Whether it would be a number behind a dot, or a scope behind `parent.`"""
    return name.startswith(("span.", "resource.")) if parent else name[:1].isdigit()


def _constant(constant: ast.Constant) -> str:
    value = constant.value
    match constant.type:
        case "string":
            return quoted(cast("str", value))
        case "bool":
            return "true" if value else "false"
        case "nil":
            return "nil"
        case "status":
            return _STATUS_WORDS[cast("int", value)]
        case "kind":
            return _KIND_WORDS[cast("int", value)]
        case "int":
            return "minInt" if value == -(2**63) else str(value)
        case "float":
            return _float(cast("float", value))
        case "duration":
            return _duration(cast("int", value))


def _float(value: float) -> str:
    """With a point or an exponent, which makes it a float."""
    text = repr(value)
    return text if "." in text or "e" in text else text + ".0"


def _duration(nanoseconds: int) -> str:
    """In the largest unit that leaves it whole: 1m30s is 90s."""
    unit = next(unit for unit in _SHORTEST_UNITS if nanoseconds % UNITS[unit] == 0) if nanoseconds else "s"
    return f"{nanoseconds // UNITS[unit]}{unit}"
