"""Stages as functions of a line: true keeps it."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias, assert_never

from ..._core import Words
from . import addresses, ast
from .amounts import number, seconds, size
from .captures import by_pattern, by_regexp, line_pattern
from .extract import by_json, by_paths, by_unpacking
from .formats import label_format, line_format
from .line import ERROR, ERROR_DETAILS, Line
from .logfmt import by_logfmt
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

_READ: Mapping[str, Callable[[str], float]] = {"number": number, "duration": seconds, "bytes": size}
_CONTROL = re.compile(
    r"[\x1b\x9b][\[\]()#;?]*(?:(?:[A-Za-z0-9]*(?:;[A-Za-z0-9]*)*)\x07|(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-PRZcf-nqry=><~])"
)
"""What terminals take for colours and the like, and not for text."""


def compiled(stage: ast.Stage) -> Step:
    """What the stage does to a line."""
    match stage:
        case ast.LineFilter():
            return _line_filter(stage)
        case ast.WordFilter(text):
            words = Words(text)
            return lambda line: words.found_in(line.text)
        case ast.LabelFilter(test):
            return label_test(test)
        case ast.LineFormat(template):
            return line_format(template)
        case ast.LabelFormat(changes):
            return label_format(changes)
        case ast.Drop(labels):
            return lambda line: _drop(line, labels)
        case ast.Keep(labels):
            return lambda line: _keep(line, labels)
        case ast.Decolorize():
            return _decolorize
        case _:
            return _parser(stage)


def _parser(stage: ast.Parser) -> Step:
    match stage:
        case ast.Json(paths):
            return (lambda line: by_paths(line, paths)) if paths else by_json
        case ast.Logfmt():
            return lambda line: by_logfmt(line, stage)
        case ast.Pattern(text):
            return by_pattern(text)
        case ast.Regexp(text):
            return by_regexp(text)
        case ast.Unpack():
            return by_unpacking
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
        case ast.IpTest():
            return lambda line: _ip_test(line, test)
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
    tests = [_line_test(stage.op, value) for value in stage.values]
    if stage.op.startswith("|"):
        return lambda line: any(test(line.text) for test in tests)
    return lambda line: not any(test(line.text) for test in tests)


def _line_test(op: ast.LineOp, value: str | ast.Ip) -> Callable[[str], bool]:
    """Of a negated filter what must not be."""
    if isinstance(value, ast.Ip):
        return lambda text: addresses.found_in(value.text, text)
    match op:
        case "|=" | "!=":
            return lambda text: value in text
        case "|~" | "!~":
            return found_in(value).search
        case "|>" | "!>":
            return line_pattern(value).holds


def _number_test(line: Line, test: ast.NumberTest) -> bool:
    text = line.find(test.label)
    if text is None:
        return False
    try:
        found = _READ[test.unit](text)
    except ValueError as error:
        if not line.find(ERROR):
            line.fail("LabelFilterErr", str(error))
        return True
    return _COMPARE[test.op](found, test.value)


def _ip_test(line: Line, test: ast.IpTest) -> bool:
    if line.find(ERROR):
        return True
    text = line.find(test.label)
    return text is not None and addresses.found_in(test.ip.text, text) == (test.op == "=")


def _decolorize(line: Line) -> bool:
    line.text = _CONTROL.sub("", line.text)
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
    for name in list(line.labels()):
        if name not in kept and name not in (ERROR, ERROR_DETAILS):
            line.remove(name)
    return True
