"""What of a query for lines the core decides, and what is left to do to the lines that it finds."""

from collections.abc import Sequence
from dataclasses import dataclass

from .. import filter as f
from .. import log_filter
from . import ast
from .line import ERROR, ERROR_DETAILS
from .patterns import anchored
from .stages import Step, compiled


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
        steps.append(compiled(stage))
        same_line = same_line and not isinstance(stage, ast.LineFormat)
        same_labels = same_labels and isinstance(stage, ast.LineFilter | ast.WordFilter | ast.LabelFilter)
    return Plan(f.every(filters), tuple(steps))


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


def _line_filter(stage: ast.LineFilter) -> f.Filter:
    op = "contains" if stage.op in ("|=", "!=") else "=~"
    found = f.some(*(log_filter.line(op, value) for value in stage.values))
    return found if stage.op in ("|=", "|~") else f.negated(found)


def _label_test(test: ast.LabelTest) -> f.Filter | None:
    """None if the core can't decide it: numbers that can't be read must be told."""
    match test:
        case ast.Matcher():
            return _matcher(test)
        case ast.NumberTest():
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
