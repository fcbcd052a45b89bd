"""Stages as functions of a line: true keeps it."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import TypeAlias, assert_never

from ..._core import Words
from . import ast
from .extract import extract_json, extract_logfmt
from .lex import duration_ns, size_bytes
from .line import Line
from .patterns import found_in, whole

Step: TypeAlias = Callable[[Line], bool]

_COMPARE: Mapping[ast.CompareOp, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def compiled(stage: ast.Stage) -> Step:
    """What the stage does to a line."""
    match stage:
        case ast.LineFilter():
            return _line_filter(stage)
        case ast.WordFilter(text):
            words = Words(text)
            return lambda line: words.found_in(line.text)
        case ast.Json(paths):
            return lambda line: extract_json(line, paths)
        case ast.Logfmt():
            return lambda line: extract_logfmt(line, stage)
        case ast.LabelFilter(test):
            return label_test(test)
        case ast.LineFormat(template):
            return lambda line: _line_format(line, template)
        case ast.LabelFormat(changes):
            return lambda line: _label_format(line, changes)
        case ast.Drop(labels):
            return lambda line: _drop(line, labels)
        case ast.Keep(labels):
            return lambda line: _keep(line, labels)
        case _:
            assert_never(stage)


def label_test(test: ast.LabelTest) -> Step:
    """A condition on labels; a number that can't be read keeps the line and marks it."""
    match test:
        case ast.Matcher(label, op, value):
            holds = text_test(op, value)
            return lambda line: holds(line.get(label))
        case ast.NumberTest():
            return lambda line: _number_test(line, test)
        case ast.Both(parts):
            steps = [label_test(part) for part in parts]
            return lambda line: all(step(line) for step in steps)
        case ast.Either(parts):
            steps = [label_test(part) for part in parts]
            return lambda line: any(step(line) for step in steps)
        case _:
            assert_never(test)


def text_test(op: ast.MatchOp, value: str) -> Callable[[str], bool]:
    """A condition on a label's text."""
    match op:
        case "=":
            return lambda text: text == value
        case "!=":
            return lambda text: text != value
        case "=~":
            return whole(value).search
        case "!~":
            pattern = whole(value)
            return lambda text: not pattern.search(text)


def _line_filter(stage: ast.LineFilter) -> Step:
    if stage.op in ("|=", "!="):
        found: Callable[[str], bool] = lambda text: any(value in text for value in stage.values)  # noqa: E731
    else:
        patterns = [found_in(value) for value in stage.values]
        found = lambda text: any(pattern.search(text) for pattern in patterns)  # noqa: E731
    if stage.op in ("|=", "|~"):
        return lambda line: found(line.text)
    return lambda line: not found(line.text)


def _number_test(line: Line, test: ast.NumberTest) -> bool:
    text = line.get(test.label)
    if not text:
        return False
    number = _read(text, test.unit)
    if math.isnan(number):
        line.fail("LabelFilterErr", f"{test.label}={text!r} is no {test.unit.removesuffix('s')}")
        return True
    return _COMPARE[test.op](number, test.value)


def _read(text: str, unit: str) -> float:
    if unit == "duration":
        found = duration_ns(text)
        return math.nan if found is None else found / 1e9
    if unit == "bytes" and (size := size_bytes(text)) is not None:
        return size
    try:
        return float(text)
    except ValueError:
        return math.nan


def _rendered(line: Line, template: ast.Template) -> str:
    parts = [
        part if at % 2 == 0 else (line.text if part == "__line__" else line.get(part))
        for at, part in enumerate(template.parts)
    ]
    return "".join(parts)


def _line_format(line: Line, template: ast.Template) -> bool:
    line.text = _rendered(line, template)
    return True


def _label_format(line: Line, changes: tuple[tuple[str, str | ast.Template], ...]) -> bool:
    values = [line.get(change) if isinstance(change, str) else _rendered(line, change) for _, change in changes]
    for _, change in changes:
        if isinstance(change, str):
            line.remove(change)
    for (label, _), value in zip(changes, values, strict=True):
        line.put(label, value)
    return True


def _drop(line: Line, labels: tuple[str | ast.Matcher, ...]) -> bool:
    for label in labels:
        if isinstance(label, str):
            line.remove(label)
        elif text_test(label.op, label.value)(line.get(label.label)):
            line.remove(label.label)
    return True


def _keep(line: Line, labels: tuple[str | ast.Matcher, ...]) -> bool:
    kept = {
        label if isinstance(label, str) else label.label
        for label in labels
        if isinstance(label, str) or text_test(label.op, label.value)(line.get(label.label))
    }
    for name in list(line.names()):
        if name not in kept and not name.startswith("__"):
            line.remove(name)
    return True
