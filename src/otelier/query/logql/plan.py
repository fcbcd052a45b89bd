"""What of a query for lines the core decides, and what is left to do to the lines that it finds."""

from collections.abc import Sequence
from dataclasses import dataclass

from .. import filter as f
from .. import log_filter
from ..templates.ast import Template
from . import ast
from .captures import line_pattern
from .line import ERROR, ERROR_DETAILS
from .patterns import anchored
from .stages import Step, compiled

_PARSERS = (ast.Json, ast.Logfmt, ast.Pattern)
_LINE_FILTERS = (ast.LineFilter, ast.WordFilter)
_CHANGE_LINES = (ast.LineFormat, ast.Decolorize, ast.Unpack)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the lines of a query are found."""

    filter: f.Filter
    """What the core decides, exactly."""
    steps: tuple[Step, ...]
    """What is done to each line after that; nothing: the core's records are the answer."""


def plan(query: ast.LogQuery) -> Plan:
    """A stage goes to the core while no stage before it has changed what it asks about."""
    filters = [_matcher(matcher) for matcher in query.matchers]
    steps: list[Step] = []
    same_line = same_labels = True
    for stage in query.stages:
        if same_labels and _drops_nothing(stage):
            continue
        pushed = _pushed(stage, same_line=same_line, same_labels=same_labels)
        if pushed is not None:
            filters.append(pushed)
            continue
        if same_line and isinstance(stage, ast.LineFilter):
            filters += _needed(stage)
        steps.append(compiled(stage))
        same_line = same_line and not isinstance(stage, _CHANGE_LINES)
        same_labels = same_labels and isinstance(stage, ast.LineFilter | ast.WordFilter | ast.LabelFilter)
    return Plan(f.every(filters), tuple(steps))


def counted(query: ast.LogQuery, *, lines: bool, labels: bool) -> ast.LogQuery:
    """The same for who only counts, without what changes nothing then, errors included.

    `lines`: their lengths matter; `labels`: labels of lines do.
    """
    stages = list(query.stages)
    while not lines and (last := _last_format(stages)) is not None:
        del stages[last]
    if not labels and all(isinstance(stage, (*_PARSERS, *_LINE_FILTERS, ast.Drop, ast.Keep)) for stage in stages):
        stages = [stage for stage in stages if isinstance(stage, _LINE_FILTERS)]
    return ast.LogQuery(query.matchers, tuple(stages))


def _last_format(stages: Sequence[ast.Stage]) -> int | None:
    """Where a `line_format` stands whose line nobody looks at."""
    for number in range(len(stages) - 1, -1, -1):
        match stages[number]:
            case ast.LineFormat():
                return number
            case ast.LabelFilter() | ast.Drop() | ast.Keep():
                pass
            case ast.LabelFormat(changes) if not any("__line__" in _text(change) for _, change in changes):
                pass
            case _:
                return None
    return None


def _text(change: str | Template) -> str:
    return change if isinstance(change, str) else change.text


def _pushed(stage: ast.Stage, *, same_line: bool, same_labels: bool) -> f.Filter | None:
    match stage:
        case ast.LineFilter() if same_line:
            return _line_filter(stage)
        case ast.WordFilter(text) if same_line:
            return log_filter.line("words", text)
        case ast.LabelFilter(test) if same_labels:
            return _label_test(test)
        case _:
            return None


def _line_filter(stage: ast.LineFilter) -> f.Filter | None:
    """None if the core can't decide it: addresses and patterns with places."""
    if stage.op in ("|>", "!>") or any(isinstance(value, ast.Ip) for value in stage.values):
        return None
    op = "contains" if stage.op in ("|=", "!=") else "=~"
    found = f.some(*(log_filter.line(op, value) for value in stage.values if isinstance(value, str)))
    return found if stage.op in ("|=", "|~") else f.negated(found)


def _needed(stage: ast.LineFilter) -> list[f.Filter]:
    """What a line must contain to pass a filter that runs here."""
    if stage.op != "|>" or len(stage.values) > 1:
        return []
    texts = [text for value in stage.values if isinstance(value, str) for text in line_pattern(value).texts]
    return [log_filter.line("contains", text) for text in texts if text]


def _label_test(test: ast.LabelTest) -> f.Filter | None:
    """None if the core can't decide it: numbers that can't be read must be told."""
    match test:
        case ast.Matcher():
            return _matcher(test)
        case ast.NumberTest() | ast.IpTest():
            return None
        case ast.Both(parts):
            return _all(parts, either=False)
        case ast.Either(parts):
            return _all(parts, either=True)


def _all(parts: Sequence[ast.LabelTest], *, either: bool) -> f.Filter | None:
    filters: list[f.Filter] = []
    for part in parts:
        pushed = _label_test(part)
        if pushed is None:
            return None
        filters.append(pushed)
    return f.some(*filters) if either else f.every(filters)


def _matcher(matcher: ast.Matcher) -> f.Filter:
    pattern = matcher.op in ("=~", "!~")
    return log_filter.label(matcher.label, matcher.op, anchored(matcher.value) if pattern else matcher.value)


def _drops_nothing(stage: ast.Stage) -> bool:
    """Grafana drops errors of parsers also where there is no parser."""
    return isinstance(stage, ast.Drop) and all(label in (ERROR, ERROR_DETAILS) for label in stage.labels)
